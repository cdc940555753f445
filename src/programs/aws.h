// AWS's protocols as blocking calls, for the client commands. Safe from any thread but those of a
// shard. Talks to our server or to AWS alike. After
// Ctrl-C a call gets a few seconds more, then ends with kCancelled.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/arn.h"
#include "base/json.h"
#include "base/result.h"
#include "client/aws_client.h"
#include "client/s3_client.h"
#include "io/shards.h"

namespace scones::programs {

class Aws {
 public:
  explicit Aws(client::AwsConfig config);
  ~Aws();
  Aws(const Aws&) = delete;
  Aws& operator=(const Aws&) = delete;

  const std::string& region() const { return client_.config().region; }

  // An operation of a JSON service: "states", "sagemaker" or "logs". Errors carry the service's
  // name for the fault as their reason.
  Result<json::object> Call(std::string service, std::string operation, json::object input);
  // A REST call of Lambda with a JSON body, "" for none.
  Result<json::object> CallLambda(std::string method, std::string path, std::string body);
  // The endpoint's answer to a PNG picture.
  Result<std::string> InvokeEndpoint(std::string endpoint, std::string picture);
  // The account of the credentials in use (STS GetCallerIdentity), asked for once.
  Result<std::string> GetAccount();

  // A bucket of ours that is there already is success.
  Result<void> CreateBucket(std::string bucket);
  Result<void> PutObject(S3Uri uri, std::string bytes, std::string content_type);
  Result<std::string> GetObject(S3Uri uri);
  Result<std::vector<client::ObjectSummary>> ListObjects(S3Uri prefix);

 private:
  template <class T>
  Result<T> Wait(io::Task<Result<T>> task);

  const SystemClock clock_;
  io::Shards shards_{1};  // the destructor ends it first, as calls that were given up still run
  client::AwsClient client_;
  client::S3Client s3_{client_};
  std::mutex mutex_;
  std::string account_;  // guarded by mutex_; "" until it is known
};

// Whether `error` says that the thing asked for is not there.
bool IsNotFound(const Error& error);

// "scones-REGION-ACCOUNT", the bucket of a workflow that names none.
Result<std::string> DefaultBucket(Aws& aws);

}  // namespace scones::programs
