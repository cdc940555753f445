#include "base/arn.h"

#include <fmt/format.h>

#include <array>

namespace scones {

std::string Arn::ToString() const {
  return fmt::format("arn:{}:{}:{}:{}:{}", partition, service, region, account, resource);
}

Result<Arn> Arn::Parse(std::string_view text) {
  std::array<std::string_view, 5> heads;
  std::string_view rest = text;
  for (std::string_view& head : heads) {
    const std::size_t colon = rest.find(':');
    if (colon == std::string_view::npos) {
      return Error(Code::kInvalid, fmt::format("'{}' is not an ARN", text));
    }
    head = rest.substr(0, colon);
    rest.remove_prefix(colon + 1);
  }
  if (heads[0] != "arn" || heads[1].empty() || heads[2].empty() || rest.empty()) {
    return Error(Code::kInvalid, fmt::format("'{}' is not an ARN", text));
  }
  return Arn{.partition = std::string(heads[1]),
             .service = std::string(heads[2]),
             .region = std::string(heads[3]),
             .account = std::string(heads[4]),
             .resource = std::string(rest)};
}

std::string S3Uri::ToString() const { return fmt::format("s3://{}/{}", bucket, key); }

Result<S3Uri> S3Uri::Parse(std::string_view text) {
  constexpr std::string_view kScheme = "s3://";
  if (!text.starts_with(kScheme)) {
    return Error(Code::kInvalid, fmt::format("'{}' does not start with s3://", text));
  }
  const std::string_view rest = text.substr(kScheme.size());
  const std::size_t slash = rest.find('/');
  S3Uri uri{.bucket = std::string(rest.substr(0, slash)),
            .key = slash == std::string_view::npos ? "" : std::string(rest.substr(slash + 1))};
  if (uri.bucket.empty()) return Error(Code::kInvalid, fmt::format("'{}' names no bucket", text));
  return uri;
}

Arn Identity::MakeArn(std::string service, std::string resource) const {
  return Arn{.partition = partition,
             .service = std::move(service),
             .region = region,
             .account = account,
             .resource = std::move(resource)};
}

}  // namespace scones
