// PNG, both ways. Pictures of 8 bits that are not interlaced, which is nearly all of them, are
// decoded here, inflated by libdeflate; libspng takes the rest, once their size is known to be
// true. Pure; safe from any thread.
#pragma once

#include <string_view>

#include "base/result.h"
#include "vision/image_codec.h"

namespace scones::vision::detail {

bool IsPng(std::string_view bytes);

// Both check limits.max_pixels and whether the compressed data can hold the size that is claimed.
Result<ImageHeader> ReadPngHeader(std::string_view bytes, const DecodeLimits& limits);
Result<Image> DecodePng(std::string_view bytes, const DecodeLimits& limits);
// An RGB picture of the tensor's size goes there without becoming an Image.
Result<void> DecodePngToTensor(std::string_view bytes, const DecodeLimits& limits,
                               const TensorSpec& spec, std::span<float> out);

}  // namespace scones::vision::detail
