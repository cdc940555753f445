#include "api/s3_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "api/error_response.h"

namespace scones::api {
namespace {

// Those whose status doesn't follow from the code.
constexpr std::array<std::pair<std::string_view, int>, 12> kStatus = {{
    {"EntityTooLarge", 400},
    {"InsufficientStorage", 507},
    {"InternalError", 500},
    {"InvalidRange", 416},
    {"MethodNotAllowed", 405},
    {"MissingContentLength", 411},
    {"NotImplemented", 501},
    {"NotModified", 304},
    {"OperationAborted", 409},
    {"ServiceUnavailable", 503},
    {"SlowDown", 503},
    {"TooManyBuckets", 400},
}};

}  // namespace

int S3Status(const Error& error) {
  const auto* found = std::find_if(kStatus.begin(), kStatus.end(), [&](const auto& entry) {
    return entry.first == error.reason();
  });
  return found == kStatus.end() ? RestStatus(error) : found->second;
}

Error InvalidArgument(std::string_view message) {
  return Error(Code::kInvalid, "InvalidArgument", std::string(message));
}

Error MalformedXml(std::string_view why) {
  return Error(
      Code::kInvalid, "MalformedXML",
      fmt::format("The XML you provided was not well-formed or did not validate against our "
                  "published schema: {}",
                  why));
}

Error NotImplemented(std::string_view what) {
  return Error(Code::kInvalid, "NotImplemented",
               fmt::format("A header or query you provided implies functionality that is not "
                           "implemented: {}",
                           what));
}

}  // namespace scones::api
