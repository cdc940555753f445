// Temporary credentials without a store: the token itself says whose they are and until when,
// sealed with a key that is derived from the secret of the profile that asked for them. They end
// with that profile and survive restarts. Pure; safe from any thread.
#pragma once

#include <string>
#include <string_view>

#include "auth/signature.h"
#include "base/result.h"
#include "base/time.h"

namespace scones::auth {

struct Session {
  std::string parent_key_id;  // the access key of the profile
  std::string role;           // of AssumeRole; "" for GetSessionToken
  std::string name;           // RoleSessionName; "" for GetSessionToken
  Timestamp expires;
};

// A fresh key pair (ASIA...) with its token.
KeyPair IssueSession(const Session& session, std::string_view parent_secret);

// Whose session the token is, not yet proven. Errors: kUnauthenticated/InvalidToken.
Result<std::string> ParentOfToken(std::string_view token);

struct OpenedSession {
  Session session;
  std::string secret_access_key;
};
// Proves the token for that access key. Errors: kUnauthenticated/InvalidToken or /ExpiredToken.
Result<OpenedSession> OpenSession(std::string_view token, std::string_view access_key_id,
                                  std::string_view parent_secret, Timestamp now);

}  // namespace scones::auth
