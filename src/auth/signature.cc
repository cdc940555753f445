#include "auth/signature.h"

#include "base/encoding.h"
#include "base/hash.h"

namespace scones::auth {

std::string Scope::ToString() const {
  std::string text;
  text.append(date).append("/").append(region).append("/").append(service);
  return text.append("/aws4_request");
}

std::string SigningKey(std::string_view secret_access_key, const Scope& scope) {
  const std::string first = "AWS4" + std::string(secret_access_key);
  const std::string date = HmacSha256(first, scope.date);
  const std::string region = HmacSha256(date, scope.region);
  const std::string service = HmacSha256(region, scope.service);
  return HmacSha256(service, "aws4_request");
}

std::string StringToSign(std::string_view basic_time, const Scope& scope,
                         std::string_view canonical_request) {
  std::string text(kAlgorithm);
  text.append("\n").append(basic_time).append("\n").append(scope.ToString()).append("\n");
  return text.append(HexEncode(Digest(HashAlgorithm::kSha256, canonical_request)));
}

std::string SignatureOf(std::string_view signing_key, std::string_view string_to_sign) {
  return HexEncode(HmacSha256(signing_key, string_to_sign));
}

std::string SigningKeyCache::Get(std::string_view secret_access_key, const Scope& scope) {
  constexpr std::size_t kMaxKeys = 256;
  std::string name(secret_access_key);
  name.append("\n").append(scope.ToString());
  {
    const std::lock_guard lock(mutex_);
    const auto found = keys_.find(name);
    if (found != keys_.end()) return found->second;
  }
  std::string key = SigningKey(secret_access_key, scope);
  const std::lock_guard lock(mutex_);
  if (keys_.size() >= kMaxKeys) keys_.clear();
  keys_.insert_or_assign(std::move(name), key);
  return key;
}

}  // namespace scones::auth
