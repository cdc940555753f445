// PNG and JPEG: bytes from outside to pixels, within limits, and pixels to PNG.
// Pure and blocking (about 15 us for a 32x32 PNG; a large JPEG takes milliseconds: use a pool).
// Safe from any thread. Alpha is dropped; 16-bit samples are cut to 8; EXIF rotation is not
// applied.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "vision/image.h"

namespace scones::vision {

enum class ImageFormat { kPng, kJpeg };

// What one picture may cost. A picture past a limit is refused from its header alone.
struct DecodeLimits {
  std::uint64_t max_bytes = 16u << 20;   // encoded
  std::uint64_t max_pixels = 16u << 20;  // width * height; decoding takes up to 9 bytes a pixel
};

struct ImageHeader {
  ImageFormat format = ImageFormat::kPng;
  int width = 0;
  int height = 0;
};

// The content type that `bytes` are by their first bytes: "image/png", "image/jpeg", or "" for
// anything else.
std::string_view SniffContentType(std::string_view bytes);

// How many pixels the picture says it has, with little checked: enough to choose where to decode
// it. UINT64_MAX for anything else.
std::uint64_t ClaimedPixels(std::string_view bytes);

// Reads and checks the header only. Errors: kInvalid: neither PNG nor JPEG, cut, past a limit, or a
// PNG whose compressed data could never fill the size that its header claims.
Result<ImageHeader> ReadImageHeader(std::string_view bytes, const DecodeLimits& limits = {});

// Errors: kInvalid with what is wrong: as above, and damaged or truncated data, a wrong checksum,
// more or less data than the header says, a JPEG in CMYK.
Result<Image> DecodeImage(std::string_view bytes, const DecodeLimits& limits = {});

// DecodeImage and WriteTensor in one, without the caller seeing pixels: the request path of
// inference. `out` is overwritten only on success. Requires out.size() == spec.size().
Result<void> DecodeToTensor(std::string_view bytes, const TensorSpec& spec, std::span<float> out,
                            const DecodeLimits& limits = {});

// RGB, 8 bits, not interlaced. The same image gives the same bytes.
std::string EncodePng(const Image& image);

}  // namespace scones::vision
