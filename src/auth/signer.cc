#include "auth/signer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.h"

namespace scones::auth {
namespace {

std::vector<std::string> LowerNames(std::span<const std::pair<std::string, std::string>> fields) {
  std::vector<std::string> names;
  for (const auto& field : fields) names.push_back(ToLower(field.first));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::string Join(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ";"));
}

Scope ScopeAt(const std::string& basic_time, const SigningOptions& options) {
  return {basic_time.substr(0, 8), options.region, options.service};
}

Result<std::string> Sign(const RequestView& request, const std::vector<std::string>& names,
                         const KeyPair& keys, const SigningOptions& options,
                         std::string_view payload_hash, const std::string& basic_time) {
  const std::vector<std::string_view> views(names.begin(), names.end());
  TRY(const std::string canonical,
      CanonicalRequest(request, views, options.path_rule, "", payload_hash));
  const Scope scope = ScopeAt(basic_time, options);
  return SignatureOf(SigningKey(keys.secret_access_key, scope),
                     StringToSign(basic_time, scope, canonical));
}

}  // namespace

Result<HeaderFields> SignHeaders(const RequestView& request, const KeyPair& keys,
                                 const SigningOptions& options, std::string_view payload_hash,
                                 Timestamp now) {
  std::string basic_time(request.Header("x-amz-date"));
  HeaderFields added;
  if (basic_time.empty()) {
    basic_time = FormatBasicIso8601(now);
    added.emplace_back("X-Amz-Date", basic_time);
  }
  if (options.send_payload_hash) added.emplace_back("X-Amz-Content-Sha256", payload_hash);
  const bool token = !keys.session_token.empty();
  if (token && options.sign_session_token) {
    added.emplace_back("X-Amz-Security-Token", keys.session_token);
  }
  HeaderFields all(request.headers.begin(), request.headers.end());
  all.insert(all.end(), added.begin(), added.end());
  RequestView complete = request;
  complete.headers = all;
  const std::vector<std::string> names = LowerNames(all);
  TRY(const std::string signature, Sign(complete, names, keys, options, payload_hash, basic_time));
  if (token && !options.sign_session_token) {
    added.emplace_back("X-Amz-Security-Token", keys.session_token);
  }
  added.emplace_back("Authorization",
                     fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm,
                                 keys.access_key_id, ScopeAt(basic_time, options).ToString(),
                                 Join(names), signature));
  return added;
}

Result<std::string> Presign(const RequestView& request, const KeyPair& keys,
                            const SigningOptions& options, std::string_view payload_hash,
                            std::chrono::seconds lifetime, Timestamp now) {
  const std::string basic_time = FormatBasicIso8601(now);
  const std::vector<std::string> names = LowerNames(request.headers);
  const Scope scope = ScopeAt(basic_time, options);
  std::string query(request.raw_query);
  const auto add = [&query](std::string_view name, std::string_view value) {
    if (!query.empty()) query.push_back('&');
    query.append(name).append("=").append(UriEncode(value, UriPart::kComponent));
  };
  add("X-Amz-Algorithm", kAlgorithm);
  add("X-Amz-Credential", keys.access_key_id + "/" + scope.ToString());
  add("X-Amz-Date", basic_time);
  add("X-Amz-Expires", std::to_string(lifetime.count()));
  add("X-Amz-SignedHeaders", Join(names));
  const bool token = !keys.session_token.empty();
  if (token && options.sign_session_token) add("X-Amz-Security-Token", keys.session_token);
  RequestView complete = request;
  complete.raw_query = query;
  TRY(const std::string signature, Sign(complete, names, keys, options, payload_hash, basic_time));
  if (token && !options.sign_session_token) add("X-Amz-Security-Token", keys.session_token);
  add("X-Amz-Signature", signature);
  return query;
}

}  // namespace scones::auth
