#include "client/aws_config.h"

#include <fmt/format.h>

#include <cstdlib>

#include "auth/credentials.h"
#include "io/file.h"

namespace scones::client {
namespace {

constexpr std::size_t kMaxFileBytes = 1024 * 1024;

Result<auth::KeyPair> KeysFromFile(const std::string& path, const std::string& profile) {
  TRY(const std::string text, io::ReadFile(path, kMaxFileBytes));
  Result<std::vector<auth::Profile>> profiles = auth::ParseCredentialsFile(text);
  if (!profiles) return profiles.error().Within(path);
  for (auth::Profile& candidate : *profiles) {
    if (candidate.name == profile) return std::move(candidate.keys);
  }
  return Error(Code::kUnauthenticated, "NoCredentials",
               fmt::format("{} holds no keys for the profile '{}'", path, profile));
}

Result<auth::KeyPair> FindKeys(const AwsOverrides& overrides, const Environment& environment) {
  const bool named = !overrides.profile.empty() || !overrides.credentials_file.empty();
  const auto key = environment("AWS_ACCESS_KEY_ID");
  const auto secret = environment("AWS_SECRET_ACCESS_KEY");
  if (!named && key && secret && !key->empty()) {
    return auth::KeyPair{*key, *secret, environment("AWS_SESSION_TOKEN").value_or("")};
  }
  std::string profile = overrides.profile;
  if (profile.empty()) profile = environment("AWS_PROFILE").value_or("default");
  std::string file = overrides.credentials_file;
  if (file.empty()) file = environment("AWS_SHARED_CREDENTIALS_FILE").value_or("");
  if (file.empty()) file = environment("HOME").value_or("") + "/.aws/credentials";
  Result<auth::KeyPair> keys = KeysFromFile(file, profile);
  if (keys || named || keys.error().code() != Code::kNotFound) return keys;
  return Error(Code::kUnauthenticated, "NoCredentials",
               fmt::format("no access keys: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (see "
                           "'scones env'), or put them into {}",
                           file));
}

}  // namespace

Environment ProcessEnvironment() {
  return [](const char* name) -> std::optional<std::string> {
    const char* const value = std::getenv(name);
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
}

Result<AwsConfig> LoadAwsConfig(const AwsOverrides& overrides, const Environment& environment) {
  AwsConfig config;
  const auto first = [&](const std::string& said, std::initializer_list<const char*> names,
                         const char* fallback) {
    if (!said.empty()) return said;
    for (const char* name : names) {
      const std::optional<std::string> value = environment(name);
      if (value && !value->empty()) return *value;
    }
    return std::string(fallback);
  };
  config.endpoint_url = first(overrides.endpoint_url, {"AWS_ENDPOINT_URL"}, "");
  config.region = first(overrides.region, {"AWS_REGION", "AWS_DEFAULT_REGION"}, "us-east-1");
  if (!config.endpoint_url.empty()) TRY_VOID(http::Url::Parse(config.endpoint_url));
  TRY(config.keys, FindKeys(overrides, environment));
  return config;
}

Result<ServiceEndpoint> FindEndpoint(const AwsConfig& config, std::string_view service) {
  ServiceEndpoint endpoint{.signing_name = std::string(service), .signing_region = config.region};
  std::string host;
  if (service == "sagemaker") {
    host = "api.sagemaker." + config.region;
  } else if (service == "sagemaker-runtime") {
    endpoint.signing_name = "sagemaker";
    host = "runtime.sagemaker." + config.region;
  } else if (service == "iam") {
    endpoint.signing_region = "us-east-1";
    host = "iam";
  } else if (service == "s3" || service == "lambda" || service == "states" || service == "logs" ||
             service == "sts") {
    host = fmt::format("{}.{}", service, config.region);
  } else {
    return Error(Code::kInvalid, fmt::format("no endpoint is known for the service '{}'", service));
  }
  const std::string address =
      config.endpoint_url.empty() ? "https://" + host + ".amazonaws.com" : config.endpoint_url;
  TRY(endpoint.url, http::Url::Parse(address));
  endpoint.url.target.clear();
  return endpoint;
}

}  // namespace scones::client
