// Activities, and answers by task token.
#include "api/states_json.h"
#include "api/states_operations.h"

namespace scones::api::states {
namespace {

using workflows::Workflows;

io::Task<Result<json::value>> CreateActivity(Workflows& service, json::object input) {
  CO_TRY(std::string name, RequiredText(input, "name"));
  CO_TRY_VOID(CheckEncryption(input));
  CO_TRY(std::vector<workflows::Tag> tags, ReadTags(input));
  CO_TRY(const auto activity, co_await service.CreateActivity(std::move(name), std::move(tags)));
  co_return json::value{{"activityArn", activity.arn}, {"creationDate", Date(activity.created)}};
}

io::Task<Result<json::value>> DeleteActivity(Workflows& service, json::object input) {
  CO_TRY(std::string arn, RequiredText(input, "activityArn"));
  CO_TRY_VOID(co_await service.DeleteActivity(std::move(arn)));
  co_return json::object();
}

Result<json::value> DescribeActivity(Workflows& service, const json::object& input) {
  TRY(const std::string arn, RequiredText(input, "activityArn"));
  TRY(const workflows::Activity activity, service.DescribeActivity(arn));
  return json::value{{"activityArn", activity.arn},
                     {"name", activity.name},
                     {"creationDate", Date(activity.created)},
                     {"encryptionConfiguration", {{"type", kOwnedKey}}}};
}

Result<json::value> ListActivities(Workflows& service, const json::object& input) {
  TRY(const workflows::PageRequest page, ReadPage(input));
  TRY(const auto listed, service.ListActivities(page));
  json::array activities;
  for (const workflows::Activity& activity : listed.items) {
    activities.push_back({{"activityArn", activity.arn},
                          {"name", activity.name},
                          {"creationDate", Date(activity.created)}});
  }
  json::object output{{"activities", std::move(activities)}};
  PutNextToken(output, listed.next_token);
  return output;
}

// Without a task the answer has no token, which clients show as none.
io::Task<Result<json::value>> GetActivityTask(Workflows& service, Call call, json::object input) {
  CO_TRY(std::string arn, RequiredText(input, "activityArn"));
  CO_TRY(const std::optional<std::string> worker, OptionalText(input, "workerName"));
  CO_TRY(const std::optional<workflows::ActivityTask> task,
         co_await service.GetActivityTask(std::move(arn), worker.value_or(""),
                                          std::move(call.client_is_there)));
  if (!task) co_return json::object();
  co_return json::value{{"taskToken", task->token}, {"input", task->input}};
}

io::Task<Result<json::value>> SendTaskSuccess(Workflows& service, json::object input) {
  CO_TRY(std::string token, RequiredText(input, "taskToken"));
  CO_TRY(std::string output, RequiredText(input, "output"));
  CO_TRY_VOID(co_await service.SendTaskSuccess(std::move(token), std::move(output)));
  co_return json::object();
}

io::Task<Result<json::value>> SendTaskFailure(Workflows& service, json::object input) {
  CO_TRY(std::string token, RequiredText(input, "taskToken"));
  CO_TRY(const auto error, OptionalText(input, "error"));
  CO_TRY(const auto cause, OptionalText(input, "cause"));
  CO_TRY_VOID(
      co_await service.SendTaskFailure(std::move(token), error.value_or(""), cause.value_or("")));
  co_return json::object();
}

io::Task<Result<json::value>> SendTaskHeartbeat(Workflows& service, json::object input) {
  CO_TRY(std::string token, RequiredText(input, "taskToken"));
  CO_TRY_VOID(co_await service.SendTaskHeartbeat(std::move(token)));
  co_return json::object();
}

}  // namespace

void AddActivityOperations(JsonDialect& dialect, Workflows& service) {
  dialect.Add("CreateActivity", Writing(service, CreateActivity));
  dialect.Add("DeleteActivity", Writing(service, DeleteActivity));
  dialect.Add("DescribeActivity", Reading(service, DescribeActivity));
  dialect.Add("ListActivities", Reading(service, ListActivities));
  dialect.Add("GetActivityTask", [&service](Call call, json::object input) {
    return GetActivityTask(service, std::move(call), std::move(input));
  });
  dialect.Add("SendTaskSuccess", Writing(service, SendTaskSuccess));
  dialect.Add("SendTaskFailure", Writing(service, SendTaskFailure));
  dialect.Add("SendTaskHeartbeat", Writing(service, SendTaskHeartbeat));
}

}  // namespace scones::api::states
