// What belongs to a whole function: concurrency, resource policy, tags; and the account's settings.
#include <fmt/format.h>

#include "api/lambda_dialect.h"
#include "api/lambda_json.h"
#include "base/random.h"

namespace scones::api {

using functions::FunctionExtras;
using functions::FunctionRef;

namespace {

constexpr std::int64_t kMinUnreserved = 100;
constexpr std::size_t kMaxTags = 50;
constexpr std::size_t kMaxPolicyBytes = 20 * 1024;

http::Response NoContent() {
  http::Response response;
  response.status = 204;
  return response;
}

Error NoPolicy() {
  return Error(Code::kNotFound, "ResourceNotFoundException",
               "The resource you requested does not exist.");
}

// The statement that AddPermission asks for, as GetPolicy shows it.
Result<json::object> Statement(const json::object& members, const std::string& resource) {
  const std::string id = StringOr(members, "StatementId", "");
  const std::string action = StringOr(members, "Action", "");
  const std::string principal = StringOr(members, "Principal", "");
  if (id.empty() || id.size() > 100 || action.empty() || principal.empty()) {
    return Error(Code::kInvalid, "InvalidParameterValueException",
                 "StatementId (of at most 100 characters), Action and Principal are required");
  }
  json::value who = "*";
  if (principal.ends_with(".amazonaws.com")) {
    who = json::object{{"Service", principal}};
  } else if (principal != "*") {
    who = json::object{{"AWS", principal}};
  }
  json::object statement{{"Sid", id},
                         {"Effect", "Allow"},
                         {"Principal", std::move(who)},
                         {"Action", action},
                         {"Resource", resource}};
  json::object condition;
  if (const json::string* arn = FindString(members, "SourceArn")) {
    condition["ArnLike"] = json::object{{"AWS:SourceArn", *arn}};
  }
  if (const json::string* account = FindString(members, "SourceAccount")) {
    condition["StringEquals"] = json::object{{"AWS:SourceAccount", *account}};
  }
  if (!condition.empty()) statement["Condition"] = std::move(condition);
  return statement;
}

}  // namespace

LambdaDialect::Answer LambdaDialect::PutConcurrency(Input input) {
  CO_TRY(const FunctionRef function, input.Function());
  const auto wanted = FindInteger(input.members, "ReservedConcurrentExecutions");
  if (!wanted || *wanted < 0) {
    co_return Error(Code::kInvalid, "InvalidParameterValueException",
                    "ReservedConcurrentExecutions must be a number that is not negative");
  }
  CO_TRY(const FunctionExtras before, functions_.GetExtras(function));
  const std::int64_t left = functions_.GetAccountSettings().unreserved_concurrency +
                            before.reserved_concurrency.value_or(0) - *wanted;
  if (left < kMinUnreserved) {
    co_return Error(Code::kInvalid, "InvalidParameterValueException",
                    fmt::format("Specified ReservedConcurrentExecutions for function decreases "
                                "account's UnreservedConcurrentExecution below its minimum value "
                                "of [{}].",
                                kMinUnreserved));
  }
  auto set = [wanted](FunctionExtras& extras) -> Result<void> {
    extras.reserved_concurrency = *wanted;
    return {};
  };
  CO_TRY_VOID(co_await functions_.UpdateExtras(function, std::move(set)));
  co_return LambdaJson(200, json::object{{"ReservedConcurrentExecutions", *wanted}});
}

LambdaDialect::Answer LambdaDialect::GetConcurrency(Input input) {
  CO_TRY(const FunctionRef function, input.Function());
  CO_TRY(const FunctionExtras extras, functions_.GetExtras(function));
  json::object body;
  if (extras.reserved_concurrency) {
    body["ReservedConcurrentExecutions"] = *extras.reserved_concurrency;
  }
  co_return LambdaJson(200, body);
}

LambdaDialect::Answer LambdaDialect::DeleteConcurrency(Input input) {
  CO_TRY(const FunctionRef function, input.Function());
  auto unset = [](FunctionExtras& extras) -> Result<void> {
    extras.reserved_concurrency.reset();
    return {};
  };
  CO_TRY_VOID(co_await functions_.UpdateExtras(function, std::move(unset)));
  co_return NoContent();
}

LambdaDialect::Answer LambdaDialect::AddPermission(Input input) {
  CO_TRY(const FunctionRef function, input.Function());
  CO_TRY(const auto configuration, functions_.Get(function));
  CO_TRY(const json::object statement, Statement(input.members, configuration.arn));
  const std::string text = ToJson(statement);
  auto add = [text, id = StringOr(statement, "Sid", "")](FunctionExtras& extras) -> Result<void> {
    std::size_t bytes = text.size();
    for (const auto& [name, other] : extras.policy) bytes += other.size();
    if (bytes > kMaxPolicyBytes) {
      return Error(Code::kInvalid, "PolicyLengthExceededException",
                   fmt::format("The final policy size ({}) is bigger than the limit ({}).", bytes,
                               kMaxPolicyBytes));
    }
    if (!extras.policy.emplace(id, text).second) {
      return Error(Code::kExists, "ResourceConflictException",
                   "The statement id (" + id +
                       ") provided already exists. Please provide a new statement id, or remove "
                       "the existing statement.");
    }
    return {};
  };
  CO_TRY_VOID(co_await functions_.UpdateExtras(function, std::move(add)));
  co_return LambdaJson(201, json::object{{"Statement", text}});
}

LambdaDialect::Answer LambdaDialect::GetPolicy(Input input) {
  CO_TRY(const FunctionRef function, input.Function());
  CO_TRY(const FunctionExtras extras, functions_.GetExtras(function));
  if (extras.policy.empty()) co_return NoPolicy();
  std::string statements;
  for (const auto& [id, statement] : extras.policy) {
    statements += (statements.empty() ? "" : ",") + statement;
  }
  co_return LambdaJson(
      200, json::object{{"Policy", R"({"Version":"2012-10-17","Id":"default","Statement":[)" +
                                       statements + "]}"}});
}

LambdaDialect::Answer LambdaDialect::RemovePermission(Input input) {
  CO_TRY(const FunctionRef function, input.Function());
  auto remove = [id = input.item](FunctionExtras& extras) -> Result<void> {
    if (extras.policy.erase(id) == 0) return NoPolicy();
    return {};
  };
  CO_TRY_VOID(co_await functions_.UpdateExtras(function, std::move(remove)));
  co_return NoContent();
}

LambdaDialect::Answer LambdaDialect::ListTags(Input input) {
  CO_TRY(const FunctionRef function, input.Function());
  CO_TRY(const FunctionExtras extras, functions_.GetExtras(function));
  json::object tags;
  for (const auto& [name, value] : extras.tags) tags[name] = value;
  co_return LambdaJson(200, json::object{{"Tags", std::move(tags)}});
}

LambdaDialect::Answer LambdaDialect::TagResource(Input input) {
  CO_TRY(const FunctionRef function, input.Function());
  CO_TRY(const auto tags, ParseStringMap(input.members, "Tags"));
  auto add = [tags](FunctionExtras& extras) -> Result<void> {
    for (const auto& [name, value] : tags) extras.tags[name] = value;
    if (extras.tags.size() <= kMaxTags) return {};
    return Error(Code::kInvalid, "InvalidParameterValueException",
                 fmt::format("A function may have {} tags", kMaxTags));
  };
  CO_TRY_VOID(co_await functions_.UpdateExtras(function, std::move(add)));
  co_return NoContent();
}

LambdaDialect::Answer LambdaDialect::UntagResource(Input input) {
  CO_TRY(const FunctionRef function, input.Function());
  auto remove = [query = input.query](FunctionExtras& extras) -> Result<void> {
    for (const auto& [name, value] : query) {
      if (name == "tagKeys") extras.tags.erase(value);
    }
    return {};
  };
  CO_TRY_VOID(co_await functions_.UpdateExtras(function, std::move(remove)));
  co_return NoContent();
}

LambdaDialect::Answer LambdaDialect::GetAccountSettings(Input) {
  const functions::AccountSettings settings = functions_.GetAccountSettings();
  co_return LambdaJson(
      200, json::object{{"AccountLimit",
                         {{"TotalCodeSize", settings.total_code_bytes_limit},
                          {"CodeSizeUnzipped", 262'144'000},
                          {"CodeSizeZipped", 52'428'800},
                          {"ConcurrentExecutions", settings.concurrency_limit},
                          {"UnreservedConcurrentExecutions", settings.unreserved_concurrency}}},
                        {"AccountUsage",
                         {{"TotalCodeSize", settings.total_code_bytes},
                          {"FunctionCount", settings.function_count}}}});
}

}  // namespace scones::api
