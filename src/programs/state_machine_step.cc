// DeployStateMachine of deployment_step.h.

#include <fmt/format.h>

#include <array>
#include <thread>

#include "base/encoding.h"
#include "base/hash.h"
#include "functions/package.h"
#include "programs/deployment_step.h"
#include "programs/interrupt.h"
#include "programs/workflow_names.h"

namespace scones::programs {
namespace {

constexpr char kFunctionsPath[] = "/2015-03-31/functions";

struct WorkflowFunction {
  const char* name;
  const char* handler;
  const char* state;  // of the state machine
};

constexpr std::array<WorkflowFunction, 3> kFunctions = {
    WorkflowFunction{kSerializeFunction, "scones.serialize_image_data", "Lambda Process Data"},
    WorkflowFunction{kClassifyFunction, "scones.classify_image", "Lambda Inference"},
    WorkflowFunction{kFilterFunction, "scones.filter_confidence", "Lambda Filter"}};

json::object Settings(const WorkflowFunction& function, const std::string& role, double threshold) {
  return {{"FunctionName", function.name},
          {"Runtime", "provided.al2023"},
          {"Role", role},
          {"Handler", function.handler},
          {"Timeout", 30},
          {"MemorySize", 256},
          {"Environment",
           {{"Variables",
             {{"ENDPOINT_NAME", kEndpointName}, {"THRESHOLD", fmt::format("{}", threshold)}}}}}};
}

// Whether every setting of `wanted` is what `configuration` says.
bool SettingsAgree(const json::object& configuration, const json::object& wanted) {
  for (const char* name : {"Runtime", "Handler", "Role"}) {
    if (StringOr(configuration, name, "") != StringOr(wanted, name, "?")) return false;
  }
  const json::object* present = FindObject(configuration, "Environment");
  const json::value* variables = present == nullptr ? nullptr : FindMember(*present, "Variables");
  return variables != nullptr && *variables == wanted.at("Environment").at("Variables");
}

Result<void> WaitUntilActive(Aws& aws, const std::string& name) {
  const std::string path = fmt::format("{}/{}/configuration", kFunctionsPath, name);
  while (true) {
    TRY(const json::object configuration, aws.CallLambda("GET", path, ""));
    const std::string state = StringOr(configuration, "State", "Active");
    const std::string update = StringOr(configuration, "LastUpdateStatus", "Successful");
    if (state == "Active" && update == "Successful") return {};
    if (state == "Failed" || update == "Failed") {
      return Error(Code::kInternal, fmt::format("function {} failed: {}", name,
                                                StringOr(configuration, "StateReason", "")));
    }
    if (Interrupted()) return Error(Code::kCancelled, "interrupted");
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

// Sends a change of the function and waits until it is in force.
Result<void> Change(Aws& aws, const std::string& name, const char* method, const std::string& path,
                    const json::object& body) {
  TRY([[maybe_unused]] const json::object answer, aws.CallLambda(method, path, ToJson(body)));
  return WaitUntilActive(aws, name);
}

// True where something had to be made or changed.
Result<bool> DeployFunction(Aws& aws, const WorkflowFunction& function, const std::string& role,
                            double threshold, const std::string& package) {
  json::object settings = Settings(function, role, threshold);
  const json::object code{{"ZipFile", Base64Encode(package)}};
  const std::string path = fmt::format("{}/{}", kFunctionsPath, function.name);
  const Result<json::object> present = aws.CallLambda("GET", path + "/configuration", "");
  if (!present && !IsNotFound(present.error())) return present.error();
  if (!present) {
    settings["Code"] = code;
    TRY_VOID(Change(aws, function.name, "POST", kFunctionsPath, settings));
    return true;
  }
  const std::string code_sha256 = Base64Encode(Digest(HashAlgorithm::kSha256, package));
  const bool same_code = StringOr(*present, "CodeSha256", "") == code_sha256;
  const bool same_settings = SettingsAgree(*present, settings);
  if (!same_code) TRY_VOID(Change(aws, function.name, "PUT", path + "/code", code));
  if (!same_settings) {
    TRY_VOID(Change(aws, function.name, "PUT", path + "/configuration", settings));
  }
  return !same_code || !same_settings;
}

json::object TaskState(const std::string& function_arn) {
  return {{"Type", "Task"},
          {"Resource", "arn:aws:states:::lambda:invoke"},
          {"OutputPath", "$.Payload"},
          {"Parameters", {{"FunctionName", function_arn + ":$LATEST"}, {"Payload.$", "$"}}},
          {"Retry", json::array{{{"ErrorEquals",
                                  {"Lambda.ServiceException", "Lambda.AWSLambdaException",
                                   "Lambda.SdkClientException"}},
                                 {"IntervalSeconds", 2},
                                 {"MaxAttempts", 6},
                                 {"BackoffRate", 2}}}}};
}

std::string Definition(const std::string& region, const std::string& account) {
  json::object states;
  for (std::size_t i = 0; i < kFunctions.size(); ++i) {
    json::object state = TaskState(
        fmt::format("arn:aws:lambda:{}:{}:function:{}", region, account, kFunctions[i].name));
    if (i + 1 < kFunctions.size()) {
      state["Next"] = kFunctions[i + 1].state;
    } else {
      state["End"] = true;
    }
    states[kFunctions[i].state] = std::move(state);
  }
  return ToPrettyJson(
      json::object{{"Comment", "Classifies one picture; fails below the confidence threshold"},
                   {"StartAt", kFunctions[0].state},
                   {"States", std::move(states)}});
}

Result<bool> DeployMachine(Aws& aws, const std::string& arn, const std::string& role,
                           const std::string& definition) {
  const Result<json::object> present =
      aws.Call("states", "DescribeStateMachine", {{"stateMachineArn", arn}});
  if (!present && !IsNotFound(present.error())) return present.error();
  if (present && StringOr(*present, "definition", "") == definition) return false;
  json::object request{{"roleArn", role}, {"definition", definition}};
  if (present) {
    request["stateMachineArn"] = arn;
  } else {
    request["name"] = kStateMachineName;
  }
  TRY([[maybe_unused]] const json::object made,
      aws.Call("states", present ? "UpdateStateMachine" : "CreateStateMachine",
               std::move(request)));
  return true;
}

}  // namespace

Result<std::string> DeployStateMachine(Aws& aws, double threshold, const io::Path& bootstrap,
                                       Progress::Style style) {
  Progress progress(style, "functions and workflow");
  TRY(const std::string account, aws.GetAccount());
  TRY(const std::string role, WorkflowRole(aws));
  TRY(const std::string package, functions::MakeWorkflowPackage(bootstrap));
  bool changed = false;
  for (std::size_t i = 0; i < kFunctions.size(); ++i) {
    TRY(const bool deployed, DeployFunction(aws, kFunctions[i], role, threshold, package));
    changed = changed || deployed;
    progress.Update(i + 1, kFunctions.size() + 1, kFunctions[i].name);
  }
  const std::string arn =
      fmt::format("arn:aws:states:{}:{}:stateMachine:{}", aws.region(), account, kStateMachineName);
  TRY(const bool deployed, DeployMachine(aws, arn, role, Definition(aws.region(), account)));
  if (changed || deployed) {
    progress.Done(fmt::format("3 functions, state machine {}", kStateMachineName));
  } else {
    progress.Skip(
        fmt::format("3 functions and state machine {} are there already", kStateMachineName));
  }
  return arn;
}

}  // namespace scones::programs
