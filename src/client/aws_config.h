// Where AWS's services are and with which keys, from flags, environment and the shared credentials
// file, as the aws command line finds them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "auth/signature.h"
#include "base/result.h"
#include "http/url.h"

namespace scones::client {

struct AwsConfig {
  std::string endpoint_url;  // "": AWS's own endpoints, over https
  std::string region = "us-east-1";
  auth::KeyPair keys;
};

// What the user said on the command line; "" where nothing.
struct AwsOverrides {
  std::string endpoint_url;
  std::string region;
  std::string profile;
  std::string credentials_file;
};

// Reads one variable of the environment; nullopt where it isn't set.
using Environment = std::function<std::optional<std::string>(const char* name)>;
Environment ProcessEnvironment();

// Keys: the file or profile that `overrides` names, else AWS_ACCESS_KEY_ID and its companions, else
// the profile (AWS_PROFILE or "default") of AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials.
// Endpoint: AWS_ENDPOINT_URL. Region: AWS_REGION, AWS_DEFAULT_REGION.
// Errors: kUnauthenticated where no keys are found; kNotFound, kInvalid for the file.
Result<AwsConfig> LoadAwsConfig(const AwsOverrides& overrides, const Environment& environment);

// How a service is reached and signed for.
struct ServiceEndpoint {
  http::Url url;  // without a path of its own
  std::string signing_name;
  std::string signing_region;
};
// `service` as in api: s3, lambda, states, sagemaker, sagemaker-runtime, logs, sts, iam.
// Errors: kInvalid for an endpoint that is no address or a service without one.
Result<ServiceEndpoint> FindEndpoint(const AwsConfig& config, std::string_view service);

}  // namespace scones::client
