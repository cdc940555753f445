#include "api/s3_headers.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "api/s3_error.h"
#include "api/s3_tags.h"
#include "base/encoding.h"

namespace scones::api {
namespace {

constexpr std::size_t kMaxUserMetadata = 2048;  // bytes of names and values
constexpr std::string_view kMetaPrefix = "x-amz-meta-";

constexpr std::array<std::string_view, 7> kKeptHeaders = {"cache-control",
                                                          "content-disposition",
                                                          "content-encoding",
                                                          "content-language",
                                                          "content-type",
                                                          "expires",
                                                          "x-amz-website-redirect-location"};

// Refused rather than ignored: the client would believe that they took effect.
constexpr std::array<std::string_view, 6> kRefusedHeaders = {
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-server-side-encryption-customer-key",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-object-lock-legal-hold"};

constexpr std::array<HashAlgorithm, 5> kChecksums = {HashAlgorithm::kCrc32, HashAlgorithm::kCrc32c,
                                                     HashAlgorithm::kCrc64Nvme,
                                                     HashAlgorithm::kSha1, HashAlgorithm::kSha256};

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return lower;
}

std::string Upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return upper;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Without "aws-chunked", which is how the request came and no property of the object.
std::string StripAwsChunked(std::string_view encodings) {
  std::string kept;
  while (!encodings.empty()) {
    const std::size_t comma = std::min(encodings.find(','), encodings.size());
    const std::string_view one = Trim(encodings.substr(0, comma));
    encodings.remove_prefix(std::min(comma + 1, encodings.size()));
    if (one.empty() || http::EqualsIgnoringCase(one, "aws-chunked")) continue;
    kept += (kept.empty() ? "" : ", ") + std::string(one);
  }
  return kept;
}

Error BadChecksum(std::string_view name) {
  return Error(Code::kInvalid, "InvalidRequest",
               fmt::format("Value for {} header is invalid.", name));
}

Result<std::optional<HashAlgorithm>> AlgorithmNamed(std::optional<std::string_view> name) {
  if (!name || name->empty()) return std::optional<HashAlgorithm>();
  const std::optional<HashAlgorithm> algorithm = objects::ParseChecksumName(Upper(*name));
  if (!algorithm) {
    return Error(Code::kInvalid, "InvalidRequest",
                 "Checksum algorithm provided is unsupported. Please try again with any of the "
                 "valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]");
  }
  return algorithm;
}

Result<std::optional<Timestamp>> DateHeader(const S3Request& request, const std::string& name) {
  const std::optional<std::string_view> text = request.Header(name);
  if (!text) return std::optional<Timestamp>();
  Result<Timestamp> time = ParseHttpDate(*text);
  if (!time) time = ParseIso8601(*text);
  if (!time) return std::optional<Timestamp>();  // HTTP ignores a date that it can't read
  return std::optional<Timestamp>(*time);
}

std::optional<std::string> TextHeader(const S3Request& request, const std::string& name) {
  const std::optional<std::string_view> text = request.Header(name);
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

}  // namespace

Result<objects::Pairs> ObjectHeaders(const S3Request& request) {
  for (const std::string_view name : kRefusedHeaders) {
    if (request.Header(name)) return NotImplemented(name);
  }
  objects::Pairs kept;
  std::size_t user_bytes = 0;
  for (const auto& [name, value] : request.http().headers) {
    const std::string lower = Lower(name);
    const bool user = lower.starts_with(kMetaPrefix);
    if (user) user_bytes += lower.size() - kMetaPrefix.size() + value.size();
    if (!user && std::find(kKeptHeaders.begin(), kKeptHeaders.end(), lower) == kKeptHeaders.end()) {
      continue;
    }
    std::string text = lower == "content-encoding" ? StripAwsChunked(value) : value;
    if (!user && text.empty()) continue;
    kept.emplace_back(lower, std::move(text));
  }
  const std::string_view storage_class = request.Header("x-amz-storage-class").value_or("STANDARD");
  if (storage_class != "STANDARD") kept.emplace_back("x-amz-storage-class", storage_class);
  if (user_bytes > kMaxUserMetadata) {
    return Error(Code::kInvalid, "MetadataTooLarge",
                 "Your metadata headers exceed the maximum allowed metadata size");
  }
  return kept;
}

Result<objects::Pairs> TaggingHeader(const S3Request& request) {
  const std::optional<std::string_view> text = request.Header("x-amz-tagging");
  if (!text) return objects::Pairs();
  Result<objects::Pairs> tags = ParseQuery(*text);
  if (!tags)
    return InvalidArgument(
        "The header 'x-amz-tagging' shall be encoded as UTF-8 then URL "
        "encoded URL query parameters without tag name duplicates.");
  return CheckTags(*std::move(tags), kMaxObjectTags);
}

Result<ChecksumRequest> ChecksumHeaders(const S3Request& request) {
  ChecksumRequest found;
  TRY(found.algorithm, AlgorithmNamed(request.Header("x-amz-sdk-checksum-algorithm")));
  std::size_t values = 0;
  const std::string trailer = Lower(request.Header("x-amz-trailer").value_or(""));
  for (const HashAlgorithm algorithm : kChecksums) {
    const std::string name = ChecksumHeaderName(algorithm);
    const std::optional<std::string_view> value = request.Header(name);
    if (!value && Trim(trailer) == name) found.algorithm = algorithm;
    if (!value) continue;
    const Result<std::string> raw = Base64Decode(*value);
    if (!raw || raw->size() != Digest(algorithm, "").size()) return BadChecksum(name);
    found = {.algorithm = algorithm, .value = std::string(*value)};
    ++values;
  }
  if (values > 1) {
    return Error(Code::kInvalid, "InvalidRequest",
                 "Expecting a single x-amz-checksum- header. Multiple checksum Types are not "
                 "allowed.");
  }
  return found;
}

Result<std::optional<HashAlgorithm>> ChecksumAlgorithmHeader(const S3Request& request) {
  return AlgorithmNamed(request.Header("x-amz-checksum-algorithm"));
}

Result<objects::ReadConditions> ReadConditionHeaders(const S3Request& request,
                                                     std::string_view prefix) {
  const auto name = [prefix](std::string_view suffix) {
    return std::string(prefix).append(suffix);
  };
  objects::ReadConditions conditions;
  conditions.if_match = TextHeader(request, name("if-match"));
  conditions.if_none_match = TextHeader(request, name("if-none-match"));
  TRY(conditions.if_modified_since, DateHeader(request, name("if-modified-since")));
  TRY(conditions.if_unmodified_since, DateHeader(request, name("if-unmodified-since")));
  return conditions;
}

objects::WriteConditions WriteConditionHeaders(const S3Request& request) {
  objects::WriteConditions conditions;
  if (const auto text = request.Header("If-Match")) conditions.if_match = StripQuotes(*text);
  if (const auto text = request.Header("If-None-Match")) {
    conditions.if_none_match = StripQuotes(*text);
  }
  return conditions;
}

std::optional<objects::ByteRange> RangeHeader(std::string_view text) {
  constexpr std::string_view kUnit = "bytes=";
  if (!text.starts_with(kUnit)) return std::nullopt;
  text.remove_prefix(kUnit.size());
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto number = [](std::string_view digits, std::optional<std::uint64_t>& value) {
    if (digits.empty()) return true;
    std::uint64_t parsed = 0;
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), parsed);
    value = parsed;
    return end.ec == std::errc() && end.ptr == digits.data() + digits.size();
  };
  std::optional<std::uint64_t> first;
  std::optional<std::uint64_t> last;
  if (!number(text.substr(0, dash), first) || !number(text.substr(dash + 1), last)) {
    return std::nullopt;
  }
  if (!first && !last) return std::nullopt;
  if (!first) return objects::ByteRange{.first = {}, .last = {}, .suffix = last};
  if (last && *last < *first) return std::nullopt;
  return objects::ByteRange{.first = first, .last = last, .suffix = {}};
}

