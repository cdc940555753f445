#include "programs/aws.h"

#include <fmt/format.h>

#include <pugixml.hpp>

#include "base/encoding.h"
#include "programs/interruptible.h"

namespace scones::programs {
namespace {

// Enough for a call that tidies up, as stopping a job.
constexpr std::chrono::milliseconds kInterruptGrace{3000};

// Coroutines that turn a Result<void> into something that a promise can carry as a value.
io::Task<Result<bool>> AsValue(io::Task<Result<void>> task) {
  CO_TRY_VOID(co_await std::move(task));
  co_return true;
}

Result<void> DropValue(Result<bool> result) {
  if (!result) return result.error();
  return {};
}

}  // namespace

Aws::Aws(client::AwsConfig config) : client_(std::move(config), clock_) {}

Aws::~Aws() { shards_.Stop(); }

template <class T>
Result<T> Aws::Wait(io::Task<Result<T>> task) {
  return RunUntilInterrupted(shards_, std::move(task), kInterruptGrace);
}

Result<json::object> Aws::Call(std::string service, std::string operation, json::object input) {
  return Wait(client_.CallJson(std::move(service), std::move(operation), std::move(input)));
}

Result<json::object> Aws::CallLambda(std::string method, std::string path, std::string body) {
  client::AwsRequest request{.service = "lambda", .method = std::move(method)};
  request.path = UriEncode(path, UriPart::kPath);
  request.headers.Set("Content-Type", "application/json");
  request.body = std::move(body);
  TRY(const http::Response response, Wait(client_.Call(std::move(request))));
  TRY(json::value answer, ParseJson(response.body));
  if (!answer.is_object()) return Error(Code::kInternal, "Lambda's answer is no JSON object");
  return std::move(answer.get_object());
}

Result<std::string> Aws::InvokeEndpoint(std::string endpoint, std::string picture) {
  TRY(http::Response response,
      Wait(client_.InvokeEndpoint(std::move(endpoint), "image/png", std::move(picture))));
  return std::move(response.body);
}

Result<std::string> Aws::GetAccount() {
  const std::lock_guard lock(mutex_);
  if (!account_.empty()) return account_;
  client::AwsRequest request{.service = "sts", .method = "POST"};
  request.headers.Set("Content-Type", "application/x-www-form-urlencoded");
  request.body = "Action=GetCallerIdentity&Version=2011-06-15";
  TRY(const http::Response response, Wait(client_.Call(std::move(request))));
  pugi::xml_document document;
  if (document.load_string(response.body.c_str())) {
    account_ = document.child("GetCallerIdentityResponse")
                   .child("GetCallerIdentityResult")
                   .child_value("Account");
  }
  if (account_.empty()) return Error(Code::kInternal, "STS named no account");
  return account_;
}

Result<void> Aws::CreateBucket(std::string bucket) {
  return DropValue(Wait(AsValue(s3_.CreateBucket(std::move(bucket)))));
}

Result<void> Aws::PutObject(S3Uri uri, std::string bytes, std::string content_type) {
  return DropValue(
      Wait(AsValue(s3_.PutObject(std::move(uri), std::move(bytes), std::move(content_type)))));
}

Result<std::string> Aws::GetObject(S3Uri uri) { return Wait(s3_.GetObject(std::move(uri))); }

Result<std::vector<client::ObjectSummary>> Aws::ListObjects(S3Uri prefix) {
  return Wait(s3_.ListObjects(std::move(prefix)));
}

bool IsNotFound(const Error& error) {
  // SageMaker says so with a ValidationException and words.
  const std::string& text = error.message();
  return error.code() == Code::kNotFound || error.reason().ends_with("DoesNotExist") ||
         text.find("ould not find") != std::string::npos ||
         text.find("Requested resource not found") != std::string::npos;
}

Result<std::string> DefaultBucket(Aws& aws) {
  TRY(const std::string account, aws.GetAccount());
  return fmt::format("scones-{}-{}", aws.region(), account);
}

}  // namespace scones::programs
