// Multipart uploads.
#include <charconv>

#include "api/s3_error.h"
#include "api/s3_headers.h"
#include "api/s3_operations.h"
#include "base/encoding.h"

namespace scones::api {
namespace {

constexpr std::uint64_t kMaxListed = 1000;
constexpr std::size_t kMaxParts = 10'000;

std::string_view TypeName(objects::ChecksumType type) {
  return type == objects::ChecksumType::kComposite ? "COMPOSITE" : "FULL_OBJECT";
}

// Which checksum the whole will have. Source: Amazon S3 User Guide, "Checking object integrity".
Result<objects::UploadOptions> ParseUploadOptions(const S3Request& request) {
  objects::UploadOptions options;
  TRY(options.headers, ObjectHeaders(request));
  TRY(options.tags, TaggingHeader(request));
  TRY(options.checksum_algorithm, ChecksumAlgorithmHeader(request));
  const std::string_view type = request.Header("x-amz-checksum-type").value_or("");
  if (!options.checksum_algorithm) {
    if (type.empty()) return options;
    return Error(Code::kInvalid, "InvalidRequest",
                 "The x-amz-checksum-type header can only be used with the "
                 "x-amz-checksum-algorithm header.");
  }
  const HashAlgorithm algorithm = *options.checksum_algorithm;
  const bool only_full = algorithm == HashAlgorithm::kCrc64Nvme;
  const bool only_composite =
      algorithm == HashAlgorithm::kSha1 || algorithm == HashAlgorithm::kSha256;
  if ((type == "COMPOSITE" && only_full) || (type == "FULL_OBJECT" && only_composite)) {
    return Error(Code::kInvalid, "InvalidRequest",
                 "The " + std::string(type) + " checksum type cannot be used with the " +
                     std::string(objects::ChecksumName(algorithm)) + " algorithm.");
  }
  if (!type.empty() && type != "COMPOSITE" && type != "FULL_OBJECT") {
    return InvalidArgument("Value for x-amz-checksum-type header is invalid.");
  }
  options.checksum_type = only_full || type == "FULL_OBJECT" ? objects::ChecksumType::kFullObject
                                                             : objects::ChecksumType::kComposite;
  return options;
}

Result<objects::CompletedPart> ParseCompletedPart(const XmlElement& element) {
  const std::string& number = element.Child("PartNumber").text;
  objects::CompletedPart part;
  const auto parsed = std::from_chars(number.data(), number.data() + number.size(), part.number);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == number.data() + number.size();
  if (!whole || !element.Has("ETag")) return MalformedXml("a Part needs a PartNumber and an ETag");
  part.etag = StripQuotes(element.Child("ETag").text);
  for (const XmlElement& child : element.children) {
    constexpr std::string_view kPrefix = "Checksum";
    if (!child.name.starts_with(kPrefix)) continue;
    if (objects::ParseChecksumName(std::string_view(child.name).substr(kPrefix.size()))) {
      part.checksum = child.text;
    }
  }
  return part;
}

Result<objects::CompleteOptions> ParseComplete(const S3Request& request, const XmlElement& root) {
  objects::CompleteOptions options;
  options.origin = request.origin();
  for (const XmlElement& element : root.children) {
    if (element.name != "Part") continue;
    TRY(objects::CompletedPart part, ParseCompletedPart(element));
    options.parts.push_back(std::move(part));
    if (options.parts.size() > kMaxParts) return MalformedXml("it names more than 10000 parts");
  }
  for (const HashAlgorithm algorithm :
       {HashAlgorithm::kCrc32, HashAlgorithm::kCrc32c, HashAlgorithm::kCrc64Nvme,
        HashAlgorithm::kSha1, HashAlgorithm::kSha256}) {
    const auto value = request.Header(ChecksumHeaderName(algorithm));
    if (value) options.checksum_value = std::string(*value);
  }
  options.conditions = WriteConditionHeaders(request);
  return options;
}

void WriteUpload(XmlWriter& xml, const S3Request& request, const objects::Upload& upload) {
  WriteOwner(xml, "Initiator", request.call());
  WriteOwner(xml, "Owner", request.call());
  xml.Text("StorageClass", "STANDARD");
  if (!upload.checksum_algorithm) return;
  xml.Text("ChecksumAlgorithm", objects::ChecksumName(*upload.checksum_algorithm));
  xml.Text("ChecksumType", TypeName(upload.checksum_type));
}

}  // namespace

S3Answer CreateMultipartUpload(S3Request& request) {
  CO_TRY(objects::UploadOptions options, ParseUploadOptions(request));
  CO_TRY(const objects::Upload upload, co_await request.store().CreateUpload(
                                           request.bucket(), request.key(), std::move(options)));
  XmlWriter xml("InitiateMultipartUploadResult");
  xml.Text("Bucket", request.bucket());
  xml.Text("Key", request.key());
  xml.Text("UploadId", upload.upload_id);
  http::Response response = XmlResponse(xml.Finish());
  if (upload.checksum_algorithm) {
    response.headers.Add("x-amz-checksum-algorithm",
                         std::string(objects::ChecksumName(*upload.checksum_algorithm)));
    response.headers.Add("x-amz-checksum-type", std::string(TypeName(upload.checksum_type)));
  }
  co_return response;
}

S3Answer UploadPart(S3Request& request) {
  if (request.Header("x-amz-copy-source")) co_return co_await UploadPartCopy(request);
  if (!request.Header("Content-Length") && !request.Header("Transfer-Encoding")) {
    co_return Error(Code::kInvalid, "MissingContentLength",
                    "You must provide the Content-Length HTTP header.");
  }
  CO_TRY(const std::uint64_t number, request.QueryNumber("partNumber", 0, 0x7FFFFFFF));
  objects::PutOptions options;
  CO_TRY(options.md5, request.ContentMd5());
  CO_TRY(ChecksumRequest checksum, ChecksumHeaders(request));
  options.checksum_algorithm = checksum.algorithm;
  options.checksum_value = std::move(checksum.value);
  CO_TRY(const objects::Part part,
         co_await request.store().PutPart(request.upload(), static_cast<std::uint32_t>(number),
                                          request.body(), std::move(options)));
  http::Response response;
  response.headers.Add("ETag", Quote(part.etag));
  if (part.checksum) {
    response.headers.Add(ChecksumHeaderName(part.checksum->algorithm), part.checksum->value);
  }
  co_return response;
}

S3Answer CompleteMultipartUpload(S3Request& request) {
  CO_TRY(const XmlElement root, co_await request.ReadXml("CompleteMultipartUpload"));
  CO_TRY(objects::CompleteOptions options, ParseComplete(request, root));
  CO_TRY(const objects::PutReceipt receipt,
         co_await request.store().CompleteUpload(request.upload(), std::move(options)));
  XmlWriter xml("CompleteMultipartUploadResult");
  xml.Text("Location", request.call().base_url + "/" + request.bucket() + "/" +
                           UriEncode(request.key(), UriPart::kPath));
  xml.Text("Bucket", request.bucket());
  xml.Text("Key", request.key());
  xml.Text("ETag", Quote(receipt.etag));
  if (receipt.checksum) {
    WriteChecksum(xml, *receipt.checksum);
    xml.Text("ChecksumType", TypeName(receipt.checksum->type));
  }
  http::Response response = XmlResponse(xml.Finish());
  AddVersion(response.headers, receipt.version);
  co_return response;
}

S3Answer AbortMultipartUpload(S3Request& request) {
  CO_TRY_VOID(co_await request.store().AbortUpload(request.upload()));
  co_return NoContent();
}

S3Answer ListParts(S3Request& request) {
  CO_TRY(const std::uint64_t max, request.QueryNumber("max-parts", kMaxListed, kMaxListed));
  CO_TRY(const std::uint64_t after, request.QueryNumber("part-number-marker", 0, kMaxParts));
  CO_TRY(
      const objects::PartPage page,
      co_await request.store().ListParts(request.upload(), static_cast<std::uint32_t>(after), max));
  XmlWriter xml("ListPartsResult");
  xml.Text("Bucket", request.bucket());
  xml.Text("Key", ListedName(request, request.key()));
  xml.Text("UploadId", page.upload.upload_id);
  xml.Number("PartNumberMarker", after);
  if (!page.parts.empty()) xml.Number("NextPartNumberMarker", page.parts.back().number);
  xml.Number("MaxParts", max);
  xml.Flag("IsTruncated", page.truncated);
  WriteUpload(xml, request, page.upload);
  for (const objects::Part& part : page.parts) {
    xml.Open("Part");
    xml.Number("PartNumber", part.number);
    xml.Text("LastModified", FormatIso8601(part.modified));
    xml.Text("ETag", Quote(part.etag));
    xml.Number("Size", part.size);
    if (part.checksum) WriteChecksum(xml, *part.checksum);
    xml.Close("Part");
  }
  co_return XmlResponse(xml.Finish());
}

S3Answer ListMultipartUploads(S3Request& request) {
  objects::ListOptions options{.prefix = request.QueryText("prefix"),
                               .delimiter = request.QueryText("delimiter"),
                               .after = request.QueryText("key-marker"),
                               .after_version = request.QueryText("upload-id-marker")};
  CO_TRY(options.max_entries, request.QueryNumber("max-uploads", kMaxListed, kMaxListed));
  CO_TRY(const objects::UploadPage page,
         co_await request.store().ListUploads(request.bucket(), options));
  XmlWriter xml("ListMultipartUploadsResult");
  xml.Text("Bucket", request.bucket());
  xml.Text("KeyMarker", ListedName(request, options.after));
  xml.Text("UploadIdMarker", options.after_version);
  if (page.truncated) {
    xml.Text("NextKeyMarker", ListedName(request, page.next_key));
    xml.Text("NextUploadIdMarker", page.next_upload_id);
  }
  xml.Text("Prefix", ListedName(request, options.prefix));
  if (!options.delimiter.empty()) xml.Text("Delimiter", ListedName(request, options.delimiter));
  if (request.HasQuery("encoding-type")) xml.Text("EncodingType", "url");
  xml.Number("MaxUploads", options.max_entries);
  xml.Flag("IsTruncated", page.truncated);
  for (const objects::Upload& upload : page.uploads) {
    xml.Open("Upload");
    xml.Text("Key", ListedName(request, upload.key));
    xml.Text("UploadId", upload.upload_id);
    xml.Text("Initiated", FormatIso8601(upload.created));
    WriteUpload(xml, request, upload);
    xml.Close("Upload");
  }
  for (const std::string& prefix : page.common_prefixes) {
    xml.Open("CommonPrefixes");
    xml.Text("Prefix", ListedName(request, prefix));
    xml.Close("CommonPrefixes");
  }
  co_return XmlResponse(xml.Finish());
}

}  // namespace scones::api
