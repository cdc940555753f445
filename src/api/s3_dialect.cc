#include "api/s3_dialect.h"

#include <array>

#include "api/error_response.h"
#include "api/s3_error.h"
#include "api/s3_headers.h"
#include "api/s3_operations.h"

namespace scones::api {
namespace {

enum class Level { kService, kBucket, kObject };

struct Operation {
  std::string_view method;
  Level level;
  std::string_view query;  // the sub-resource; "" for the thing itself
  S3Answer (*run)(S3Request&);
};

// A row with a sub-resource comes before the one without.
constexpr Operation kOperations[] = {
    {"GET", Level::kService, "", ListBuckets},

    {"GET", Level::kBucket, "location", GetBucketLocation},
    {"GET", Level::kBucket, "versioning", GetBucketVersioning},
    {"PUT", Level::kBucket, "versioning", PutBucketVersioning},
    {"GET", Level::kBucket, "tagging", GetBucketTagging},
    {"PUT", Level::kBucket, "tagging", PutBucketTagging},
    {"DELETE", Level::kBucket, "tagging", DeleteBucketTagging},
    {"GET", Level::kBucket, "notification", GetBucketNotification},
    {"PUT", Level::kBucket, "notification", PutBucketNotification},
    {"GET", Level::kBucket, "acl", GetBucketAcl},
    {"PUT", Level::kBucket, "acl", PutAcl},
    {"GET", Level::kBucket, "versions", ListObjectVersions},
    {"GET", Level::kBucket, "uploads", ListMultipartUploads},
    {"POST", Level::kBucket, "delete", DeleteObjects},
    {"GET", Level::kBucket, "", ListObjects},
    {"PUT", Level::kBucket, "", CreateBucket},
    {"HEAD", Level::kBucket, "", HeadBucket},
    {"DELETE", Level::kBucket, "", DeleteBucket},

    {"GET", Level::kObject, "tagging", GetObjectTagging},
    {"PUT", Level::kObject, "tagging", PutObjectTagging},
    {"DELETE", Level::kObject, "tagging", DeleteObjectTagging},
    {"GET", Level::kObject, "acl", GetObjectAcl},
    {"PUT", Level::kObject, "acl", PutAcl},
    {"GET", Level::kObject, "attributes", GetObjectAttributes},
    {"POST", Level::kObject, "uploads", CreateMultipartUpload},
    {"PUT", Level::kObject, "uploadId", UploadPart},
    {"GET", Level::kObject, "uploadId", ListParts},
    {"POST", Level::kObject, "uploadId", CompleteMultipartUpload},
    {"DELETE", Level::kObject, "uploadId", AbortMultipartUpload},
    {"GET", Level::kObject, "", GetObject},
    {"HEAD", Level::kObject, "", HeadObject},
    {"PUT", Level::kObject, "", PutObject},
    {"DELETE", Level::kObject, "", DeleteObject},
};

// Sub-resources of S3 that no row has: without this a PUT of one would store an object.
constexpr std::array<std::string_view, 26> kSubresources = {"accelerate",
                                                            "acl",
                                                            "analytics",
                                                            "attributes",
                                                            "cors",
                                                            "delete",
                                                            "encryption",
                                                            "inventory",
                                                            "legal-hold",
                                                            "lifecycle",
                                                            "logging",
                                                            "metrics",
                                                            "object-lock",
                                                            "ownershipControls",
                                                            "policy",
                                                            "policyStatus",
                                                            "publicAccessBlock",
                                                            "replication",
                                                            "requestPayment",
                                                            "restore",
                                                            "retention",
                                                            "select",
                                                            "torrent",
                                                            "website",
                                                            "intelligent-tiering",
                                                            "versions"};

Error MethodNotAllowed() {
  return Error(Code::kInvalid, "MethodNotAllowed",
               "The specified method is not allowed against this resource.");
}

Level LevelOf(const S3Request& request) {
  if (request.bucket().empty()) return Level::kService;
  return request.key().empty() ? Level::kBucket : Level::kObject;
}

S3Answer Refuse(Error error) { co_return error; }

S3Answer RunOperation(S3Request& request) {
  const std::string& method = request.http().method;
  const Level level = LevelOf(request);
  const auto matches = [&](const Operation& operation) {
    return operation.method == method && operation.level == level;
  };
  for (const Operation& operation : kOperations) {
    if (!operation.query.empty() && matches(operation) && request.HasQuery(operation.query)) {
      return operation.run(request);
    }
  }
  for (const std::string_view name : kSubresources) {
    if (!request.HasQuery(name)) continue;
    if (method == "GET" && level == Level::kBucket) return GetAbsentSetting(request);
    return Refuse(NotImplemented(name));
  }
  for (const Operation& operation : kOperations) {
    if (operation.query.empty() && matches(operation)) return operation.run(request);
  }
  return Refuse(MethodNotAllowed());
}

Result<void> CheckOwner(const S3Request& request) {
  const auto expected = request.Header("x-amz-expected-bucket-owner");
  if (!expected || *expected == request.call().identity.account) return {};
  return Error(Code::kDenied, "AccessDenied", "Access Denied");
}

// Tells that the object is gone rather than never there.
io::Task<void> AddDeleteMarker(S3Request& request, const Error& error, http::Response& response) {
  const bool reads = request.http().method == "GET" || request.http().method == "HEAD";
  if (!reads || (error.reason() != "NoSuchKey" && error.reason() != "MethodNotAllowed")) co_return;
  const auto marker = co_await request.store().FindDeleteMarker(request.object());
  if (!marker) co_return;
  response.headers.Add("x-amz-delete-marker", "true");
  AddVersion(response.headers, *marker);
}

}  // namespace

io::Task<http::Response> S3Dialect::Handle(Call call, http::Request request,
                                           http::BodyStream& body) {
  const std::string request_id = call.request_id;
  const std::string resource(request.raw_path());
  const bool is_head = request.method == "HEAD";
  auto parsed = S3Request::Parse(std::move(call), std::move(request), body, store_);
  Result<http::Response> answer;
  if (!parsed) {
    answer = parsed.error();
  } else if (Result<void> owner = CheckOwner(*parsed); !owner) {
    answer = owner.error();
  } else {
    answer = co_await RunOperation(*parsed);
  }
  http::Response response;
  if (answer) {
    response = *std::move(answer);
  } else {
    response = S3Error(answer.error(), resource, request_id);
    response.status = S3Status(answer.error());
    if (response.status == 503) response.headers.Add("Retry-After", "1");
    if (is_head) response.body.clear();
    if (parsed) co_await AddDeleteMarker(*parsed, answer.error(), response);
  }
  response.headers.Add("x-amz-request-id", request_id);
  co_return response;
}

}  // namespace scones::api
