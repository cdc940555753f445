#include "api/s3_request.h"

#include <charconv>

#include "api/s3_error.h"
#include "base/encoding.h"
#include "base/hash.h"

namespace scones::api {
namespace {

constexpr std::size_t kMaxXmlBytes = 1024 * 1024;

Error BadUri() { return Error(Code::kInvalid, "InvalidURI", "Couldn't parse the specified URI."); }

// Length of the UTF-8 sequence at the front, 0 where it is none (RFC 3629) or a C1 control.
std::size_t SequenceLength(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const unsigned char second = byte(1);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool surrogate = first == 0xED && second >= 0xA0;
  const bool beyond = first == 0xF4 && second >= 0x90;
  const bool control = first == 0xC2 && second < 0xA0;
  return overlong || surrogate || beyond || control ? 0 : length;
}

bool IsReadableUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = SequenceLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

// The bucket that a host name carries, or "".
std::string_view BucketOfHost(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) {
    host = host.substr(0, colon);
  }
  std::string_view bucket;
  if (host.ends_with(".localhost")) {
    bucket = host.substr(0, host.size() - std::string_view(".localhost").size());
    if (bucket.ends_with(".s3")) bucket.remove_suffix(3);
  } else if (host.ends_with(".amazonaws.com")) {
    // bucket.s3.amazonaws.com, bucket.s3.region.amazonaws.com, bucket.s3-region.amazonaws.com
    for (const std::string_view mark : {".s3.", ".s3-"}) {
      const std::size_t at = host.rfind(mark);
      if (at != std::string_view::npos) bucket = host.substr(0, at);
    }
  }
  return bucket.size() < 3 ? std::string_view() : bucket;
}

}  // namespace

Result<S3Address> ParseS3Address(std::string_view host, std::string_view raw_path) {
  S3Address address{.bucket = std::string(BucketOfHost(host)), .key = {}};
  std::string_view rest = raw_path.starts_with('/') ? raw_path.substr(1) : raw_path;
  if (address.bucket.empty()) {
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    TRY(address.bucket, UriDecode(rest.substr(0, slash), UriPart::kPath));
    rest.remove_prefix(std::min(slash + 1, rest.size()));
  }
  TRY(address.key, UriDecode(rest, UriPart::kPath));
  if (!IsReadableUtf8(address.bucket) || !IsReadableUtf8(address.key)) return BadUri();
  return address;
}

Result<S3Request> S3Request::Parse(Call call, http::Request request, http::BodyStream& body,
                                   objects::ObjectStore& store) {
  S3Request parsed(std::move(call), std::move(request), body, store);
  const http::Request& http = parsed.request_;
  Result<S3Address> address = ParseS3Address(http.headers.Get("Host"), http.raw_path());
  if (!address) return BadUri();
  parsed.address_ = *std::move(address);
  TRY(parsed.query_, ParseQuery(http.raw_query()));
  return parsed;
}

objects::ObjectName S3Request::object() const {
  return {.bucket = bucket(), .key = key(), .version = QueryText("versionId")};
}

objects::Origin S3Request::origin() const {
  return {.request_id = call_.request_id,
          .principal = call_.principal_name,
          .source_address = request_.remote_address};
}

objects::UploadName S3Request::upload() const {
  return {.bucket = bucket(), .key = key(), .upload_id = QueryText("uploadId")};
}

std::optional<std::string_view> S3Request::Query(std::string_view name) const {
  for (const auto& [key, value] : query_) {
    if (key == name) return std::string_view(value);
  }
  return std::nullopt;
}

Result<std::uint64_t> S3Request::QueryNumber(std::string_view name, std::uint64_t fallback,
                                             std::uint64_t max) const {
  const std::string_view text = Query(name).value_or("");
  if (text.empty()) return std::min(fallback, max);
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = parsed.ptr == text.data() + text.size();
  if (!whole || parsed.ec != std::errc() || value > 0x7FFFFFFF) {
    return InvalidArgument("Provided " + std::string(name) +
                           " not an integer or within integer range");
  }
  return std::min(value, max);
}

io::Task<Result<std::string>> S3Request::ReadText() {
  Result<std::string> text = co_await http::ReadAll(*body_, kMaxXmlBytes);
  if (!text && text.error().reason() == "EntityTooLarge") {
    co_return MalformedXml("it is larger than 1 MiB");
  }
  if (!text) co_return text.error();
  CO_TRY(const std::optional<std::string> md5, ContentMd5());
  if (md5 && *md5 != Digest(HashAlgorithm::kMd5, *text)) {
    co_return Error(Code::kInvalid, "BadDigest",
                    "The Content-MD5 you specified did not match what we received.");
  }
  co_return text;
}

io::Task<Result<XmlElement>> S3Request::ReadXml(std::string root) {
  CO_TRY(const std::string text, co_await ReadText());
  co_return ParseXml(text, root);
}

Result<std::optional<std::string>> S3Request::ContentMd5() const {
  const std::optional<std::string_view> text = Header("Content-MD5");
  if (!text) return std::optional<std::string>();
  Result<std::string> raw = Base64Decode(*text);
  if (!raw || raw->size() != 16) {
    return Error(Code::kInvalid, "InvalidDigest", "The Content-MD5 you specified was invalid.");
  }
  return std::optional<std::string>(*std::move(raw));
}

}  // namespace scones::api
