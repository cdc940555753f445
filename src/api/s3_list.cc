// ListObjects (both versions) and ListObjectVersions.
#include "api/s3_error.h"
#include "api/s3_headers.h"
#include "api/s3_operations.h"
#include "base/encoding.h"

namespace scones::api {
namespace {

constexpr std::uint64_t kMaxKeys = 1000;
constexpr std::size_t kEntryBytes = 256;  // about what one takes in XML

Result<objects::ListOptions> ParseListOptions(const S3Request& request) {
  const std::string encoding = request.QueryText("encoding-type");
  if (!encoding.empty() && encoding != "url") {
    return InvalidArgument("Invalid Encoding Method specified in Request");
  }
  objects::ListOptions options;
  options.prefix = request.QueryText("prefix");
  options.delimiter = request.QueryText("delimiter");
  TRY(options.max_entries, request.QueryNumber("max-keys", kMaxKeys, kMaxKeys));
  return options;
}

void WriteEntry(XmlWriter& xml, const S3Request& request, const objects::ObjectInfo& object) {
  xml.Text("Key", ListedName(request, object.key));
  xml.Text("LastModified", FormatIso8601(object.modified));
  xml.Text("ETag", Quote(object.etag));
  if (object.checksum) {
    xml.Text("ChecksumAlgorithm", objects::ChecksumName(object.checksum->algorithm));
    const bool composite = object.checksum->type == objects::ChecksumType::kComposite;
    xml.Text("ChecksumType", composite ? "COMPOSITE" : "FULL_OBJECT");
  }
  xml.Number("Size", object.size);
  xml.Text("StorageClass", "STANDARD");
}

// What all three lists begin with. `prefix` is as it goes on the wire.
void WriteHead(XmlWriter& xml, const S3Request& request, const objects::ListOptions& options,
               const std::string& prefix, bool truncated) {
  xml.Text("Name", request.bucket());
  xml.Text("Prefix", prefix);
  if (!options.delimiter.empty()) xml.Text("Delimiter", ListedName(request, options.delimiter));
  xml.Number("MaxKeys", options.max_entries);
  if (request.HasQuery("encoding-type")) xml.Text("EncodingType", "url");
  xml.Flag("IsTruncated", truncated);
}

void WriteCommonPrefixes(XmlWriter& xml, const S3Request& request,
                         const std::vector<std::string>& prefixes) {
  for (const std::string& prefix : prefixes) {
    xml.Open("CommonPrefixes");
    xml.Text("Prefix", ListedName(request, prefix));
    xml.Close("CommonPrefixes");
  }
}

S3Answer ListObjectsV1(S3Request& request) {
  CO_TRY(objects::ListOptions options, ParseListOptions(request));
  options.after = request.QueryText("marker");
  CO_TRY(const objects::ListPage page, co_await request.store().List(request.bucket(), options));
  XmlWriter xml("ListBucketResult");
  xml.Reserve(page.objects.size() * kEntryBytes);
  // The first version of the list never encodes the prefix, and its clients don't decode it.
  WriteHead(xml, request, options, options.prefix, page.truncated);
  xml.Text("Marker", ListedName(request, options.after));
  if (page.truncated && !options.delimiter.empty()) {
    xml.Text("NextMarker", ListedName(request, page.next_after));
  }
  for (const objects::ObjectInfo& object : page.objects) {
    xml.Open("Contents");
    WriteEntry(xml, request, object);
    WriteOwner(xml, "Owner", request.call());
    xml.Close("Contents");
  }
  WriteCommonPrefixes(xml, request, page.common_prefixes);
  co_return XmlResponse(xml.Finish());
}

S3Answer ListObjectsV2(S3Request& request) {
  CO_TRY(objects::ListOptions options, ParseListOptions(request));
  const std::string token = request.QueryText("continuation-token");
  const std::string start_after = request.QueryText("start-after");
  Result<std::string> after = Base64Decode(token);
  if (!after) co_return InvalidArgument("The continuation token provided is incorrect");
  options.after = token.empty() ? start_after : *std::move(after);
  CO_TRY(const objects::ListPage page, co_await request.store().List(request.bucket(), options));
  XmlWriter xml("ListBucketResult");
  xml.Reserve(page.objects.size() * kEntryBytes);
  WriteHead(xml, request, options, ListedName(request, options.prefix), page.truncated);
  xml.Number("KeyCount", page.objects.size() + page.common_prefixes.size());
  if (request.HasQuery("continuation-token")) xml.Text("ContinuationToken", token);
  if (request.HasQuery("start-after")) xml.Text("StartAfter", ListedName(request, start_after));
  if (page.truncated) xml.Text("NextContinuationToken", Base64Encode(page.next_after));
  const bool fetch_owner = request.Query("fetch-owner") == "true";
  for (const objects::ObjectInfo& object : page.objects) {
    xml.Open("Contents");
    WriteEntry(xml, request, object);
    if (fetch_owner) WriteOwner(xml, "Owner", request.call());
    xml.Close("Contents");
  }
  WriteCommonPrefixes(xml, request, page.common_prefixes);
  co_return XmlResponse(xml.Finish());
}

}  // namespace

S3Answer ListObjects(S3Request& request) {
  return request.Query("list-type") == "2" ? ListObjectsV2(request) : ListObjectsV1(request);
}

S3Answer ListObjectVersions(S3Request& request) {
  CO_TRY(objects::ListOptions options, ParseListOptions(request));
  options.after = request.QueryText("key-marker");
  options.after_version = request.QueryText("version-id-marker");
  if (!options.after_version.empty() && options.after.empty()) {
    co_return InvalidArgument("A version-id marker cannot be specified without a key marker.");
  }
  CO_TRY(const objects::ListPage page,
         co_await request.store().ListVersions(request.bucket(), options));
  XmlWriter xml("ListVersionsResult");
  xml.Reserve(page.objects.size() * kEntryBytes);
  WriteHead(xml, request, options, ListedName(request, options.prefix), page.truncated);
  xml.Text("KeyMarker", ListedName(request, options.after));
  xml.Text("VersionIdMarker", options.after_version);
  if (page.truncated) {
    xml.Text("NextKeyMarker", ListedName(request, page.next_after));
    if (!page.next_after_version.empty()) {
      xml.Text("NextVersionIdMarker", page.next_after_version);
    }
  }
  for (const objects::ObjectInfo& object : page.objects) {
    const std::string_view element = object.delete_marker ? "DeleteMarker" : "Version";
    xml.Open(element);
    xml.Text("VersionId", object.version);
    xml.Flag("IsLatest", object.is_latest);
    if (object.delete_marker) {
      xml.Text("Key", ListedName(request, object.key));
      xml.Text("LastModified", FormatIso8601(object.modified));
    } else {
      WriteEntry(xml, request, object);
    }
    WriteOwner(xml, "Owner", request.call());
    xml.Close(element);
  }
  WriteCommonPrefixes(xml, request, page.common_prefixes);
  co_return XmlResponse(xml.Finish());
}

}  // namespace scones::api
