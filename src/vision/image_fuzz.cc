// Feeds arbitrary bytes to the picture decoders: as a file, and as the content of a PNG whose
// checksums and compression are right, so that what lies behind them is reached.
#include <libdeflate.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "vision/image.h"
#include "vision/image_codec.h"
#include "vision/image_statistics.h"

namespace {

void AppendBigEndian(std::uint32_t value, std::string& to) {
  for (int shift = 24; shift >= 0; shift -= 8) to += static_cast<char>(value >> shift);
}

void AppendChunk(std::string_view type, std::string_view body, std::string& png) {
  AppendBigEndian(static_cast<std::uint32_t>(body.size()), png);
  const std::string content = std::string(type) + std::string(body);
  png += content;
  AppendBigEndian(libdeflate_crc32(0, content.data(), content.size()), png);
}

std::string Compress(std::string_view raw) {
  const std::unique_ptr<libdeflate_compressor, void (*)(libdeflate_compressor*)> compressor(
      libdeflate_alloc_compressor(1), libdeflate_free_compressor);
  std::string compressed(libdeflate_zlib_compress_bound(compressor.get(), raw.size()), 0);
  compressed.resize(libdeflate_zlib_compress(compressor.get(), raw.data(), raw.size(),
                                             compressed.data(), compressed.size()));
  return compressed;
}

// Five bytes of header, one of palette entries, then filters and samples.
std::string MakePng(std::string_view bytes) {
  constexpr std::size_t kHeader = 6;
  if (bytes.size() < kHeader) return {};
  std::string header;
  AppendBigEndian(bytes[0] & 0x1f, header);
  AppendBigEndian(bytes[1] & 0x1f, header);
  header += {bytes[2], bytes[3], 0, 0, static_cast<char>(bytes[4] & 1)};
  std::string png = "\x89PNG\r\n\x1a\n";
  AppendChunk("IHDR", header, png);
  AppendChunk("PLTE", std::string(3 * static_cast<std::uint8_t>(bytes[5]), '\x55'), png);
  const std::string pixels = Compress(bytes.substr(kHeader));
  const std::size_t half = pixels.size() / 2;
  AppendChunk("IDAT", std::string_view(pixels).substr(0, half), png);
  AppendChunk("IDAT", std::string_view(pixels).substr(half), png);
  AppendChunk("IEND", "", png);
  return png;
}

// What is read can be resized, measured and written, and reads back the same; straight into a
// tensor it gives what it gives by way of an Image.
void CheckPicture(std::string_view file) {
  using namespace scones::vision;
  const DecodeLimits limits{.max_bytes = 1 << 20, .max_pixels = 1 << 16};
  const auto header = ReadImageHeader(file, limits);
  const auto image = DecodeImage(file, limits);
  if (!image) return;
  SCONES_CHECK(header && header->width == image->width && header->height == image->height);
  (void)ComputeStatistics(*image);
  (void)Resize(*image, 7, 5);
  const auto again = DecodeImage(EncodePng(*image), limits);
  SCONES_CHECK(again && *again == *image);
  const TensorSpec spec{image->width, image->height, {0, 0, 0}, {1, 1, 1}};
  std::vector<float> direct(spec.size());
  SCONES_CHECK(DecodeToTensor(file, spec, direct, limits));
  std::vector<float> copied(spec.size());
  WriteTensor(*image, spec, copied);
  SCONES_CHECK(direct == copied);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  CheckPicture(bytes);
  CheckPicture(MakePng(bytes));
  return 0;
}
