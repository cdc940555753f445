#include "api/iam.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/hash.h"

namespace scones::api {
namespace {

constexpr std::string_view kNameCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-";
constexpr std::string_view kTrustPolicy =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":)"
    R"(["sagemaker.amazonaws.com","lambda.amazonaws.com","states.amazonaws.com"]},)"
    R"("Action":"sts:AssumeRole"}]})";

Result<std::string> RoleName(const QueryParameters& parameters) {
  TRY(std::string name, Required(parameters, "RoleName"));
  if (name.size() <= 64 && name.find_first_not_of(kNameCharacters) == std::string::npos) {
    return name;
  }
  return Error(Code::kInvalid, "ValidationError",
               "RoleName must have at most 64 characters of [A-Za-z0-9_+=,.@-]");
}

std::string Members(const Call& call, const std::string& name, std::string_view policy) {
  std::string id = HexEncode(Digest(HashAlgorithm::kSha256, name)).substr(0, 17);
  for (char& c : id) c = c >= 'a' ? static_cast<char>(c - 32) : c;
  const std::string arn =
      fmt::format("arn:{}:iam::{}:role/{}", call.identity.partition, call.identity.account, name);
  return XmlElement("Path", "/") + XmlElement("RoleName", name) +
         XmlElement("RoleId", "AROA" + id) + XmlElement("Arn", arn) +
         XmlElement("CreateDate", "2020-01-01T00:00:00Z") +
         XmlElement("AssumeRolePolicyDocument", UriEncode(policy, UriPart::kComponent)) +
         XmlElement("MaxSessionDuration", "3600");
}

Result<std::string> GetRole(const Call& call, const QueryParameters& parameters) {
  TRY(const std::string name, RoleName(parameters));
  return "<Role>" + Members(call, name, kTrustPolicy) + "</Role>";
}

Result<std::string> CreateRole(const Call& call, const QueryParameters& parameters) {
  TRY(const std::string name, RoleName(parameters));
  TRY(const std::string policy, Required(parameters, "AssumeRolePolicyDocument"));
  return "<Role>" + Members(call, name, policy) + "</Role>";
}

Result<std::string> ListRoles(const Call& call, const QueryParameters&) {
  const std::string role =
      call.caller_arn.substr(0, call.caller_arn.rfind('/'));  // ...:assumed-role/NAME
  const std::string name = role.substr(role.rfind('/') + 1);
  return "<IsTruncated>false</IsTruncated><Roles><member>" + Members(call, name, kTrustPolicy) +
         "</member></Roles>";
}

}  // namespace

void AddIamActions(QueryDialect& dialect) {
  dialect.Add("GetRole", GetRole);
  dialect.Add("CreateRole", CreateRole);
  dialect.Add("ListRoles", ListRoles);
}

}  // namespace scones::api
