// Any bytes as a picture. What is read can be resized, measured and written, and reads back the
// same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "vision/image_codec.h"
#include "vision/image_statistics.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace scones::vision;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const DecodeLimits limits{.max_bytes = 1 << 20, .max_pixels = 1 << 16};
  const auto header = ReadImageHeader(bytes, limits);
  const auto image = DecodeImage(bytes, limits);
  if (!image) return 0;
  if (!header || header->width != image->width || header->height != image->height) std::abort();
  (void)ComputeStatistics(*image);
  (void)Resize(*image, 7, 5);
  const auto again = DecodeImage(EncodePng(*image), limits);
  if (!again || *again != *image) std::abort();
  return 0;
}
