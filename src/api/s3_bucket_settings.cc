// What can be set for a bucket: versioning, tags; and what S3 answers for settings
// that were never made.
#include <array>

#include "api/s3_error.h"
#include "api/s3_operations.h"
#include "api/s3_tags.h"

namespace scones::api {
namespace {

constexpr char kTagging[] = "tagging";

struct AbsentSetting {
  std::string_view query;
  std::string_view reason;
  std::string_view message;
};

constexpr std::array<AbsentSetting, 9> kAbsent = {{
    {"cors", "NoSuchCORSConfiguration", "The CORS configuration does not exist"},
    {"encryption", "ServerSideEncryptionConfigurationNotFoundError",
     "The server side encryption configuration was not found"},
    {"lifecycle", "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"},
    {"object-lock", "ObjectLockConfigurationNotFoundError",
     "Object Lock configuration does not exist for this bucket"},
    {"ownershipControls", "OwnershipControlsNotFoundError",
     "The bucket ownership controls were not found"},
    {"policy", "NoSuchBucketPolicy", "The bucket policy does not exist"},
    {"publicAccessBlock", "NoSuchPublicAccessBlockConfiguration",
     "The public access block configuration was not found"},
    {"replication", "ReplicationConfigurationNotFoundError",
     "The replication configuration was not found"},
    {"website", "NoSuchWebsiteConfiguration",
     "The specified bucket does not have a website configuration"},
}};

std::string Acl(const Call& call) {
  XmlWriter xml("AccessControlPolicy");
  WriteOwner(xml, "Owner", call);
  xml.Open("AccessControlList");
  xml.Open("Grant");
  xml.Open(R"(Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" )"
           R"(xsi:type="CanonicalUser")");
  xml.Text("ID", OwnerId(call));
  xml.Text("DisplayName", call.identity.account);
  xml.Close("Grantee");
  xml.Text("Permission", "FULL_CONTROL");
  xml.Close("Grant");
  xml.Close("AccessControlList");
  return xml.Finish();
}

}  // namespace

S3Answer GetBucketLocation(S3Request& request) {
  CO_TRY(const objects::Bucket bucket, co_await request.store().GetBucket(request.bucket()));
  // S3 writes nothing for us-east-1. The text is the root's own.
  const std::string region = bucket.region == "us-east-1" ? "" : bucket.region;
  XmlWriter xml("LocationConstraint");
  xml.RootText(region);
  co_return XmlResponse(xml.Finish());
}

S3Answer GetBucketVersioning(S3Request& request) {
  CO_TRY(const objects::Bucket bucket, co_await request.store().GetBucket(request.bucket()));
  XmlWriter xml("VersioningConfiguration");
  switch (bucket.versioning) {
    case objects::Versioning::kOff:
      break;
    case objects::Versioning::kEnabled:
      xml.Text("Status", "Enabled");
      break;
    case objects::Versioning::kSuspended:
      xml.Text("Status", "Suspended");
      break;
  }
  co_return XmlResponse(xml.Finish());
}

S3Answer PutBucketVersioning(S3Request& request) {
  CO_TRY(const XmlElement root, co_await request.ReadXml("VersioningConfiguration"));
  const std::string& status = root.Child("Status").text;
  if (root.Child("MfaDelete").text == "Enabled") co_return NotImplemented("MfaDelete");
  if (status != "Enabled" && status != "Suspended") {
    co_return Error(Code::kInvalid, "IllegalVersioningConfigurationException",
                    "The Versioning element must be specified");
  }
  const auto versioning =
      status == "Enabled" ? objects::Versioning::kEnabled : objects::Versioning::kSuspended;
  CO_TRY_VOID(co_await request.store().SetVersioning(request.bucket(), versioning));
  co_return http::Response();
}

S3Answer GetBucketTagging(S3Request& request) {
  CO_TRY(std::optional<std::string> text,
         co_await request.store().FindBucketText(request.bucket(), kTagging));
  if (!text) co_return Error(Code::kNotFound, "NoSuchTagSet", "The TagSet does not exist");
  co_return XmlResponse(*std::move(text));
}

S3Answer PutBucketTagging(S3Request& request) {
  CO_TRY(const XmlElement root, co_await request.ReadXml("Tagging"));
  CO_TRY(const objects::Pairs tags, ParseTagging(root, kMaxBucketTags));
  CO_TRY_VOID(
      co_await request.store().SetBucketText(request.bucket(), kTagging, FormatTagging(tags)));
  co_return NoContent();
}

S3Answer DeleteBucketTagging(S3Request& request) {
  CO_TRY_VOID(co_await request.store().SetBucketText(request.bucket(), kTagging, ""));
  co_return NoContent();
}

S3Answer GetBucketAcl(S3Request& request) {
  CO_TRY([[maybe_unused]] const objects::Bucket bucket,
         co_await request.store().GetBucket(request.bucket()));
  co_return XmlResponse(Acl(request.call()));
}

S3Answer GetObjectAcl(S3Request& request) {
  CO_TRY([[maybe_unused]] const objects::OpenedObject object,
         co_await request.store().Head(request.object(), {}));
  co_return XmlResponse(Acl(request.call()));
}

S3Answer PutAcl(S3Request& request) {
  const std::string_view acl = request.Header("x-amz-acl").value_or("");
  if (acl == "private" || acl == "bucket-owner-full-control") co_return http::Response();
  co_return Error(Code::kInvalid, "AccessControlListNotSupported",
                  "The bucket does not allow ACLs");
}

S3Answer GetAbsentSetting(S3Request& request) {
  CO_TRY([[maybe_unused]] const objects::Bucket bucket,
         co_await request.store().GetBucket(request.bucket()));
  for (const AbsentSetting& setting : kAbsent) {
    if (!request.HasQuery(setting.query)) continue;
    co_return Error(Code::kNotFound, std::string(setting.reason), std::string(setting.message));
  }
  if (request.HasQuery("requestPayment")) {
    XmlWriter xml("RequestPaymentConfiguration");
    xml.Text("Payer", "BucketOwner");
    co_return XmlResponse(xml.Finish());
  }
  if (request.HasQuery("logging")) co_return XmlResponse(XmlWriter("BucketLoggingStatus").Finish());
  if (request.HasQuery("accelerate")) {
    co_return XmlResponse(XmlWriter("AccelerateConfiguration").Finish());
  }
  co_return NotImplemented("this sub-resource of a bucket");
}

}  // namespace scones::api
