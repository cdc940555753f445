// Buckets themselves, and the pieces that several responses share.
#include "api/s3_error.h"
#include "api/s3_headers.h"
#include "api/s3_operations.h"
#include "base/encoding.h"
#include "base/hash.h"

namespace scones::api {
namespace {

constexpr std::string_view kDefaultRegion = "us-east-1";
constexpr std::uint64_t kMaxBuckets = 10'000;

// Making a bucket again is an error but in us-east-1, where S3 has always let it pass.
io::Task<Result<void>> MakeBucket(S3Request& request, std::string region) {
  Result<void> made = co_await request.store().CreateBucket(request.bucket(), region);
  if (made || made.error().reason() != "BucketAlreadyOwnedByYou") co_return made;
  CO_TRY(const objects::Bucket existing, co_await request.store().GetBucket(request.bucket()));
  if (region == kDefaultRegion && existing.region == region) co_return Result<void>();
  co_return made;
}

// Access lists are kept by policy here: everything is private. Known ones are accepted, because
// clients send them by habit and none of them takes access away.
Result<void> CheckCannedAcl(const S3Request& request) {
  const std::string_view acl = request.Header("x-amz-acl").value_or("private");
  for (const std::string_view known :
       {"private", "public-read", "public-read-write", "authenticated-read", "aws-exec-read",
        "bucket-owner-read", "bucket-owner-full-control", "log-delivery-write"}) {
    if (acl == known) return {};
  }
  return InvalidArgument("The x-amz-acl value is not known");
}

}  // namespace

http::Response XmlResponse(std::string document) {
  http::Response response;
  response.headers.Add("Content-Type", "application/xml");
  response.body = std::move(document);
  return response;
}

http::Response NoContent() {
  http::Response response;
  response.status = 204;
  return response;
}

std::string OwnerId(const Call& call) {
  return HexEncode(Digest(HashAlgorithm::kSha256, "account " + call.identity.account));
}

void WriteOwner(XmlWriter& xml, std::string_view element, const Call& call) {
  xml.Open(element);
  xml.Text("ID", OwnerId(call));
  xml.Text("DisplayName", call.identity.account);
  xml.Close(element);
}

void WriteChecksum(XmlWriter& xml, const objects::Checksum& checksum) {
  xml.Text("Checksum" + std::string(objects::ChecksumName(checksum.algorithm)), checksum.value);
}

std::string ListedName(const S3Request& request, std::string_view name) {
  const bool encode = request.Query("encoding-type") == "url";
  return encode ? UriEncode(name, UriPart::kPath) : std::string(name);
}

S3Answer ListBuckets(S3Request& request) {
  CO_TRY(const std::uint64_t max, request.QueryNumber("max-buckets", kMaxBuckets, kMaxBuckets));
  const std::string prefix = request.QueryText("prefix");
  Result<std::string> after = Base64Decode(request.QueryText("continuation-token"));
  if (!after) co_return InvalidArgument("The continuation token provided is incorrect");
  CO_TRY(std::vector<objects::Bucket> buckets,
         co_await request.store().ListBuckets(prefix, *std::move(after), max + 1));
  const bool truncated = buckets.size() > max;
  if (truncated) buckets.resize(max);
  XmlWriter xml("ListAllMyBucketsResult");
  WriteOwner(xml, "Owner", request.call());
  xml.Open("Buckets");
  for (const objects::Bucket& bucket : buckets) {
    xml.Open("Bucket");
    xml.Text("Name", bucket.name);
    xml.Text("CreationDate", FormatIso8601(bucket.created));
    xml.Text("BucketRegion", bucket.region);
    xml.Close("Bucket");
  }
  xml.Close("Buckets");
  if (!prefix.empty()) xml.Text("Prefix", prefix);
  if (truncated && !buckets.empty()) {
    xml.Text("ContinuationToken", Base64Encode(buckets.back().name));
  }
  co_return XmlResponse(xml.Finish());
}

S3Answer CreateBucket(S3Request& request) {
  CO_TRY_VOID(CheckCannedAcl(request));
  if (request.Header("x-amz-bucket-object-lock-enabled").value_or("false") != "false") {
    co_return NotImplemented("x-amz-bucket-object-lock-enabled");
  }
  std::string region = request.call().identity.region;
  CO_TRY(const std::string text, co_await request.ReadText());
  if (!text.empty()) {
    CO_TRY(const XmlElement root, ParseXml(text, "CreateBucketConfiguration"));
    if (root.Has("LocationConstraint")) region = root.Child("LocationConstraint").text;
  }
  CO_TRY_VOID(co_await MakeBucket(request, std::move(region)));
  http::Response response;
  response.headers.Add("Location", "/" + request.bucket());
  co_return response;
}

S3Answer DeleteBucket(S3Request& request) {
  CO_TRY_VOID(co_await request.store().DeleteBucket(request.bucket()));
  co_return NoContent();
}

S3Answer HeadBucket(S3Request& request) {
  CO_TRY(const objects::Bucket bucket, co_await request.store().GetBucket(request.bucket()));
  http::Response response;
  response.headers.Add("Content-Type", "application/xml");
  response.headers.Add("x-amz-bucket-region", bucket.region);
  co_return response;
}

}  // namespace scones::api
