#include "vision/image_codec.h"

#include <fmt/format.h>
#include <spng.h>

#include <cstdlib>
#include <memory>

#include "base/check.h"
#include "vision/detail/jpeg.h"
#include "vision/detail/png.h"

namespace scones::vision {
namespace {

Result<void> CheckSize(std::string_view bytes, const DecodeLimits& limits) {
  if (bytes.size() > limits.max_bytes) {
    return Error(Code::kInvalid, fmt::format("the picture has {} bytes, more than the limit of {}",
                                             bytes.size(), limits.max_bytes));
  }
  return {};
}

Error UnknownFormat(std::string_view bytes) {
  return Error(Code::kInvalid, bytes.empty() ? "the picture is empty: send a PNG or a JPEG"
                                             : "the bytes are neither a PNG nor a JPEG");
}

}  // namespace

std::string_view SniffContentType(std::string_view bytes) {
  if (detail::IsPng(bytes)) return "image/png";
  if (detail::IsJpeg(bytes)) return "image/jpeg";
  return "";
}

std::uint64_t ClaimedPixels(std::string_view bytes) {
  if (detail::IsJpeg(bytes)) {
    const auto header = detail::ReadJpegHeader(bytes, {});
    return header ? std::uint64_t(header->width) * std::uint64_t(header->height) : UINT64_MAX;
  }
  if (!detail::IsPng(bytes) || bytes.size() < 24) return UINT64_MAX;
  // The width and height of the header chunk, which comes first.
  std::uint64_t sides[2] = {0, 0};
  for (std::size_t i = 0; i < 8; ++i) {
    sides[i / 4] = sides[i / 4] << 8 | static_cast<std::uint8_t>(bytes[16 + i]);
  }
  return sides[0] * sides[1];
}

Result<ImageHeader> ReadImageHeader(std::string_view bytes, const DecodeLimits& limits) {
  TRY_VOID(CheckSize(bytes, limits));
  if (detail::IsPng(bytes)) return detail::ReadPngHeader(bytes, limits);
  if (detail::IsJpeg(bytes)) return detail::ReadJpegHeader(bytes, limits);
  return UnknownFormat(bytes);
}

Result<Image> DecodeImage(std::string_view bytes, const DecodeLimits& limits) {
  TRY_VOID(CheckSize(bytes, limits));
  if (detail::IsPng(bytes)) return detail::DecodePng(bytes, limits);
  if (detail::IsJpeg(bytes)) return detail::DecodeJpeg(bytes, limits);
  return UnknownFormat(bytes);
}

Result<void> DecodeToTensor(std::string_view bytes, const TensorSpec& spec, std::span<float> out,
                            const DecodeLimits& limits) {
  TRY_VOID(CheckSize(bytes, limits));
  if (detail::IsPng(bytes)) return detail::DecodePngToTensor(bytes, limits, spec, out);
  if (detail::IsJpeg(bytes)) return detail::DecodeJpegToTensor(bytes, limits, spec, out);
  return UnknownFormat(bytes);
}

std::string EncodePng(const Image& image) {
  SCONES_CHECK(!image.pixels.empty());
  const std::unique_ptr<spng_ctx, void (*)(spng_ctx*)> context(spng_ctx_new(SPNG_CTX_ENCODER),
                                                               spng_ctx_free);
  SCONES_CHECK(context != nullptr);
  spng_set_option(context.get(), SPNG_ENCODE_TO_BUFFER, 1);
  spng_ihdr header{};
  header.width = static_cast<std::uint32_t>(image.width);
  header.height = static_cast<std::uint32_t>(image.height);
  header.bit_depth = 8;
  header.color_type = SPNG_COLOR_TYPE_TRUECOLOR;
  SCONES_CHECK(spng_set_ihdr(context.get(), &header) == 0);
  SCONES_CHECK(spng_encode_image(context.get(), image.pixels.data(), image.pixels.size(),
                                 SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE) == 0);
  std::size_t size = 0;
  int status = 0;
  const std::unique_ptr<void, void (*)(void*)> buffer(
      spng_get_png_buffer(context.get(), &size, &status), std::free);
  SCONES_CHECK(buffer != nullptr && status == 0);
  return std::string(static_cast<const char*>(buffer.get()), size);
}

}  // namespace scones::vision
