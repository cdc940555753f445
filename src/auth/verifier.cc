#include "auth/verifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "base/hash.h"

namespace scones::auth {
namespace {

Error Refused(std::string_view reason, std::string message) {
  return Error(Code::kUnauthenticated, std::string(reason), std::move(message));
}

Error Malformed(std::string_view what) {
  return Refused("AuthorizationHeaderMalformed",
                 fmt::format("The authorization header is malformed; {}.", what));
}

Error BadQuery(std::string_view what) {
  return Refused("AuthorizationQueryParametersError", std::string(what));
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string_view TrimBlanks(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// KEY/20261122/us-east-1/s3/aws4_request, where KEY may hold slashes.
bool ParseCredential(std::string_view text, Claim& claim) {
  std::vector<std::string_view> parts = Split(text, '/');
  if (parts.size() < 5 || parts.back() != "aws4_request") return false;
  const std::size_t key_parts = parts.size() - 4;
  std::size_t key_size = key_parts - 1;
  for (std::size_t i = 0; i < key_parts; ++i) key_size += parts[i].size();
  claim.access_key_id = text.substr(0, key_size);
  claim.scope = {std::string(parts[key_parts]), std::string(parts[key_parts + 1]),
                 std::string(parts[key_parts + 2])};
  return !claim.access_key_id.empty() && claim.scope.date.size() == 8 &&
         !claim.scope.service.empty();
}

bool ParseSignedHeaders(std::string_view text, Claim& claim) {
  for (const std::string_view name : Split(text, ';')) {
    if (name.empty() || ToLower(name) != name) return false;
    claim.signed_headers.emplace_back(name);
  }
  return std::is_sorted(claim.signed_headers.begin(), claim.signed_headers.end()) &&
         std::find(claim.signed_headers.begin(), claim.signed_headers.end(), "host") !=
             claim.signed_headers.end();
}

bool IsSignature(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

Result<void> ParseTime(std::string_view text, Claim& claim) {
  Result<Timestamp> time = ParseBasicIso8601(text);
  if (time) {
    claim.basic_time = text;
    claim.time = *time;
    return {};
  }
  return Refused("AccessDenied",
                 "AWS authentication requires a valid Date or x-amz-date header such as "
                 "20261122T083001Z");
}

Result<Claim> ParseHeader(const RequestView& request, std::string_view authorization) {
  if (!authorization.starts_with(kAlgorithm) || authorization.size() == kAlgorithm.size() ||
      authorization[kAlgorithm.size()] != ' ') {
    return Refused("AccessDenied",
                   "The authorization mechanism you have provided is not supported. Please use "
                   "AWS4-HMAC-SHA256.");
  }
  authorization.remove_prefix(kAlgorithm.size());
  Claim claim;
  bool credential = false;
  bool headers = false;
  for (std::string_view part : Split(authorization, ',')) {
    part = TrimBlanks(part);
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) return Malformed("it holds a part without '='");
    const std::string_view name = part.substr(0, equals);
    const std::string_view value = part.substr(equals + 1);
    if (name == "Credential" && !credential) {
      credential = ParseCredential(value, claim);
    } else if (name == "SignedHeaders" && claim.signed_headers.empty()) {
      headers = ParseSignedHeaders(value, claim);
    } else if (name == "Signature" && claim.signature.empty()) {
      claim.signature = value;
    } else {
      return Malformed("it holds an unknown or repeated part");
    }
  }
  if (!credential) {
    return Malformed("the Credential must be '<key>/<date>/<region>/<service>/aws4_request'");
  }
  if (!headers) return Malformed("SignedHeaders must be lower-case, sorted and hold 'host'");
  if (!IsSignature(claim.signature)) {
    return Malformed("the Signature must be 64 lower-case hexadecimal digits");
  }
  // With X-Amz-Date absent, a Date header in the same format may stand in for it.
  std::string_view time = request.Header("x-amz-date");
  if (time.empty()) time = request.Header("date");
  TRY_VOID(ParseTime(time, claim));
  claim.session_token = request.Header("x-amz-security-token");
  return claim;
}

Result<std::chrono::seconds> ParseLifetime(std::string_view text) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds < 1 ||
      seconds > kMaxPresignedLifetime.count()) {
    return BadQuery("X-Amz-Expires must be a number of seconds from 1 to 604800");
  }
  return std::chrono::seconds(seconds);
}

Result<Claim> ParsePresigned(const std::vector<std::pair<std::string, std::string>>& parameters) {
  Claim claim;
  claim.presigned = true;
  std::string_view algorithm, credential, time, expires, headers;
  for (const auto& [name, value] : parameters) {
    std::string_view* slot = nullptr;
    if (name == "X-Amz-Algorithm") slot = &algorithm;
    if (name == "X-Amz-Credential") slot = &credential;
    if (name == "X-Amz-Date") slot = &time;
    if (name == "X-Amz-Expires") slot = &expires;
    if (name == "X-Amz-SignedHeaders") slot = &headers;
    if (slot != nullptr) {
      if (!slot->empty()) return BadQuery(fmt::format("{} comes twice", name));
      *slot = value;
    } else if (name == "X-Amz-Signature") {
      if (!claim.signature.empty()) return BadQuery("X-Amz-Signature comes twice");
      claim.signature = value;
    } else if (name == "X-Amz-Security-Token") {
      claim.session_token = value;
    }
  }
  if (algorithm != kAlgorithm) return BadQuery("X-Amz-Algorithm must be AWS4-HMAC-SHA256");
  if (!ParseCredential(credential, claim)) {
    return BadQuery(
        "X-Amz-Credential must be '<key>/<date>/<region>/<service>/aws4_request', and all "
        "X-Amz- parameters of a signature must be there");
  }
  if (!ParseSignedHeaders(headers, claim)) {
    return BadQuery("X-Amz-SignedHeaders must be lower-case, sorted and hold 'host'");
  }
  if (!IsSignature(claim.signature)) {
    return BadQuery("X-Amz-Signature must be 64 lower-case hexadecimal digits");
  }
  TRY_VOID(ParseTime(time, claim));
  TRY(claim.lifetime, ParseLifetime(expires));
  return claim;
}

Result<void> CheckTime(const Claim& claim, Timestamp now) {
  const auto detail = [&] {
    return fmt::format("request time {}, server time {}", claim.basic_time,
                       FormatBasicIso8601(now));
  };
  if (claim.scope.date != std::string_view(claim.basic_time).substr(0, 8)) {
    return Refused("AccessDenied",
                   fmt::format("the credential scope's date '{}' is not that of the request ({})",
                               claim.scope.date, claim.basic_time));
  }
  if (claim.time > now + kMaxClockSkew || (!claim.presigned && claim.time < now - kMaxClockSkew)) {
    return Refused(
        "RequestTimeTooSkewed",
        "The difference between the request time and the current time is too large: " + detail());
  }
  if (claim.presigned && now > claim.time + claim.lifetime) {
    return Refused("AccessDenied", "Request has expired: " + detail());
  }
  return {};
}

// An x-amz- header that isn't signed could have been added by anyone on the way.
Result<void> CheckHeadersSigned(const RequestView& request, const Claim& claim) {
  for (const auto& field : request.headers) {
    if (field.first.size() < 6 || ToLower(std::string_view(field.first).substr(0, 6)) != "x-amz-") {
      continue;
    }
    if (!std::binary_search(claim.signed_headers.begin(), claim.signed_headers.end(),
                            ToLower(field.first))) {
      return Refused("AccessDenied",
                     fmt::format("There were headers present in the request which were not "
                                 "signed: {}",
                                 ToLower(field.first)));
    }
  }
  return {};
}

}  // namespace

Result<Claim> ParseClaim(const RequestView& request) {
  std::size_t authorizations = 0;
  for (const auto& field : request.headers) {
    if (field.first.size() == 13 && ToLower(field.first) == "authorization") ++authorizations;
  }
  Result<std::vector<std::pair<std::string, std::string>>> parameters =
      ParseQuery(request.raw_query);
  if (!parameters) return Refused("AccessDenied", parameters.error().message());
  const bool in_query = std::any_of(parameters->begin(), parameters->end(), [](const auto& pair) {
    return pair.first == "X-Amz-Algorithm" || pair.first == "X-Amz-Signature" ||
           pair.first == "X-Amz-Credential" || pair.first == "Signature";
  });
  if (authorizations > 1 || (authorizations == 1 && in_query)) {
    return Refused("AccessDenied",
                   "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "
                   "Signature query string parameter or the Authorization header should be "
                   "specified");
  }
  if (in_query) return ParsePresigned(*parameters);
  if (authorizations == 0) return Refused("AccessDenied", "Access Denied");
  return ParseHeader(request, TrimBlanks(request.Header("authorization")));
}

Result<PayloadClaim> ParseS3Payload(const RequestView& request, const Claim& claim) {
  std::string word(request.Header("x-amz-content-sha256"));
  if (word.empty() && claim.presigned) {
    TRY(const auto parameters, ParseQuery(request.raw_query));
    for (const auto& [name, value] : parameters) {
      if (name == "X-Amz-Content-Sha256") word = value;
    }
    if (word.empty()) word = kUnsignedPayload;
  }
  if (word.empty()) {
    return Refused("AccessDenied",
                   "Missing required header for this request: x-amz-content-sha256");
  }
  PayloadClaim payload{.hash = word};
  if (word == kUnsignedPayload) {
    payload.mode = PayloadMode::kUnsigned;
  } else if (word == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD") {
    payload.mode = PayloadMode::kSignedChunks;
  } else if (word == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER") {
    payload.mode = PayloadMode::kSignedChunksTrailer;
  } else if (word == "STREAMING-UNSIGNED-PAYLOAD-TRAILER") {
    payload.mode = PayloadMode::kUnsignedChunksTrailer;
  } else if (!IsSignature(word)) {
    return Refused("InvalidRequest",
                   "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, one of the STREAMING- values, "
                   "or a valid sha256 value.");
  }
  const bool chunks = payload.mode != PayloadMode::kWhole && payload.mode != PayloadMode::kUnsigned;
  if (chunks && claim.presigned) {
    return Refused("AccessDenied", "a presigned request can't have a payload in signed chunks");
  }
  return payload;
}

Result<std::string> Verify(const RequestView& request, const Claim& claim,
                           std::string_view secret_access_key, std::string_view payload_hash,
                           Timestamp now, SigningKeyCache& cache) {
  TRY_VOID(CheckTime(claim, now));
  const std::vector<std::string_view> names(claim.signed_headers.begin(),
                                            claim.signed_headers.end());
  Result<std::string> canonical =
      CanonicalRequest(request, names, PathRuleOf(claim.scope.service),
                       claim.presigned ? "X-Amz-Signature" : "", payload_hash);
  if (!canonical) return Refused("AccessDenied", canonical.error().message());
  std::string key = cache.Get(secret_access_key, claim.scope);
  const std::string expected =
      SignatureOf(key, StringToSign(claim.basic_time, claim.scope, *canonical));
  if (!ConstantTimeEquals(expected, claim.signature)) {
    return Refused("SignatureDoesNotMatch",
                   "The request signature we calculated does not match the signature you "
                   "provided. Check your key and signing method.");
  }
  TRY_VOID(CheckHeadersSigned(request, claim));
  return key;
}

}  // namespace scones::auth
