// The outer form of a PNG: its header, and where its palette and compressed pixels lie.
// Source: W3C PNG specification (3rd edition), sections 5, 7, 11.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "vision/image_codec.h"

namespace scones::vision::detail {

struct PngChunks {
  int width = 0;
  int height = 0;
  int depth = 0;
  int color = 0;  // 0 grey, 2 RGB, 3 palette, 4 grey + alpha, 6 RGB + alpha
  bool interlaced = false;
  std::string_view palette;                // three bytes a colour
  std::vector<std::string_view> pixels;    // the parts of one zlib stream
  std::vector<std::string_view> critical;  // whole chunks, with length and checksum, in order

  int SamplesPerPixel() const;
  // Bytes that the zlib stream must hold: each row of each pass and its filter byte.
  std::uint64_t InflatedSize() const;
};

// Walks all chunks, with checksums of the critical ones. Views point into `bytes`.
// Errors: kInvalid: cut, wrong checksum, impossible header, past limits.max_pixels, a palette that
// is missing, or fewer compressed bytes than the size could ever come from.
Result<PngChunks> ReadPngChunks(std::string_view bytes, const DecodeLimits& limits);

}  // namespace scones::vision::detail
