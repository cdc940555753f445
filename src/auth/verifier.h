// Verification of AWS signatures, as a server does it: first what the request claims (Parse), then,
// with that key's secret, whether it is true (Verify). Pure; safe from any thread.
// Errors have the code kUnauthenticated and S3's names as reasons: AccessDenied,
// AuthorizationHeaderMalformed, AuthorizationQueryParametersError, SignatureDoesNotMatch,
// RequestTimeTooSkewed, InvalidRequest; other protocols rename them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "auth/canonical.h"
#include "auth/signature.h"
#include "base/result.h"
#include "base/time.h"

namespace scones::auth {

inline constexpr std::chrono::minutes kMaxClockSkew{15};
inline constexpr std::chrono::seconds kMaxPresignedLifetime{604'800};

// What the payload's hash in the signature is.
enum class PayloadMode {
  kWhole,                  // SHA-256 of the payload
  kUnsigned,               // UNSIGNED-PAYLOAD
  kSignedChunks,           // STREAMING-AWS4-HMAC-SHA256-PAYLOAD
  kSignedChunksTrailer,    // STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER
  kUnsignedChunksTrailer,  // STREAMING-UNSIGNED-PAYLOAD-TRAILER
};

// What a request says of its signature; nothing of it is proven.
struct Claim {
  std::string access_key_id;
  Scope scope;
  std::vector<std::string> signed_headers;  // lower-case, in order
  std::string signature;
  std::string basic_time;
  Timestamp time;
  std::string session_token;
  bool presigned = false;
  std::chrono::seconds lifetime{0};  // of a presigned request
};

// Errors: AccessDenied where there is no signature or one in the header and one in the query.
Result<Claim> ParseClaim(const RequestView& request);

struct PayloadClaim {
  PayloadMode mode = PayloadMode::kWhole;
  std::string hash;  // as it goes into the canonical request; "" means: hash the body that came
};

// What an S3 request says of its payload. Errors: AccessDenied for a missing header,
// InvalidRequest for a word that isn't known or may not be used in a presigned request.
Result<PayloadClaim> ParseS3Payload(const RequestView& request, const Claim& claim);

// Proven: that the holder of `secret_access_key` signed this request, for this service and about
// now. On success returns the signing key (for the chunks that follow). `payload_hash` must still
// be held against the payload.
Result<std::string> Verify(const RequestView& request, const Claim& claim,
                           std::string_view secret_access_key, std::string_view payload_hash,
                           Timestamp now, SigningKeyCache& cache);

}  // namespace scones::auth
