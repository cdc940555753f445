// AWS Signature Version 4: from a canonical request to its signature. Pure but for the cache's
// lock; safe from any thread.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"

namespace scones::auth {

inline constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";
inline constexpr std::string_view kEmptySha256 =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

// What a signature is good for.
struct Scope {
  std::string date;  // 20261122
  std::string region;
  std::string service;

  std::string ToString() const;  // 20261122/us-east-1/s3/aws4_request
};

struct KeyPair {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  // "" for keys that last
};

// 32 raw bytes.
std::string SigningKey(std::string_view secret_access_key, const Scope& scope);

// `basic_time` is as X-Amz-Date has it.
std::string StringToSign(std::string_view basic_time, const Scope& scope,
                         std::string_view canonical_request);

// Lower-case hexadecimal.
std::string SignatureOf(std::string_view signing_key, std::string_view string_to_sign);

// Signing keys that were derived before: four HMACs less for each request. Bounded.
class SigningKeyCache {
 public:
  std::string Get(std::string_view secret_access_key, const Scope& scope);

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::string> keys_;  // guarded by mutex_
};

}  // namespace scones::auth
