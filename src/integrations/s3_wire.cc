#include "integrations/s3_wire.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "base/encoding.h"
#include "base/time.h"

namespace scones::integrations {
namespace {

constexpr S3Operation kOperations[] = {
    {"copyObject", "PUT", true, "", "", "", "CopyObjectResult", "CopyObjectResult"},
    {"createBucket", "PUT", false, "", "CreateBucketConfiguration", "CreateBucketConfiguration",
     ""},
    {"deleteBucket", "DELETE", false, "", "", "", ""},
    {"deleteObject", "DELETE", true, "", "", "", ""},
    {"deleteObjectTagging", "DELETE", true, "tagging", "", "", ""},
    {"deleteObjects", "POST", false, "delete", "Delete", "Delete", "DeleteResult"},
    {"getBucketLocation", "GET", false, "location", "", "", "LocationConstraint"},
    {"getBucketVersioning", "GET", false, "versioning", "", "", "VersioningConfiguration"},
    {"getObject", "GET", true, "", "", "", ""},
    {"getObjectTagging", "GET", true, "tagging", "", "", "Tagging"},
    {"headBucket", "HEAD", false, "", "", "", ""},
    {"headObject", "HEAD", true, "", "", "", ""},
    {"listBuckets", "GET", false, "", "", "", "ListAllMyBucketsResult"},
    {"listObjects", "GET", false, "", "", "", "ListBucketResult"},
    {"listObjectsV2", "GET", false, "list-type=2", "", "", "ListBucketResult"},
    {"putBucketVersioning", "PUT", false, "versioning", "VersioningConfiguration",
     "VersioningConfiguration", ""},
    {"putObject", "PUT", true, "", "Body", "", ""},
    {"putObjectTagging", "PUT", true, "tagging", "Tagging", "Tagging", ""},
};

enum class Type { kText, kInteger, kFlag, kDate };
struct Binding {
  std::string_view member;
  std::string_view name;  // of the header or the query's part
  Type type = Type::kText;
};

constexpr Binding kQuery[] = {
    {"ContinuationToken", "continuation-token"},
    {"Delimiter", "delimiter"},
    {"EncodingType", "encoding-type"},
    {"FetchOwner", "fetch-owner"},
    {"Marker", "marker"},
    {"MaxBuckets", "max-buckets"},
    {"MaxKeys", "max-keys"},
    {"PartNumber", "partNumber"},
    {"Prefix", "prefix"},
    {"StartAfter", "start-after"},
    {"VersionId", "versionId"},
    {"ResponseCacheControl", "response-cache-control"},
    {"ResponseContentDisposition", "response-content-disposition"},
    {"ResponseContentEncoding", "response-content-encoding"},
    {"ResponseContentLanguage", "response-content-language"},
    {"ResponseContentType", "response-content-type"},
    {"ResponseExpires", "response-expires"},
};

constexpr Binding kRequestHeaders[] = {
    {"ACL", "x-amz-acl"},
    {"CacheControl", "Cache-Control"},
    {"ChecksumAlgorithm", "x-amz-sdk-checksum-algorithm"},
    {"ChecksumCRC32", "x-amz-checksum-crc32"},
    {"ChecksumCRC32C", "x-amz-checksum-crc32c"},
    {"ChecksumCRC64NVME", "x-amz-checksum-crc64nvme"},
    {"ChecksumMode", "x-amz-checksum-mode"},
    {"ChecksumSHA1", "x-amz-checksum-sha1"},
    {"ChecksumSHA256", "x-amz-checksum-sha256"},
    {"ContentDisposition", "Content-Disposition"},
    {"ContentEncoding", "Content-Encoding"},
    {"ContentLanguage", "Content-Language"},
    {"ContentMD5", "Content-MD5"},
    {"ContentType", "Content-Type"},
    {"CopySource", "x-amz-copy-source"},
    {"CopySourceIfMatch", "x-amz-copy-source-if-match"},
    {"CopySourceIfModifiedSince", "x-amz-copy-source-if-modified-since", Type::kDate},
    {"CopySourceIfNoneMatch", "x-amz-copy-source-if-none-match"},
    {"CopySourceIfUnmodifiedSince", "x-amz-copy-source-if-unmodified-since", Type::kDate},
    {"ExpectedBucketOwner", "x-amz-expected-bucket-owner"},
    {"Expires", "Expires", Type::kDate},
    {"IfMatch", "If-Match"},
    {"IfModifiedSince", "If-Modified-Since", Type::kDate},
    {"IfNoneMatch", "If-None-Match"},
    {"IfUnmodifiedSince", "If-Unmodified-Since", Type::kDate},
    {"MetadataDirective", "x-amz-metadata-directive"},
    {"Range", "Range"},
    {"StorageClass", "x-amz-storage-class"},
    {"Tagging", "x-amz-tagging"},
    {"TaggingDirective", "x-amz-tagging-directive"},
    {"WebsiteRedirectLocation", "x-amz-website-redirect-location"},
};
// Say what is so anyway.
constexpr std::string_view kIgnored[] = {"RequestPayer", "BucketKeyEnabled"};

constexpr Binding kResponseHeaders[] = {
    {"AcceptRanges", "Accept-Ranges"},
    {"CacheControl", "Cache-Control"},
    {"ChecksumCRC32", "x-amz-checksum-crc32"},
    {"ChecksumCRC32C", "x-amz-checksum-crc32c"},
    {"ChecksumCRC64NVME", "x-amz-checksum-crc64nvme"},
    {"ChecksumSHA1", "x-amz-checksum-sha1"},
    {"ChecksumSHA256", "x-amz-checksum-sha256"},
    {"ChecksumType", "x-amz-checksum-type"},
    {"ContentDisposition", "Content-Disposition"},
    {"ContentEncoding", "Content-Encoding"},
    {"ContentLanguage", "Content-Language"},
    {"ContentLength", "Content-Length", Type::kInteger},
    {"ContentRange", "Content-Range"},
    {"ContentType", "Content-Type"},
    {"CopySourceVersionId", "x-amz-copy-source-version-id"},
    {"DeleteMarker", "x-amz-delete-marker", Type::kFlag},
    {"ETag", "ETag"},
    {"ExpiresString", "Expires"},
    {"LastModified", "Last-Modified", Type::kDate},
    {"PartsCount", "x-amz-mp-parts-count", Type::kInteger},
    {"TagCount", "x-amz-tagging-count", Type::kInteger},
    {"VersionId", "x-amz-version-id"},
    {"WebsiteRedirectLocation", "x-amz-website-redirect-location"},
    {"BucketRegion", "x-amz-bucket-region"},
    {"Location", "Location"},
};

constexpr std::string_view kMetaPrefix = "x-amz-meta-";

Error BadParameter(std::string_view name, std::string_view why) {
  return Error(Code::kInvalid, "SdkClientException", fmt::format("{} {}", name, why));
}

// Text of a parameter that goes into a header, the query or an element.
std::string TextOf(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : ToJson(value);
}

Result<std::string> RequiredName(const json::object& parameters, std::string_view name) {
  const json::value* value = FindMember(parameters, name);
  if (value == nullptr || !value->is_string() || value->get_string().empty()) {
    return BadParameter(name, "must be a string that is not empty");
  }
  return std::string(value->get_string());
}

// Documents of requests: an array's element has the singular of its member's name.
void AppendXml(std::string& out, std::string_view name, const json::value& value) {
  const auto append_text = [&out](std::string_view text) {
    for (const char c : text) {
      if (c == '<') {
        out += "&lt;";
      } else if (c == '&') {
        out += "&amp;";
      } else if (c == '\r') {
        out += "&#13;";
      } else {
        out += c;
      }
    }
  };
  if (value.is_null()) return;
  out += fmt::format("<{}>", name);
  if (const json::object* object = value.if_object()) {
    for (const auto& member : *object) {
      const json::array* list = member.value().if_array();
      if (list == nullptr) {
        AppendXml(out, member.key(), member.value());
        continue;
      }
      // Objects of Delete are flat; tags are wrapped.
      const bool wrapped = member.key() == "TagSet";
      if (wrapped) out += "<TagSet>";
      for (const json::value& element : *list) AppendXml(out, wrapped ? "Tag" : "Object", element);
      if (wrapped) out += "</TagSet>";
    }
  } else {
    append_text(TextOf(value));
  }
  out += fmt::format("</{}>", name);
}

Result<std::string> HeaderText(const Binding& binding, const json::value& value) {
  if (binding.type != Type::kDate) return TextOf(value);
  const Result<Timestamp> time = ParseIso8601(TextOf(value));
  if (!time) return BadParameter(binding.member, "must be a time in ISO 8601");
  return FormatHttpDate(*time);
}

Result<std::string> MakeBody(const S3Operation& operation, const json::object& parameters) {
  const json::value* value = FindMember(parameters, operation.payload);
  if (operation.payload.empty() || value == nullptr || value->is_null()) return std::string();
  if (operation.root.empty()) return ToJson(*value);  // a text too, with its quotes, as AWS does
  if (!value->is_object()) return BadParameter(operation.payload, "must be an object");
  std::string xml;
  AppendXml(xml, operation.root, *value);
  return xml;
}

const Binding* Find(const Binding* first, const Binding* last, std::string_view member) {
  const Binding* found =
      std::find_if(first, last, [member](const Binding& row) { return row.member == member; });
  return found == last ? nullptr : found;
}

// One parameter that isn't a name or the body.
Result<void> AddParameter(std::string_view name, const json::value& value, http::Headers& headers,
                          std::string& query) {
  if (const Binding* row = Find(std::begin(kQuery), std::end(kQuery), name)) {
    query += fmt::format("{}{}={}", query.empty() ? "" : "&", row->name,
                         UriEncode(TextOf(value), UriPart::kComponent));
    return {};
  }
  if (const Binding* row = Find(std::begin(kRequestHeaders), std::end(kRequestHeaders), name)) {
    TRY(std::string text, HeaderText(*row, value));
    if (text.find_first_of("\r\n") != std::string::npos) {
      return BadParameter(name, "may not hold line breaks");
    }
    headers.Add(std::string(row->name), std::move(text));
    return {};
  }
  if (name == "Metadata" && value.is_object()) {
    for (const auto& entry : value.get_object()) {
      std::string text = TextOf(entry.value());
      if (text.find_first_of("\r\n") != std::string::npos ||
          std::string_view(entry.key()).find_first_of("\r\n: ") != std::string_view::npos) {
        return BadParameter(name, "may not hold line breaks");
      }
      headers.Add(std::string(kMetaPrefix).append(entry.key()), std::move(text));
    }
    return {};
  }
  // Everything is told to be so; nothing else could be asked for.
  if (name == "ServerSideEncryption" && value == "AES256") return {};
  if (std::find(std::begin(kIgnored), std::end(kIgnored), name) != std::end(kIgnored)) return {};
  return BadParameter(name, "is a parameter that S3 does not have here");
}

json::value Typed(Type type, std::string_view text) {
  if (type == Type::kInteger) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size()) return number;
  } else if (type == Type::kFlag) {
    return text == "true";
  } else if (type == Type::kDate) {
    if (const Result<Timestamp> time = ParseHttpDate(text))
      return json::string(FormatIso8601Seconds(*time));
  }
  return json::string(text);
}

