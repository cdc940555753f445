// Copies within the store: of whole objects, and of ranges into parts.
#include "api/s3_error.h"
#include "api/s3_headers.h"
#include "api/s3_operations.h"
#include "base/encoding.h"

namespace scones::api {
namespace {

// x-amz-copy-source: [/]bucket/key[?versionId=id], percent-encoded.
Result<objects::ObjectName> ParseCopySource(std::string_view text) {
  objects::ObjectName source;
  constexpr std::string_view kVersion = "?versionId=";
  if (const std::size_t at = text.rfind(kVersion); at != std::string_view::npos) {
    source.version = text.substr(at + kVersion.size());
    text = text.substr(0, at);
  }
  if (text.starts_with('/')) text.remove_prefix(1);
  TRY(const std::string path, UriDecode(text, UriPart::kPath));
  const std::size_t slash = path.find('/');
  if (path.starts_with("arn:")) return NotImplemented("copying from an access point");
  if (slash == 0 || slash == std::string::npos || slash + 1 == path.size()) {
    return InvalidArgument(
        "Copy Source must mention the source bucket and key: "
        "sourcebucket/sourcekey");
  }
  source.bucket = path.substr(0, slash);
  source.key = path.substr(slash + 1);
  return source;
}

// "COPY" or "REPLACE"; true for the latter.
Result<bool> Replaces(const S3Request& request, std::string_view header) {
  const std::string_view text = request.Header(header).value_or("COPY");
  if (text == "COPY" || text == "REPLACE") return text == "REPLACE";
  return InvalidArgument(std::string("Unknown directive in ").append(header));
}

// S3 answers 412 to a copy where it would answer 304 to a GET.
Error CopyError(const Error& error) {
  if (error.reason() != "NotModified") return error;
  return Error(Code::kPrecondition, "PreconditionFailed",
               "At least one of the pre-conditions you specified did not hold");
}

Result<objects::CopyOptions> ParseCopyOptions(const S3Request& request,
                                              const objects::ObjectName& source) {
  TRY(const bool replaces_headers, Replaces(request, "x-amz-metadata-directive"));
  TRY(const bool replaces_tags, Replaces(request, "x-amz-tagging-directive"));
  const bool onto_itself =
      source.bucket == request.bucket() && source.key == request.key() && source.version.empty();
  const bool changes = replaces_headers || replaces_tags || request.Header("x-amz-storage-class") ||
                       request.Header("x-amz-website-redirect-location");
  if (onto_itself && !changes) {
    return Error(Code::kInvalid, "InvalidRequest",
                 "This copy request is illegal because it is trying to copy an object to itself "
                 "without changing the object's metadata, storage class, website redirect location "
                 "or encryption attributes.");
  }
  objects::CopyOptions options;
  TRY(objects::Pairs headers, ObjectHeaders(request));
  if (replaces_headers) options.headers = std::move(headers);
  if (replaces_tags) {
    TRY(options.tags, TaggingHeader(request));
  }
  TRY(options.source_conditions, ReadConditionHeaders(request, "x-amz-copy-source-"));
  options.conditions = WriteConditionHeaders(request);
  TRY(options.checksum_algorithm, ChecksumAlgorithmHeader(request));
  options.origin = request.origin();
  return options;
}

// Strict, unlike a GET's: the whole range must be there.
Result<std::optional<objects::ByteRange>> ParseSourceRange(const S3Request& request) {
  const auto text = request.Header("x-amz-copy-source-range");
  if (!text) return std::optional<objects::ByteRange>();
  const std::optional<objects::ByteRange> range = RangeHeader(*text);
  if (!range || !range->first || !range->last) {
    return InvalidArgument(
        "The x-amz-copy-source-range value must be of the form bytes=first-last "
        "where first and last are the zero-based offsets of the first and last "
        "bytes to copy");
  }
  return range;
}

std::string CopyResult(std::string_view root, std::string_view etag, Timestamp modified,
                       const std::optional<objects::Checksum>& checksum) {
  XmlWriter xml(root);
  xml.Text("LastModified", FormatIso8601(modified));
  xml.Text("ETag", Quote(etag));
  if (checksum) WriteChecksum(xml, *checksum);
  return xml.Finish();
}

}  // namespace

S3Answer CopyObject(S3Request& request) {
  const std::string header(request.Header("x-amz-copy-source").value_or(""));
  CO_TRY(const objects::ObjectName source, ParseCopySource(header));
  CO_TRY(objects::CopyOptions options, ParseCopyOptions(request, source));
  const objects::ObjectName target{.bucket = request.bucket(), .key = request.key(), .version = ""};
  auto receipt = co_await request.store().Copy(source, target, std::move(options));
  if (!receipt) co_return CopyError(receipt.error());
  http::Response response = XmlResponse(
      CopyResult("CopyObjectResult", receipt->etag, receipt->modified, receipt->checksum));
  AddVersion(response.headers, receipt->version);
  if (!receipt->source_version.empty()) {
    response.headers.Add("x-amz-copy-source-version-id", receipt->source_version);
  }
  co_return response;
}

S3Answer UploadPartCopy(S3Request& request) {
  const std::string header(request.Header("x-amz-copy-source").value_or(""));
  CO_TRY(const objects::ObjectName source, ParseCopySource(header));
  CO_TRY(const std::uint64_t number, request.QueryNumber("partNumber", 0, 0x7FFFFFFF));
  objects::GetOptions options;
  CO_TRY(options.range, ParseSourceRange(request));
  CO_TRY(options.conditions, ReadConditionHeaders(request, "x-amz-copy-source-"));
  const std::optional<std::uint64_t> last = options.range ? options.range->last : std::nullopt;
  auto object = co_await request.store().Get(source, std::move(options));
  if (!object) co_return CopyError(object.error());
  if (last && *last >= object->info.size) {
    co_return Error(Code::kInvalid, "InvalidRange",
                    "Range specified is not valid for source object of size: " +
                        std::to_string(object->info.size));
  }
  if (!object->stream) object->stream = http::MakeStringBody(std::move(object->bytes));
  CO_TRY(const objects::Part part,
         co_await request.store().PutPart(request.upload(), static_cast<std::uint32_t>(number),
                                          *object->stream, {}));
  http::Response response =
      XmlResponse(CopyResult("CopyPartResult", part.etag, part.modified, part.checksum));
  if (!object->info.version.empty()) {
    response.headers.Add("x-amz-copy-source-version-id", object->info.version);
  }
  co_return response;
}

}  // namespace scones::api
