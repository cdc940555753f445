// JPEG to pixels through libjpeg-turbo. Pure; safe from any thread.
#pragma once

#include <string_view>

#include "base/result.h"
#include "vision/image_codec.h"

namespace scones::vision::detail {

bool IsJpeg(std::string_view bytes);

// Both check limits.max_pixels before any memory is taken for pixels.
Result<ImageHeader> ReadJpegHeader(std::string_view bytes, const DecodeLimits& limits);
Result<Image> DecodeJpeg(std::string_view bytes, const DecodeLimits& limits);

}  // namespace scones::vision::detail