// ---- Documents of responses ---------------------------------------------------------------------

// Elements that come once for each item of the member named beside them.
constexpr std::pair<std::string_view, std::string_view> kFlatLists[] = {
    {"CommonPrefixes", "CommonPrefixes"},       {"Contents", "Contents"}, {"Deleted", "Deleted"},
    {"DeleteMarker", "DeleteMarkers"},          {"Error", "Errors"},      {"Version", "Versions"},
    {"ChecksumAlgorithm", "ChecksumAlgorithm"},
};
constexpr std::string_view kWrappedLists[] = {"Buckets", "TagSet"};
constexpr std::string_view kIntegers[] = {"KeyCount", "MaxKeys", "Size"};
constexpr std::string_view kFlags[] = {"IsTruncated"};

bool Contains(const std::string_view* first, const std::string_view* last, std::string_view name) {
  return std::find(first, last, name) != last;
}

json::object ReadElement(const api::XmlElement& element);

json::value ReadValue(const api::XmlElement& element) {
  if (Contains(std::begin(kWrappedLists), std::end(kWrappedLists), element.name)) {
    json::array items;
    for (const api::XmlElement& child : element.children) items.push_back(ReadElement(child));
    return items;
  }
  if (!element.children.empty()) return ReadElement(element);
  if (Contains(std::begin(kIntegers), std::end(kIntegers), element.name)) {
    return Typed(Type::kInteger, element.text);
  }
  if (Contains(std::begin(kFlags), std::end(kFlags), element.name)) {
    return Typed(Type::kFlag, element.text);
  }
  if (element.name == "LastModified" || element.name == "CreationDate") {
    if (const Result<Timestamp> time = ParseIso8601(element.text)) {
      return json::string(FormatIso8601Seconds(*time));
    }
  }
  return json::string(element.text);
}

