// The canonical form of a request, which AWS signatures cover. Pure; safe from any thread.
// Source: AWS General Reference, "Create a signed AWS API request"; Amazon S3, "Authenticating
// Requests: Using the Authorization Header".
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace scones::auth {

// A request as it is on the wire: path and query percent-encoded as sent. Views must outlive it.
struct RequestView {
  std::string_view method;
  std::string_view raw_path;
  std::string_view raw_query;
  std::span<const std::pair<std::string, std::string>> headers;

  // The first field of that name, compared without case; "" when absent.
  std::string_view Header(std::string_view name) const;
  bool HasHeader(std::string_view name) const;
};

// S3 signs the path percent-encoded once and as it is; the other services encode the encoded path
// again, after resolving "." and ".." and doubled slashes.
enum class PathRule { kS3, kNormalise, kKeep };
PathRule PathRuleOf(std::string_view service);

// Errors: kInvalid/InvalidURI for a broken percent-escape.
Result<std::string> CanonicalPath(std::string_view raw_path, PathRule rule);

// Names and values decoded, encoded AWS's way and sorted; the parameter named `leave_out` (a
// presigned request's signature) is missing. Errors: kInvalid/InvalidURI.
Result<std::string> CanonicalQuery(std::string_view raw_query, std::string_view leave_out);

// `signed_headers` are lower-case names in order. A header that comes more than once is joined with
// commas, one that is absent counts as empty.
Result<std::string> CanonicalRequest(const RequestView& request,
                                     std::span<const std::string_view> signed_headers,
                                     PathRule rule, std::string_view leave_out,
                                     std::string_view payload_hash);

std::string ToLower(std::string_view text);

}  // namespace scones::auth
