// What belongs to an object beside its bytes: tags and attributes.
#include <charconv>

#include "api/s3_error.h"
#include "api/s3_headers.h"
#include "api/s3_operations.h"
#include "api/s3_tags.h"

namespace scones::api {
namespace {

constexpr std::uint32_t kMaxParts = 1000;

Result<std::uint32_t> NumberHeader(const S3Request& request, std::string_view name,
                                   std::uint32_t fallback) {
  const std::string_view text = request.Header(name).value_or("");
  if (text.empty()) return fallback;
  std::uint32_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) {
    return InvalidArgument(std::string(name) + " is not a number");
  }
  return value;
}

class WantedAttributes {
 public:
  static Result<WantedAttributes> Parse(std::string_view text) {
    if (text.empty()) return InvalidArgument("The x-amz-object-attributes header is missing.");
    WantedAttributes wanted;
    while (!text.empty()) {
      const std::size_t comma = std::min(text.find(','), text.size());
      std::string_view one = text.substr(0, comma);
      text.remove_prefix(std::min(comma + 1, text.size()));
      while (one.starts_with(' ')) one.remove_prefix(1);
      while (one.ends_with(' ')) one.remove_suffix(1);
      bool known = false;
      for (const std::string_view name :
           {"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"}) {
        known = known || one == name;
      }
      if (!known) return InvalidArgument("Invalid attribute name specified.");
      wanted.names_.emplace_back(one);
    }
    return wanted;
  }
  bool Has(std::string_view name) const {
    return std::find(names_.begin(), names_.end(), name) != names_.end();
  }

 private:
  std::vector<std::string> names_;
};

void WriteParts(XmlWriter& xml, const objects::ObjectInfo& info, const objects::PartPage& page,
                std::uint32_t after, std::uint32_t max) {
  xml.Open("ObjectParts");
  xml.Number("PartsCount", info.parts_count);
  xml.Number("PartNumberMarker", after);
  xml.Number("NextPartNumberMarker", page.parts.empty() ? after : page.parts.back().number);
  xml.Number("MaxParts", max);
  xml.Flag("IsTruncated", page.truncated);
  for (const objects::Part& part : page.parts) {
    xml.Open("Part");
    xml.Number("PartNumber", part.number);
    xml.Number("Size", part.size);
    if (part.checksum) WriteChecksum(xml, *part.checksum);
    xml.Close("Part");
  }
  xml.Close("ObjectParts");
}

void WriteObjectChecksum(XmlWriter& xml, const objects::Checksum& checksum) {
  xml.Open("Checksum");
  WriteChecksum(xml, checksum);
  const bool composite = checksum.type == objects::ChecksumType::kComposite;
  xml.Text("ChecksumType", composite ? "COMPOSITE" : "FULL_OBJECT");
  xml.Close("Checksum");
}

}  // namespace

S3Answer GetObjectTagging(S3Request& request) {
  CO_TRY(const objects::OpenedObject object, co_await request.store().Head(request.object(), {}));
  http::Response response = XmlResponse(FormatTagging(object.info.tags));
  AddVersion(response.headers, object.info.version);
  co_return response;
}

S3Answer PutObjectTagging(S3Request& request) {
  CO_TRY(const XmlElement root, co_await request.ReadXml("Tagging"));
  CO_TRY(objects::Pairs tags, ParseTagging(root, kMaxObjectTags));
  CO_TRY_VOID(co_await request.store().SetTags(request.object(), std::move(tags)));
  co_return http::Response();
}

S3Answer DeleteObjectTagging(S3Request& request) {
  CO_TRY_VOID(co_await request.store().SetTags(request.object(), {}));
  co_return NoContent();
}

S3Answer GetObjectAttributes(S3Request& request) {
  const std::string names(request.Header("x-amz-object-attributes").value_or(""));
  CO_TRY(const WantedAttributes wanted, WantedAttributes::Parse(names));
  CO_TRY(const std::uint32_t after, NumberHeader(request, "x-amz-part-number-marker", 0));
  CO_TRY(std::uint32_t max, NumberHeader(request, "x-amz-max-parts", kMaxParts));
  max = std::min(max, kMaxParts);
  CO_TRY(const objects::OpenedObject object, co_await request.store().Head(request.object(), {}));
  const objects::ObjectInfo& info = object.info;
  objects::PartPage parts;
  if (wanted.Has("ObjectParts") && info.parts_count > 0) {
    CO_TRY(parts, co_await request.store().ListObjectParts(request.object(), after, max));
  }
  XmlWriter xml("GetObjectAttributesResponse");
  if (wanted.Has("ETag")) xml.Text("ETag", info.etag);
  if (wanted.Has("Checksum") && info.checksum) WriteObjectChecksum(xml, *info.checksum);
  if (wanted.Has("ObjectParts") && info.parts_count > 0) WriteParts(xml, info, parts, after, max);
  if (wanted.Has("StorageClass")) xml.Text("StorageClass", "STANDARD");
  if (wanted.Has("ObjectSize")) xml.Number("ObjectSize", info.size);
  http::Response response = XmlResponse(xml.Finish());
  response.headers.Add("Last-Modified", FormatHttpDate(info.modified));
  AddVersion(response.headers, info.version);
  co_return response;
}

}  // namespace scones::api
