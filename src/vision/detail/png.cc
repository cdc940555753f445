#include "vision/detail/png.h"

#include <fmt/format.h>
#include <libdeflate.h>
#include <spng.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "vision/detail/png_chunks.h"
#include "vision/detail/scratch.h"

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

// libdeflate's tables, kept by each thread.
libdeflate_decompressor* Decompressor() {
  thread_local const std::unique_ptr<libdeflate_decompressor, void (*)(libdeflate_decompressor*)>
      decompressor(libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  SCONES_CHECK(decompressor != nullptr);
  return decompressor.get();
}

// Inflates all parts into `raw`, which has exactly the size that the header asks for.
Result<void> Inflate(const PngChunks& chunks, std::vector<std::uint8_t>& raw) {
  std::string_view compressed = chunks.pixels.front();
  std::string joined;
  if (chunks.pixels.size() > 1) {
    for (const std::string_view part : chunks.pixels) joined += part;
    compressed = joined;
  }
  switch (libdeflate_zlib_decompress(Decompressor(), compressed.data(), compressed.size(),
                                     raw.data(), raw.size(), nullptr)) {
    case LIBDEFLATE_SUCCESS:
      return {};
    case LIBDEFLATE_SHORT_OUTPUT:
      return WrongSize(chunks, "fewer");
    case LIBDEFLATE_INSUFFICIENT_SPACE:
      return WrongSize(chunks, "more");
    case LIBDEFLATE_BAD_DATA:
      break;
  }
  return Bad("its compressed pixels are damaged or cut short");
}

bool IsPlain(const PngChunks& chunks) { return chunks.depth == 8 && !chunks.interlaced; }

std::uint8_t Paeth(int left, int above, int corner) {
  const int to_left = std::abs(above - corner);
  const int to_above = std::abs(left - corner);
  const int to_corner = std::abs(left + above - 2 * corner);
  if (to_left <= to_above && to_left <= to_corner) return static_cast<std::uint8_t>(left);
  return static_cast<std::uint8_t>(to_above <= to_corner ? above : corner);
}

// A pixel's samples side by side: the filter's choices become masks, without branches that data
// decides.
using Samples = std::int16_t __attribute__((vector_size(16)));

template <std::size_t kPixel>
Samples LoadSamples(const std::uint8_t* from) {
  Samples samples{};
  for (std::size_t i = 0; i < kPixel; ++i) samples[i] = from[i];
  return samples;
}

Samples Distance(Samples difference) { return difference < 0 ? -difference : difference; }

template <std::size_t kPixel>
void UnfilterPaeth(const std::uint8_t* in, const std::uint8_t* above, std::size_t size,
                   std::uint8_t* out) {
  Samples left{};
  Samples corner{};
  for (std::size_t i = 0; i < size; i += kPixel) {
    const Samples up = LoadSamples<kPixel>(above + i);
    const Samples to_left = Distance(up - corner);
    const Samples to_above = Distance(left - corner);
    const Samples to_corner = Distance(left + up - 2 * corner);
    const Samples not_left = (to_left > to_above) | (to_left > to_corner);
    const Samples predicted = not_left ? (to_above <= to_corner ? up : corner) : left;
    left = (LoadSamples<kPixel>(in + i) + predicted) & 0xff;
    for (std::size_t k = 0; k < kPixel; ++k) out[i + k] = static_cast<std::uint8_t>(left[k]);
    corner = up;
  }
}

void UnfilterPaeth(const std::uint8_t* in, const std::uint8_t* above, std::size_t size,
                   std::size_t pixel, std::uint8_t* out) {
  if (pixel == 3) return UnfilterPaeth<3>(in, above, size, out);
  if (pixel == 4) return UnfilterPaeth<4>(in, above, size, out);
  for (std::size_t i = 0; i < pixel; ++i) out[i] = in[i] + above[i];
  for (std::size_t i = pixel; i < size; ++i) {
    out[i] = in[i] + Paeth(out[i - pixel], above[i], above[i - pixel]);
  }
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
      UnfilterPaeth(in, above, size, pixel, out);
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

// Undoes the filters of all rows in place. Each row is still preceded by its filter's byte.
Result<void> UnfilterRows(const PngChunks& chunks, std::vector<std::uint8_t>& raw) {
  const std::size_t samples = static_cast<std::size_t>(chunks.SamplesPerPixel());
  const std::size_t row_bytes = samples * static_cast<std::size_t>(chunks.width);
  const std::vector<std::uint8_t> zeros(row_bytes);
  const std::uint8_t* above = zeros.data();
  for (int y = 0; y < chunks.height; ++y) {
    std::uint8_t* row = raw.data() + y * (row_bytes + 1);
    if (!Unfilter(row[0], row + 1, above, row_bytes, samples, row + 1)) {
      return Bad(fmt::format("row {} names a filter that does not exist", y));
    }
    above = row + 1;
  }
  return {};
}

Result<Image> MakeImage(const PngChunks& chunks, const std::vector<std::uint8_t>& raw) {
  Image image(chunks.width, chunks.height);
  const std::size_t stride = raw.size() / static_cast<std::size_t>(chunks.height);
  for (int y = 0; y < chunks.height; ++y) {
    if (!ToRgb(chunks, raw.data() + y * stride + 1, image.At(0, y))) {
      return Bad(fmt::format("row {} uses a colour that its palette lacks", y));
    }
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

Result<Image> DecodeChunks(const PngChunks& chunks, std::vector<std::uint8_t>& raw) {
  TRY_VOID(Inflate(chunks, raw));
  if (!IsPlain(chunks)) return DecodeWithSpng(chunks);
  TRY_VOID(UnfilterRows(chunks, raw));
  return MakeImage(chunks, raw);
}

}  // namespace

bool IsPng(std::string_view bytes) { return bytes.starts_with(kSignature); }

Result<ImageHeader> ReadPngHeader(std::string_view bytes, const DecodeLimits& limits) {
  TRY(const PngChunks chunks, ReadPngChunks(bytes, limits));
  return ImageHeader{ImageFormat::kPng, chunks.width, chunks.height};
}

Result<Image> DecodePng(std::string_view bytes, const DecodeLimits& limits) {
  TRY(const PngChunks chunks, ReadPngChunks(bytes, limits));
  Scratch raw(chunks.InflatedSize());
  return DecodeChunks(chunks, raw.bytes());
}

Result<void> DecodePngToTensor(std::string_view bytes, const DecodeLimits& limits,
                               const TensorSpec& spec, std::span<float> out) {
  TRY(const PngChunks chunks, ReadPngChunks(bytes, limits));
  Scratch raw(chunks.InflatedSize());
  const bool rgb = IsPlain(chunks) && chunks.color == 2;
  if (!rgb || chunks.width != spec.width || chunks.height != spec.height) {
    TRY(const Image image, DecodeChunks(chunks, raw.bytes()));
    WriteTensor(image, spec, out);
    return {};
  }
  TRY_VOID(Inflate(chunks, raw.bytes()));
  TRY_VOID(UnfilterRows(chunks, raw.bytes()));
  WriteTensor(raw.bytes().data() + 1, raw.bytes().size() / spec.height, spec, out);
  return {};
}

}  // namespace scones::vision::detail
