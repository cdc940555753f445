// Objects: put, get, head, delete.
#include "api/s3_error.h"
#include "api/s3_headers.h"
#include "api/s3_operations.h"

namespace scones::api {
namespace {

constexpr std::size_t kMaxDeletes = 1000;

Result<objects::PutOptions> ParsePutOptions(const S3Request& request) {
  objects::PutOptions options;
  TRY(options.headers, ObjectHeaders(request));
  TRY(options.tags, TaggingHeader(request));
  TRY(options.md5, request.ContentMd5());
  TRY(ChecksumRequest checksum, ChecksumHeaders(request));
  options.checksum_algorithm = checksum.algorithm;
  options.checksum_value = std::move(checksum.value);
  options.conditions = WriteConditionHeaders(request);
  options.origin = request.origin();
  return options;
}

Result<objects::GetOptions> ParseGetOptions(const S3Request& request) {
  objects::GetOptions options;
  TRY(options.conditions, ReadConditionHeaders(request, ""));
  options.range = RangeHeader(request.Header("Range").value_or(""));
  if (request.HasQuery("partNumber")) {
    TRY(const std::uint64_t number, request.QueryNumber("partNumber", 0, 0x7FFFFFFF));
    if (number < 1 || number > 10'000) {
      return InvalidArgument("Part number must be an integer between 1 and 10000, inclusive");
    }
    if (options.range) {
      return Error(Code::kInvalid, "InvalidRequest",
                   "Cannot specify both Range header and partNumber query parameter");
    }
    options.part_number = static_cast<std::uint32_t>(number);
  }
  return options;
}

http::Response ObjectResponse(const S3Request& request, objects::OpenedObject object) {
  http::Response response;
  response.status = object.partial ? 206 : 200;
  AddObjectHeaders(response.headers, request, object);
  if (object.partial && object.length > 0) {
    response.headers.Add("Content-Range", "bytes " + std::to_string(object.offset) + "-" +
                                              std::to_string(object.offset + object.length - 1) +
                                              "/" + std::to_string(object.info.size));
  }
  response.body = std::move(object.bytes);
  response.stream = std::move(object.stream);
  return response;
}

// 304, with what identifies the object that hasn't changed.
S3Answer NotModified(S3Request& request) {
  CO_TRY(const objects::OpenedObject object, co_await request.store().Head(request.object(), {}));
  http::Response response;
  response.status = 304;
  response.headers.Add("ETag", Quote(object.info.etag));
  response.headers.Add("Last-Modified", FormatHttpDate(object.info.modified));
  AddVersion(response.headers, object.info.version);
  co_return response;
}

void WriteDeleted(XmlWriter& xml, const objects::ObjectName& name,
                  const objects::DeleteReceipt& receipt) {
  xml.Open("Deleted");
  xml.Text("Key", name.key);
  if (!name.version.empty()) xml.Text("VersionId", name.version);
  if (receipt.delete_marker) {
    xml.Flag("DeleteMarker", true);
    xml.Text("DeleteMarkerVersionId", receipt.version);
  }
  xml.Close("Deleted");
}

void WriteDeleteError(XmlWriter& xml, const objects::ObjectName& name, const Error& error) {
  xml.Open("Error");
  xml.Text("Key", name.key);
  if (!name.version.empty()) xml.Text("VersionId", name.version);
  xml.Text("Code", error.reason().empty() ? "InternalError" : error.reason());
  xml.Text("Message", error.message());
  xml.Close("Error");
}

Result<std::vector<objects::ObjectName>> ParseDeletes(const std::string& bucket,
                                                      const XmlElement& root) {
  std::vector<objects::ObjectName> names;
  for (const XmlElement& object : root.children) {
    if (object.name != "Object") continue;
    for (const std::string_view condition : {"ETag", "LastModifiedTime", "Size"}) {
      if (object.Has(condition)) return NotImplemented("conditions of DeleteObjects");
    }
    const std::string& key = object.Child("Key").text;
    if (key.empty()) return MalformedXml("an Object needs a Key");
    names.push_back({.bucket = bucket, .key = key, .version = object.Child("VersionId").text});
  }
  if (names.empty() || names.size() > kMaxDeletes)
    return MalformedXml("1 to 1000 Objects are allowed");
  return names;
}

}  // namespace

S3Answer PutObject(S3Request& request) {
  if (request.Header("x-amz-copy-source")) co_return co_await CopyObject(request);
  if (!request.Header("Content-Length") && !request.Header("Transfer-Encoding")) {
    co_return Error(Code::kInvalid, "MissingContentLength",
                    "You must provide the Content-Length HTTP header.");
  }
  CO_TRY(objects::PutOptions options, ParsePutOptions(request));
  CO_TRY(const objects::PutReceipt receipt,
         co_await request.store().Put(request.object(), request.body(), std::move(options)));
  http::Response response;
  response.headers.Add("ETag", Quote(receipt.etag));
  AddVersion(response.headers, receipt.version);
  if (receipt.checksum) AddChecksum(response.headers, *receipt.checksum);
  co_return response;
}

S3Answer GetObject(S3Request& request) {
  CO_TRY(objects::GetOptions options, ParseGetOptions(request));
  auto object = co_await request.store().Get(request.object(), std::move(options));
  if (!object && object.error().reason() == "NotModified") co_return co_await NotModified(request);
  if (!object) co_return object.error();
  co_return ObjectResponse(request, *std::move(object));
}

S3Answer HeadObject(S3Request& request) {
  CO_TRY(objects::GetOptions options, ParseGetOptions(request));
  auto object = co_await request.store().Head(request.object(), std::move(options));
  if (!object && object.error().reason() == "NotModified") co_return co_await NotModified(request);
  if (!object) co_return object.error();
  const std::uint64_t length = object->length;
  http::Response response = ObjectResponse(request, *std::move(object));
  response.headers.Add("Content-Length", std::to_string(length));
  co_return response;
}

S3Answer DeleteObject(S3Request& request) {
  CO_TRY(const objects::DeleteReceipt receipt,
         co_await request.store().Delete(request.object(), request.origin()));
  http::Response response = NoContent();
  if (receipt.delete_marker) response.headers.Add("x-amz-delete-marker", "true");
  AddVersion(response.headers, receipt.version);
  co_return response;
}

S3Answer DeleteObjects(S3Request& request) {
  CO_TRY(const XmlElement root, co_await request.ReadXml("Delete"));
  CO_TRY(std::vector<objects::ObjectName> names, ParseDeletes(request.bucket(), root));
  CO_TRY(const auto receipts,
         co_await request.store().DeleteMany(request.bucket(), names, request.origin()));
  const bool quiet = root.Child("Quiet").text == "true";
  XmlWriter xml("DeleteResult");
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!receipts[i]) {
      WriteDeleteError(xml, names[i], receipts[i].error());
    } else if (!quiet) {
      WriteDeleted(xml, names[i], *receipts[i]);
    }
  }
  co_return XmlResponse(xml.Finish());
}

}  // namespace scones::api
