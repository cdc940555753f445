#include "api/sts.h"

#include <fmt/format.h>

#include <charconv>

#include "auth/session.h"
#include "base/arn.h"
#include "base/encoding.h"
#include "base/hash.h"

namespace scones::api {
namespace {

constexpr std::string_view kNameCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-";

// Stable for a name, of the form that ids of IAM have.
std::string IdOf(std::string_view name) {
  std::string hex = HexEncode(Digest(HashAlgorithm::kSha256, name)).substr(0, 17);
  for (char& c : hex) c = c >= 'a' ? static_cast<char>(c - 32) : c;
  return "AROA" + hex;
}

Result<std::chrono::seconds> Duration(const QueryParameters& parameters, int fallback, int max) {
  const auto found = parameters.find("DurationSeconds");
  if (found == parameters.end()) return std::chrono::seconds(fallback);
  const std::string& text = found->second;
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds < 900 || seconds > max) {
    return Error(Code::kInvalid, "ValidationError",
                 fmt::format("DurationSeconds must be a number from 900 to {}", max));
  }
  return std::chrono::seconds(seconds);
}

Result<std::string> IssueXml(const auth::Credentials& credentials, auth::Session session) {
  const auto parent = credentials.Find(session.parent_key_id);
  if (parent == nullptr) {
    return Error(Code::kUnauthenticated, "InvalidClientTokenId",
                 "The security token included in the request is invalid.");
  }
  const auth::KeyPair keys = auth::IssueSession(session, parent->keys.secret_access_key);
  return fmt::format("<Credentials>{}{}{}{}</Credentials>",
                     XmlElement("AccessKeyId", keys.access_key_id),
                     XmlElement("SecretAccessKey", keys.secret_access_key),
                     XmlElement("SessionToken", keys.session_token),
                     XmlElement("Expiration", FormatIso8601Seconds(session.expires)));
}

Result<std::string> GetCallerIdentity(const Call& call, const QueryParameters&) {
  const std::string session = call.caller_arn.substr(call.caller_arn.rfind('/') + 1);
  return XmlElement("Arn", call.caller_arn) +
         XmlElement("UserId", IdOf(call.access_key_id) + ":" + session) +
         XmlElement("Account", call.identity.account);
}

Result<std::string> AssumeRole(const auth::Credentials& credentials, const Call& call,
                               const QueryParameters& parameters) {
  TRY(const std::string role_arn, Required(parameters, "RoleArn"));
  TRY(const std::string name, Required(parameters, "RoleSessionName"));
  TRY(const std::chrono::seconds duration, Duration(parameters, 3600, 43'200));
  const Result<Arn> arn = Arn::Parse(role_arn);
  if (!arn || arn->service != "iam" || !arn->resource.starts_with("role/")) {
    return Error(Code::kInvalid, "ValidationError",
                 fmt::format("{} is invalid: RoleArn must be the ARN of a role", role_arn));
  }
  if (name.size() < 2 || name.size() > 64 ||
      name.find_first_not_of(kNameCharacters) != std::string::npos) {
    return Error(Code::kInvalid, "ValidationError",
                 "RoleSessionName must have 2 to 64 characters of [A-Za-z0-9_+=,.@-]");
  }
  const std::string role = arn->resource.substr(arn->resource.rfind('/') + 1);
  if (role.empty() || role.size() > 64 ||
      role.find_first_not_of(kNameCharacters) != std::string::npos) {
    return Error(Code::kInvalid, "ValidationError", "RoleArn has a bad role name");
  }
  TRY(const std::string issued,
      IssueXml(credentials, {call.access_key_id, role, name, call.now + duration}));
  const std::string assumed =
      fmt::format("arn:{}:sts::{}:assumed-role/{}/{}", call.identity.partition,
                  call.identity.account, role, name);
  return issued + "<AssumedRoleUser>" + XmlElement("AssumedRoleId", IdOf(role) + ":" + name) +
         XmlElement("Arn", assumed) + "</AssumedRoleUser>";
}

}  // namespace

void AddStsActions(QueryDialect& dialect, const auth::Credentials& credentials) {
  dialect.Add("GetCallerIdentity", GetCallerIdentity);
  dialect.Add(
      "GetSessionToken",
      [&credentials](const Call& call, const QueryParameters& parameters) -> Result<std::string> {
        TRY(const std::chrono::seconds duration, Duration(parameters, 43'200, 129'600));
        return IssueXml(credentials, {call.access_key_id, "", "", call.now + duration});
      });
  dialect.Add("AssumeRole", [&credentials](const Call& call, const QueryParameters& parameters) {
    return AssumeRole(credentials, call, parameters);
  });
}

}  // namespace scones::api
