#include "vision/detail/png.h"

#include <fmt/format.h>
#include <spng.h>
#include <zlib.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "vision/detail/png_chunks.h"

namespace scones::vision::detail {
namespace {

constexpr std::string_view kSignature = "\x89PNG\r\n\x1a\n";

Error Bad(std::string message) {
  return Error(Code::kInvalid, "the PNG can't be read: " + std::move(message));
}

Error WrongSize(const PngChunks& chunks, std::string_view relation) {
  return Bad(fmt::format("its header says {}x{} pixels, but it holds {} pixels than that",
                         chunks.width, chunks.height, relation));
}

// Inflates all parts into `raw`, which has exactly the size that the header asks for.
Result<void> Inflate(const PngChunks& chunks, std::vector<std::uint8_t>& raw) {
  z_stream stream{};
  SCONES_CHECK(inflateInit(&stream) == Z_OK);
  const std::unique_ptr<z_stream, int (*)(z_stream*)> owner(&stream, inflateEnd);
  std::uint8_t surplus = 0;
  stream.next_out = raw.data();
  stream.avail_out = static_cast<uInt>(raw.size());
  bool full = false;
  int status = Z_OK;
  for (std::size_t part = 0; part < chunks.pixels.size() && status == Z_OK;) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(chunks.pixels[part].data()));
    stream.avail_in = static_cast<uInt>(chunks.pixels[part].size());
    while (status == Z_OK && stream.avail_in > 0) {
      status = inflate(&stream, Z_NO_FLUSH);
      if (stream.avail_out == 0 && full) return WrongSize(chunks, "more");
      if (stream.avail_out == 0) {
        full = true;
        stream.next_out = &surplus;
        stream.avail_out = 1;
      }
    }
    // A part that ended with output pending may report no progress; the next one goes on.
    if (status == Z_BUF_ERROR) status = Z_OK;
    ++part;
  }
  if (status != Z_STREAM_END && status != Z_OK) return Bad("its compressed pixels are damaged");
  if (!full) return WrongSize(chunks, "fewer");
  if (status != Z_STREAM_END) return Bad("its compressed pixels are cut short");
  return {};
}

std::uint8_t Paeth(int left, int above, int corner) {
  const int to_left = std::abs(above - corner);
  const int to_above = std::abs(left - corner);
  const int to_corner = std::abs(left + above - 2 * corner);
  if (to_left <= to_above && to_left <= to_corner) return static_cast<std::uint8_t>(left);
  return static_cast<std::uint8_t>(to_above <= to_corner ? above : corner);
}

// Undoes one row's filter: `in` may be `out`. `above` is the row before, unfiltered (zeros at
// first). False for a filter that does not exist. Source: PNG specification, section 9.
bool Unfilter(int filter, const std::uint8_t* in, const std::uint8_t* above, std::size_t size,
              std::size_t pixel, std::uint8_t* out) {
  switch (filter) {
    case 0:
      if (in != out) std::memcpy(out, in, size);
      return true;
    case 1:
      for (std::size_t i = 0; i < size; ++i) out[i] = in[i] + (i < pixel ? 0 : out[i - pixel]);
      return true;
    case 2:
      for (std::size_t i = 0; i < size; ++i) out[i] = in[i] + above[i];
      return true;
    case 3:
      for (std::size_t i = 0; i < size; ++i) {
        out[i] = in[i] + (((i < pixel ? 0 : out[i - pixel]) + above[i]) >> 1);
      }
      return true;
    case 4:
      for (std::size_t i = 0; i < pixel; ++i) out[i] = in[i] + above[i];
      for (std::size_t i = pixel; i < size; ++i) {
        out[i] = in[i] + Paeth(out[i - pixel], above[i], above[i - pixel]);
      }
      return true;
    default:
      return false;
  }
}

// One unfiltered row of 8-bit samples to RGB. False for an index past the palette.
bool ToRgb(const PngChunks& chunks, const std::uint8_t* row, std::uint8_t* out) {
  const int samples = chunks.SamplesPerPixel();
  const auto* palette = reinterpret_cast<const std::uint8_t*>(chunks.palette.data());
  for (int x = 0; x < chunks.width; ++x, row += samples, out += 3) {
    const std::uint8_t* source = row;
    if (chunks.color == 3) {
      if (std::size_t{3} * row[0] + 3 > chunks.palette.size()) return false;
      source = palette + 3 * row[0];
    }
    const bool grey = chunks.color == 0 || chunks.color == 4;
    out[0] = source[0];
    out[1] = source[grey ? 0 : 1];
    out[2] = source[grey ? 0 : 2];
  }
  return true;
}

Result<Image> DecodeRows(const PngChunks& chunks, std::vector<std::uint8_t>& raw) {
  Image image(chunks.width, chunks.height);
  const std::size_t samples = static_cast<std::size_t>(chunks.SamplesPerPixel());
  const std::size_t row_bytes = samples * static_cast<std::size_t>(chunks.width);
  const std::vector<std::uint8_t> zeros(row_bytes);
  const std::uint8_t* above = zeros.data();
  for (int y = 0; y < chunks.height; ++y) {
    std::uint8_t* in = raw.data() + y * (row_bytes + 1);
    std::uint8_t* out = chunks.color == 2 ? image.At(0, y) : in + 1;
    if (!Unfilter(in[0], in + 1, above, row_bytes, samples, out)) {
      return Bad(fmt::format("row {} names a filter that does not exist", y));
    }
    if (chunks.color != 2 && !ToRgb(chunks, out, image.At(0, y))) {
      return Bad(fmt::format("row {} uses a colour that its palette lacks", y));
    }
    above = out;
  }
  return image;
}

// For interlaced pictures and samples of other than 8 bits. Only critical chunks are handed over,
// so what else the file holds can't cost anything.
Result<Image> DecodeWithSpng(const PngChunks& chunks) {
  std::string file(kSignature);
  for (std::string_view chunk : chunks.critical) file += chunk;
  const std::unique_ptr<spng_ctx, void (*)(spng_ctx*)> context(spng_ctx_new(0), spng_ctx_free);
  Image image(chunks.width, chunks.height);
  int status = context ? spng_set_png_buffer(context.get(), file.data(), file.size()) : SPNG_EMEM;
  if (status == 0) {
    status = spng_decode_image(context.get(), image.pixels.data(), image.pixels.size(),
                               SPNG_FMT_RGB8, 0);
  }
  if (status != 0) return Bad(spng_strerror(status));
  return image;
}

}  // namespace

bool IsPng(std::string_view bytes) { return bytes.starts_with(kSignature); }

Result<ImageHeader> ReadPngHeader(std::string_view bytes, const DecodeLimits& limits) {
  TRY(const PngChunks chunks, ReadPngChunks(bytes, limits));
  return ImageHeader{ImageFormat::kPng, chunks.width, chunks.height};
}

Result<Image> DecodePng(std::string_view bytes, const DecodeLimits& limits) {
  TRY(const PngChunks chunks, ReadPngChunks(bytes, limits));
  std::vector<std::uint8_t> raw(chunks.InflatedSize());
  TRY_VOID(Inflate(chunks, raw));
  if (chunks.depth == 8 && !chunks.interlaced) return DecodeRows(chunks, raw);
  raw = {};
  return DecodeWithSpng(chunks);
}

}  // namespace scones::vision::detail