std::string StripQuotes(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') {
    etag = etag.substr(1, etag.size() - 2);
  }
  return std::string(etag);
}

std::string Quote(std::string_view etag) { return fmt::format("\"{}\"", etag); }

std::string ChecksumHeaderName(HashAlgorithm algorithm) {
  return "x-amz-checksum-" + Lower(objects::ChecksumName(algorithm));
}

void AddChecksum(http::Headers& headers, const objects::Checksum& checksum) {
  headers.Add(ChecksumHeaderName(checksum.algorithm), checksum.value);
  headers.Add("x-amz-checksum-type",
              checksum.type == objects::ChecksumType::kComposite ? "COMPOSITE" : "FULL_OBJECT");
}

void AddVersion(http::Headers& headers, const std::string& version) {
  if (!version.empty()) headers.Add("x-amz-version-id", version);
}

void AddObjectHeaders(http::Headers& headers, const S3Request& request,
                      const objects::OpenedObject& object) {
  const objects::ObjectInfo& info = object.info;
  headers.Add("ETag", Quote(info.etag));
  headers.Add("Last-Modified", FormatHttpDate(info.modified));
  headers.Add("Accept-Ranges", "bytes");
  AddVersion(headers, info.version);
  bool has_type = false;
  for (const auto& [name, value] : info.headers) {
    has_type = has_type || name == "content-type";
    headers.Add(name, value);
  }
  if (!has_type) headers.Add("content-type", "binary/octet-stream");
  if (!info.tags.empty()) headers.Add("x-amz-tagging-count", std::to_string(info.tags.size()));
  if (request.HasQuery("partNumber") && info.parts_count > 0) {
    headers.Add("x-amz-mp-parts-count", std::to_string(info.parts_count));
  }
  const bool wants_checksum =
      http::EqualsIgnoringCase(request.Header("x-amz-checksum-mode").value_or(""), "ENABLED");
  // The checksum is that of the whole object.
  if (info.checksum && wants_checksum && !object.partial) AddChecksum(headers, *info.checksum);
  for (const std::string_view name : {"cache-control", "content-disposition", "content-encoding",
                                      "content-language", "content-type", "expires"}) {
    if (const auto value = request.Query("response-" + std::string(name))) {
      headers.Set(std::string(name), std::string(*value));
    }
  }
}

}  // namespace scones::api
