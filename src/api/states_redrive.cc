// RedriveExecution, and what the other calls say of redrives.
#include "api/states_json.h"
#include "api/states_operations.h"

namespace scones::api::states {
namespace {

constexpr std::size_t kMaxClientTokenBytes = 64;

std::string_view StatusName(workflows::RedriveStatus status) {
  switch (status) {
    case workflows::RedriveStatus::kRedrivable:
      return "REDRIVABLE";
    case workflows::RedriveStatus::kNotRedrivable:
      return "NOT_REDRIVABLE";
    case workflows::RedriveStatus::kRedrivableByMapRun:
      return "REDRIVABLE_BY_MAP_RUN";
  }
  return "";
}

io::Task<Result<json::value>> RedriveExecution(workflows::Workflows& service, json::object input) {
  CO_TRY(std::string arn, RequiredText(input, "executionArn"));
  CO_TRY(const auto token, OptionalText(input, "clientToken"));
  if (token && token->empty()) {
    co_return Violation("clientToken", "", "Member must have length greater than or equal to 1");
  }
  if (token && token->size() > kMaxClientTokenBytes) {
    co_return Violation("clientToken", *token, "Member must have length less than or equal to 64");
  }
  CO_TRY(const Timestamp redriven,
         co_await service.RedriveExecution(std::move(arn), token.value_or("")));
  co_return json::value{{"redriveDate", Date(redriven)}};
}

}  // namespace

void PutRedrives(json::object& members, const workflows::RedriveRecord& redrives) {
  members["redriveCount"] = redrives.count;
  if (redrives.last) members["redriveDate"] = Date(*redrives.last);
}

void PutRedriveStatus(json::object& members, const workflows::Execution& execution) {
  members["redriveStatus"] = StatusName(execution.redrive_status);
  if (execution.redrive_status == workflows::RedriveStatus::kNotRedrivable) {
    members["redriveStatusReason"] = execution.redrive_status_reason;
  }
}

Result<std::optional<bool>> ReadRedriveFilter(const json::object& input) {
  TRY(const std::optional<std::string> filter, OptionalText(input, "redriveFilter"));
  if (!filter) return std::optional<bool>();
  if (*filter != "REDRIVEN" && *filter != "NOT_REDRIVEN") {
    return Violation("redriveFilter", *filter,
                     "Member must satisfy enum value set: [REDRIVEN, NOT_REDRIVEN]");
  }
  return std::optional<bool>(*filter == "REDRIVEN");
}

Result<void> RefuseRedriveFilter(const json::object& input) {
  TRY(const std::optional<bool> filter, ReadRedriveFilter(input));
  if (!filter) return {};
  return Invalid("RedriveFilter cannot be applied to ListExecutions call with StateMachine ARN");
}

void AddRedriveOperations(JsonDialect& dialect, workflows::Workflows& service) {
  dialect.Add("RedriveExecution", Writing(service, RedriveExecution));
}

}  // namespace scones::api::states
