#include "auth/session.h"

#include "base/encoding.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/random.h"

namespace scones::auth {
namespace {

constexpr std::size_t kSealBytes = 32;
constexpr std::size_t kMaxTokenBytes = 4096;

Error BadToken() {
  return Error(Code::kUnauthenticated, "InvalidToken",
               "The provided token is malformed or otherwise invalid.");
}

std::string Seal(std::string_view parent_secret, std::string_view text) {
  return HmacSha256(HmacSha256(parent_secret, "scones-session-seal"), text);
}

std::string SecretOf(std::string_view parent_secret, std::string_view text) {
  const std::string bytes = HmacSha256(HmacSha256(parent_secret, "scones-session-secret"), text);
  return Base64Encode(bytes).substr(0, 40);
}

struct Token {
  std::string text;  // what is sealed
  std::string seal;
  json::object members;
};

Result<Token> Parse(std::string_view token) {
  if (token.size() > kMaxTokenBytes) return BadToken();
  Result<std::string> bytes = Base64Decode(token);
  if (!bytes || bytes->size() <= kSealBytes) return BadToken();
  Token parsed{.text = bytes->substr(kSealBytes), .seal = bytes->substr(0, kSealBytes)};
  Result<json::value> value = ParseJson(parsed.text);
  if (!value || !value->is_object()) return BadToken();
  parsed.members = std::move(value->get_object());
  return parsed;
}

}  // namespace

KeyPair IssueSession(const Session& session, std::string_view parent_secret) {
  KeyPair keys;
  keys.access_key_id = "ASIA" + RandomText(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
  const std::string text = ToJson(json::object{{"parent", session.parent_key_id},
                                               {"key", keys.access_key_id},
                                               {"role", session.role},
                                               {"name", session.name},
                                               {"expires_ms", EpochMilliseconds(session.expires)}});
  keys.secret_access_key = SecretOf(parent_secret, text);
  keys.session_token = Base64Encode(Seal(parent_secret, text) + text);
  return keys;
}

Result<std::string> ParentOfToken(std::string_view token) {
  TRY(const Token parsed, Parse(token));
  return StringOr(parsed.members, "parent", "");
}

Result<OpenedSession> OpenSession(std::string_view token, std::string_view access_key_id,
                                  std::string_view parent_secret, Timestamp now) {
  TRY(const Token parsed, Parse(token));
  if (!ConstantTimeEquals(Seal(parent_secret, parsed.text), parsed.seal) ||
      StringOr(parsed.members, "key", "") != access_key_id) {
    return BadToken();
  }
  OpenedSession opened;
  opened.session.parent_key_id = StringOr(parsed.members, "parent", "");
  opened.session.role = StringOr(parsed.members, "role", "");
  opened.session.name = StringOr(parsed.members, "name", "");
  opened.session.expires =
      FromEpochMilliseconds(FindInteger(parsed.members, "expires_ms").value_or(0));
  if (now >= opened.session.expires) {
    return Error(Code::kUnauthenticated, "ExpiredToken", "The provided token has expired.");
  }
  opened.secret_access_key = SecretOf(parent_secret, parsed.text);
  return opened;
}

}  // namespace scones::auth