json::object ReadElement(const api::XmlElement& element) {
  json::object members;
  for (const api::XmlElement& child : element.children) {
    const auto* flat = std::find_if(std::begin(kFlatLists), std::end(kFlatLists),
                                    [&child](const auto& row) { return row.first == child.name; });
    const bool marks_one = child.name == "DeleteMarker" && child.children.empty();
    if (flat == std::end(kFlatLists) || marks_one) {
      members[child.name] = marks_one ? Typed(Type::kFlag, child.text) : ReadValue(child);
      continue;
    }
    json::value& list = members[flat->second];
    if (!list.is_array()) list = json::array();
    list.get_array().push_back(ReadValue(child));
  }
  return members;
}

}  // namespace

const S3Operation* FindS3Operation(std::string_view action) {
  const auto* found =
      std::find_if(std::begin(kOperations), std::end(kOperations),
                   [action](const S3Operation& row) { return row.action == action; });
  return found == std::end(kOperations) ? nullptr : found;
}

Result<S3Wire> MakeS3Request(const S3Operation& operation, const json::object& parameters) {
  S3Wire wire;
  wire.request.method = operation.method;
  std::string path = "/";
  if (operation.action != "listBuckets") {
    TRY(const std::string bucket, RequiredName(parameters, "Bucket"));
    path += UriEncode(bucket, UriPart::kComponent);
  }
  if (operation.of_object) {
    TRY(const std::string key, RequiredName(parameters, "Key"));
    path += "/" + UriEncode(key, UriPart::kPath);
  }
  std::string query(operation.query);
  http::Headers& headers = wire.request.headers;
  headers.Add("Host", "localhost");
  for (const auto& member : parameters) {
    const std::string_view name = member.key();
    if (member.value().is_null() || name == "Bucket" || name == "Key" ||
        (!operation.payload.empty() && name == operation.payload)) {
      continue;
    }
    TRY_VOID(AddParameter(name, member.value(), headers, query));
  }
  TRY(wire.body, MakeBody(operation, parameters));
  headers.Add("Content-Length", std::to_string(wire.body.size()));
  wire.request.target = query.empty() ? path : path + "?" + query;
  return wire;
}

Result<json::object> ReadS3Response(const S3Operation& operation, const http::Headers& headers,
                                    const std::string& body) {
  json::object members;
  if (operation.result.empty() || !operation.result_member.empty()) {
    for (const Binding& row : kResponseHeaders) {
      const auto text = headers.Find(row.name);
      if (text) members[row.member] = Typed(row.type, *text);
    }
    if (!operation.result.empty()) members.erase("ContentType");
  }
  if (operation.result.empty()) return members;
  TRY(const api::XmlElement root, api::ParseXml(body, operation.result));
  if (!operation.result_member.empty()) {
    members[operation.result_member] = ReadElement(root);
    return members;
  }
  if (root.children.empty() && !root.text.empty()) return json::object{{root.name, root.text}};
  return ReadElement(root);
}

}  // namespace scones::integrations
