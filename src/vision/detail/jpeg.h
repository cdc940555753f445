// JPEG to pixels through libjpeg-turbo. Pure; safe from any thread.
#pragma once

#include <string_view>

#include "base/result.h"
#include "vision/image_codec.h"

namespace scones::vision::detail {

bool IsJpeg(std::string_view bytes);

// All check limits.max_pixels before any memory is taken for pixels.
Result<ImageHeader> ReadJpegHeader(std::string_view bytes, const DecodeLimits& limits);
Result<Image> DecodeJpeg(std::string_view bytes, const DecodeLimits& limits);
// A picture of the tensor's size goes there without becoming an Image.
Result<void> DecodeJpegToTensor(std::string_view bytes, const DecodeLimits& limits,
                                const TensorSpec& spec, std::span<float> out);

}  // namespace scones::vision::detail
