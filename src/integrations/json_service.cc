#include "integrations/json_service.h"

#include <utility>

#include "api/error_response.h"
#include "base/random.h"

namespace scones::integrations {
namespace {

std::string OperationName(std::string action) {
  if (!action.empty() && action[0] >= 'a' && action[0] <= 'z') {
    action[0] = static_cast<char>(action[0] - 32);
  }
  return action;
}

// Null is absent. Members that hold JSON as text may be given as JSON.
void Normalise(json::object& parameters) {
  for (auto member = parameters.begin(); member != parameters.end();) {
    if (member->value().is_null()) {
      member = parameters.erase(member);
    } else {
      ++member;
    }
  }
  for (const char* name : {"Input", "Output", "Definition"}) {
    json::value* value = parameters.if_contains(name);
    if (value != nullptr && !value->is_string()) *value = ToJson(*value);
  }
}

// What names a resource of another account or region means the one of that name here.
void Localise(json::object& parameters, const Identity& identity) {
  for (auto& member : parameters) {
    if (!std::string_view(member.key()).ends_with("Arn") || !member.value().is_string()) continue;
    Result<Arn> arn = Arn::Parse(member.value().get_string());
    if (!arn || arn->service != "states") continue;
    arn->partition = identity.partition;
    arn->region = identity.region;
    arn->account = identity.account;
    member.value() = arn->ToString();
  }
}

}  // namespace

io::Task<Result<JsonService::Answer>> JsonService::Call(Sdk sdk, std::string action,
                                                        json::object parameters) const {
  const bool camel = options_.members == Members::kCamelCase;
  Normalise(parameters);
  Localise(parameters, options_.identity);
  api::Call call;
  call.request_id = RandomUuid();
  call.identity = options_.identity;
  call.now = clock_.Now();
  Answer answer{.members = {}, .length = 0, .request_id = call.request_id};
  json::object input = camel ? ToCamelCase(parameters) : std::move(parameters);
  Result<json::value> output =
      co_await dialect_.Invoke(std::move(call), OperationName(std::move(action)), std::move(input));
  if (!output) {
    const int rest = api::RestStatus(output.error());
    co_return ServiceError(sdk, options_.errors, output.error(), rest >= 500 ? rest : 400,
                           answer.request_id);
  }
  answer.length = output->is_null() ? 0 : ToJson(*output).size();
  if (output->is_object()) {
    answer.members = camel ? ToPascalCase(output->get_object()) : std::move(output->get_object());
  }
  ConvertDates(sdk, answer.members);
  co_return answer;
}

json::value JsonService::Show(Sdk sdk, Answer answer) const {
  if (sdk == Sdk::kJava1) {
    AddSdkMetadata(answer.members, options_.content_type, answer.length, answer.request_id,
                   clock_.Now());
  }
  return std::move(answer.members);
}

io::Task<Result<json::value>> JsonService::Run(Sdk sdk, std::string action,
                                               json::object parameters) const {
  CO_TRY(Answer answer, co_await Call(sdk, std::move(action), std::move(parameters)));
  co_return Show(sdk, std::move(answer));
}

}  // namespace scones::integrations
