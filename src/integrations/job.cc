#include "integrations/job.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/hash.h"

namespace scones::integrations {
namespace {

using workflows::TaskOutcome;
using workflows::TaskRequest;

struct NamedCreation {
  std::string_view action;
  std::string_view name;
  std::string_view describe;
  std::string_view arn;
};
constexpr NamedCreation kSageMaker[] = {
    {"createTrainingJob", "TrainingJobName", "describeTrainingJob", "TrainingJobArn"},
    {"createModel", "ModelName", "describeModel", "ModelArn"},
    {"createEndpointConfig", "EndpointConfigName", "describeEndpointConfig", "EndpointConfigArn"},
    {"createEndpoint", "EndpointName", "describeEndpoint", "EndpointArn"},
};

// A UUID that follows from the task.
std::string TaskUuid(const TaskRequest& request) {
  std::string hex = HexEncode(Digest(
      HashAlgorithm::kSha256, fmt::format("{} {}", request.execution_arn, request.task.seq)));
  hex[12] = '8';  // version 8: of the maker's own kind
  hex[16] = "89ab"[static_cast<unsigned char>(hex[16]) % 4];
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20, 12));
}

// The execution's ARN here, from the machine's ARN of any account, which may end with a version or
// an alias.
std::string ExecutionArnOf(const Identity& identity, std::string_view machine_arn,
                           std::string_view name) {
  const Result<Arn> arn = Arn::Parse(machine_arn);
  constexpr std::string_view kPrefix = "stateMachine:";
  if (!arn || !arn->resource.starts_with(kPrefix)) return "";
  std::string machine = arn->resource.substr(kPrefix.size());
  machine = machine.substr(0, machine.find(':'));
  return identity.MakeArn("states", fmt::format("execution:{}:{}", machine, name)).ToString();
}

std::string_view ResourceSuffix(asl::TaskPattern pattern) {
  switch (pattern) {
    case asl::TaskPattern::kRequestResponse:
      return "";
    case asl::TaskPattern::kSync:
      return ".sync";
    case asl::TaskPattern::kSync2:
      return ".sync:2";
    case asl::TaskPattern::kWaitForTaskToken:
      return ".waitForTaskToken";
  }
  return "";
}

// When the task was scheduled, from its execution's history.
std::optional<Timestamp> ScheduledAt(workflows::Workflows& workflows, const TaskRequest& request) {
  const std::string resource =
      fmt::format("{}{}", request.task.action, ResourceSuffix(request.task.pattern));
  workflows::PageRequest page;
  while (true) {
    const auto listed = workflows.GetExecutionHistory(request.execution_arn,
                                                      workflows::HistoryOrder::kNewestFirst, page);
    if (!listed) return std::nullopt;
    for (const asl::HistoryEvent& event : listed->items) {
      if (event.type == asl::EventType::kTaskScheduled &&
          StringOr(event.details, "resource", "") == resource &&
          StringOr(event.details, "parameters", "") == request.task.input) {
        return event.timestamp;
      }
    }
    if (listed->next_token.empty()) return std::nullopt;
    page.next_token = listed->next_token;
  }
}

// A date as ConvertDates has shown it for version 1.
std::optional<Timestamp> DateIn(const json::object& members, std::string_view name) {
  const auto milliseconds = FindInteger(members, name);
  if (!milliseconds) return std::nullopt;
  return FromEpochMilliseconds(*milliseconds);
}

void ParseText(json::object& members, std::string_view name) {
  json::value* text = members.if_contains(name);
  if (text == nullptr || !text->is_string()) return;
  if (Result<json::value> parsed = ParseJson(text->get_string())) *text = *std::move(parsed);
}

}  // namespace

std::optional<Creation> FindCreation(const TaskRequest& request, json::object& parameters,
                                     const Identity& identity) {
  const std::string& action = request.task.action;
  if (action == "startExecution") {
    const json::value* given = FindMember(parameters, "Name");
    if (given == nullptr || given->is_null()) parameters["Name"] = TaskUuid(request);
    return Creation{.describe = "describeExecution",
                    .key = {{"ExecutionArn",
                             ExecutionArnOf(identity, StringOr(parameters, "StateMachineArn", ""),
                                            StringOr(parameters, "Name", ""))}},
                    .arn_member = "ExecutionArn",
                    .created = "StartDate"};
  }
  for (const NamedCreation& row : kSageMaker) {
    if (row.action != action) continue;
    return Creation{.describe = std::string(row.describe),
                    .key = {{row.name, StringOr(parameters, row.name, "")}},
                    .arn_member = std::string(row.arn),
                    .created = "CreationTime"};
  }
  return std::nullopt;
}

io::Task<Result<JsonService::Answer>> Recognise(const JsonService& service,
                                                workflows::Workflows& workflows, Sdk sdk,
                                                const TaskRequest& request, Creation creation,
                                                Error error) {
  if (!request.again || error.code() != Code::kExists) co_return error;
  const std::optional<Timestamp> scheduled = ScheduledAt(workflows, request);
  if (!scheduled) co_return error;
  auto found = co_await service.Call(Sdk::kJava1, creation.describe, creation.key);
  if (!found) co_return error;
  const std::optional<Timestamp> made = DateIn(found->members, creation.created);
  // Shown times are whole milliseconds.
  if (!made || *made + std::chrono::milliseconds(1) < *scheduled) co_return error;
  JsonService::Answer answer{
      .members = {}, .length = found->length, .request_id = found->request_id};
  answer.members[creation.arn_member] = StringOr(found->members, creation.arn_member, "");
  if (creation.created == "StartDate") {
    json::object date{{"StartDate", EpochSeconds(*made)}};
    ConvertDates(sdk, date);
    answer.members["StartDate"] = date["StartDate"];
  }
  co_return answer;
}

std::optional<TaskOutcome> JobOutcome(const json::object& description, bool parse_texts) {
  std::string status = StringOr(description, "Status", "");
  if (status.empty()) status = StringOr(description, "TrainingJobStatus", "");
  if (status == "RUNNING" || status == "PENDING_REDRIVE" || status == "InProgress" ||
      status == "Stopping") {
    return std::nullopt;
  }
  if (status != "SUCCEEDED" && status != "Completed") {
    return TaskOutcome::Failed("States.TaskFailed", ToJson(description));
  }
  json::object shown = description;
  if (parse_texts) {
    ParseText(shown, "Input");
    ParseText(shown, "Output");
  }
  return TaskOutcome::Succeeded(ToJson(shown));
}

}  // namespace scones::integrations
