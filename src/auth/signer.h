// Signing of requests, as a client does it. Pure; safe from any thread.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/canonical.h"
#include "auth/signature.h"
#include "base/result.h"
#include "base/time.h"

namespace scones::auth {

using HeaderFields = std::vector<std::pair<std::string, std::string>>;

struct SigningOptions {
  std::string region = "us-east-1";
  std::string service;
  PathRule path_rule = PathRule::kNormalise;
  // Sign the session token with the request (all services but AWS IoT), or add it afterwards.
  bool sign_session_token = true;
  // Send the payload's hash as x-amz-content-sha256, as S3 demands.
  bool send_payload_hash = false;
};

// The fields to add to `request` (X-Amz-Date where it has none, X-Amz-Content-Sha256,
// X-Amz-Security-Token, Authorization). Signed are all fields that it has, so it must hold Host and
// nothing that a proxy changes. `payload_hash` is lower-case hexadecimal or one of S3's words.
Result<HeaderFields> SignHeaders(const RequestView& request, const KeyPair& keys,
                                 const SigningOptions& options, std::string_view payload_hash,
                                 Timestamp now);

// The query, signature included, that makes `request` (with Host among its headers) good for
// `lifetime` from `now`. `payload_hash` as above: UNSIGNED-PAYLOAD for S3.
Result<std::string> Presign(const RequestView& request, const KeyPair& keys,
                            const SigningOptions& options, std::string_view payload_hash,
                            std::chrono::seconds lifetime, Timestamp now);

}  // namespace scones::auth
