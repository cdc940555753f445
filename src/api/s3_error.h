// S3's errors: each reason with the HTTP status that Amazon S3 gives it. Pure.
#pragma once

#include <string_view>

#include "base/error.h"

namespace scones::api {

int S3Status(const Error& error);

Error InvalidArgument(std::string_view message);
Error MalformedXml(std::string_view why);
Error NotImplemented(std::string_view what);

}  // namespace scones::api
