#include "asl/integrations.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/arn.h"

namespace scones::asl {
namespace {

// What AWS has: the optimised integrations' actions. The patterns that each takes are left to
// kProvided.
struct Service {
  std::string_view name;
  std::string_view actions;  // separated and enclosed by spaces; "*" for any
};
constexpr Service kServices[] = {
    {"apigateway", " invoke "},
    {"athena", " startQueryExecution stopQueryExecution getQueryExecution getQueryResults "},
    {"batch", " submitJob "},
    {"bedrock", " invokeModel createModelCustomizationJob "},
    {"codebuild",
     " startBuild stopBuild batchDeleteBuilds batchGetReports startBuildBatch stopBuildBatch "
     "retryBuildBatch deleteBuildBatch "},
    {"databrew", " startJobRun "},
    {"dynamodb", " getItem putItem updateItem deleteItem "},
    {"ecs", " runTask "},
    {"eks",
     " createCluster deleteCluster createFargateProfile deleteFargateProfile createNodegroup "
     "deleteNodegroup call runJob "},
    {"elasticmapreduce",
     " createCluster terminateCluster addStep cancelStep setClusterTerminationProtection "
     "modifyInstanceFleetByName modifyInstanceGroupByName "},
    {"emr-containers", " createVirtualCluster deleteVirtualCluster startJobRun "},
    {"emr-serverless",
     " createApplication startApplication stopApplication deleteApplication startJobRun "
     "cancelJobRun "},
    {"events", " putEvents "},
    {"glue", " startJobRun "},
    {"http", " invoke "},
    {"lambda", " invoke "},
    {"mediaconvert", " createJob "},
    {"sagemaker",
     " createEndpoint createEndpointConfig createHyperParameterTuningJob createLabelingJob "
     "createModel createProcessingJob createTrainingJob createTransformJob updateEndpoint "},
    {"sns", " publish "},
    {"sqs", " sendMessage "},
    {"states", " startExecution "},
};

// What runs here: actions with the patterns that they take, besides .waitForTaskToken where `token`
// says so. A row's name and an action's first letter are in AWS's integration case.
struct Provided {
  std::string_view service;
  bool token;
  std::string_view actions;  // separated and enclosed by spaces
};
constexpr Provided kProvided[] = {
    {"http", false, " invoke "},
    {"lambda", true, " invoke "},
    {"sagemaker", false,
     " createEndpoint createEndpointConfig createModel createTrainingJob createTrainingJob.sync "
     "updateEndpoint "},
    {"states", true, " startExecution startExecution.sync startExecution.sync:2 "},
    {"aws-sdk:lambda", true, " invoke "},
    {"aws-sdk:s3", true,
     " copyObject createBucket deleteBucket deleteObject deleteObjectTagging deleteObjects "
     "getBucketLocation getBucketVersioning getObject getObjectTagging headBucket headObject "
     "listBuckets listObjects listObjectsV2 putBucketVersioning putObject putObjectTagging "},
    {"aws-sdk:sagemaker", true,
     " addTags createEndpoint createEndpointConfig createModel createTrainingJob deleteEndpoint "
     "deleteEndpointConfig deleteModel deleteTags describeEndpoint describeEndpointConfig "
     "describeModel describeTrainingJob listEndpointConfigs listEndpoints listModels listTags "
     "listTrainingJobs stopTrainingJob updateEndpoint "},
    {"aws-sdk:sfn", true,
     " createActivity createStateMachine createStateMachineAlias deleteActivity "
     "deleteStateMachine deleteStateMachineAlias deleteStateMachineVersion describeActivity "
     "describeExecution describeMapRun describeStateMachine describeStateMachineAlias "
     "describeStateMachineForExecution getActivityTask getExecutionHistory listActivities "
     "listExecutions listMapRuns listStateMachineAliases listStateMachineVersions "
     "listStateMachines listTagsForResource publishStateMachineVersion redriveExecution "
     "sendTaskFailure sendTaskHeartbeat sendTaskSuccess startExecution startSyncExecution "
     "stopExecution tagResource testState untagResource updateMapRun updateStateMachine "
     "updateStateMachineAlias validateStateMachineDefinition "},
};

bool Lists(std::string_view actions, std::string_view action) {
  return actions.find(fmt::format(" {} ", action)) != std::string_view::npos;
}

bool IsProvided(const TaskResource& task) {
  if (task.kind != TaskKind::kIntegration) return true;
  std::string action = task.action;
  if (task.pattern == TaskPattern::kSync) action += ".sync";
  if (task.pattern == TaskPattern::kSync2) action += ".sync:2";
  const bool token = task.pattern == TaskPattern::kWaitForTaskToken;
  return std::any_of(std::begin(kProvided), std::end(kProvided), [&](const Provided& row) {
    return row.service == task.service && Lists(row.actions, action) && (row.token || !token);
  });
}

Error Unrecognised(std::string_view arn) {
  return Error(Code::kInvalid,
               fmt::format("The resource provided {} is not recognized. The value is not a valid "
                           "resource ARN, or the resource is not available in this region.",
                           arn));
}

bool IsWord(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_';
  });
}

// "function:NAME", "function:NAME:QUALIFIER".
bool IsFunction(std::string_view resource) {
  if (!resource.starts_with("function:")) return false;
  resource.remove_prefix(9);
  const std::size_t colon = resource.find(':');
  if (!IsWord(resource.substr(0, colon))) return false;
  if (colon == std::string_view::npos) return true;
  const std::string_view qualifier = resource.substr(colon + 1);
  return qualifier == "$LATEST" || IsWord(qualifier);
}

bool TakeSuffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

// resource: "lambda:invoke.waitForTaskToken", "aws-sdk:s3:getObject".
bool ParseIntegration(std::string_view resource, TaskResource& task) {
  task.kind = TaskKind::kIntegration;
  if (TakeSuffix(resource, ".waitForTaskToken")) {
    task.pattern = TaskPattern::kWaitForTaskToken;
  } else if (TakeSuffix(resource, ".sync:2")) {
    task.pattern = TaskPattern::kSync2;
  } else if (TakeSuffix(resource, ".sync")) {
    task.pattern = TaskPattern::kSync;
  }
  const std::size_t colon = resource.rfind(':');
  if (colon == std::string_view::npos) return false;
  task.service = std::string(resource.substr(0, colon));
  task.action = std::string(resource.substr(colon + 1));
  if (!IsWord(task.action)) return false;
  if (task.service.starts_with("aws-sdk:")) {
    const bool synchronous =
        task.pattern == TaskPattern::kSync || task.pattern == TaskPattern::kSync2;
    return IsWord(std::string_view(task.service).substr(8)) && !synchronous;
  }
  return std::any_of(std::begin(kServices), std::end(kServices), [&](const Service& service) {
    return service.name == task.service && Lists(service.actions, task.action);
  });
}

}  // namespace

Result<TaskResource> ParseTaskResource(std::string_view text) {
  TaskResource task;
  task.arn = std::string(text);
  auto arn = Arn::Parse(text);
  if (!arn) return Unrecognised(text);
  if (arn->service == "lambda" && IsFunction(arn->resource)) return task;
  if (arn->service == "states" && arn->resource.starts_with("activity:")) {
    task.kind = TaskKind::kActivity;
    return task;
  }
  if (arn->service == "states" && ParseIntegration(arn->resource, task)) return task;
  // The old task ARNs of Simple Workflow; a runner refuses them.
  if (arn->service == "swf" && arn->resource.starts_with("task:")) return task;
  return Unrecognised(text);
}

Result<void> CheckProvided(const Definition& definition) {
  std::vector<Diagnostic> missing;
  for (const Definition::TaskResource& used : definition.task_resources()) {
    TRY(const TaskResource task, ParseTaskResource(used.resource));
    if (IsProvided(task)) continue;
    missing.push_back({.severity = Severity::kError,
                       .code = "SCHEMA_VALIDATION_FAILED",
                       .message = fmt::format(
                           "The resource provided {} is one of AWS's that this server does not "
                           "have. Use a Lambda function in its place",
                           used.resource),
                       .location = used.location});
  }
  if (missing.empty()) return {};
  return InvalidDefinition(missing);
}

std::vector<std::string> ProvidedActions(std::string_view service) {
  std::vector<std::string> actions;
  for (const Provided& row : kProvided) {
    if (row.service != service) continue;
    std::string_view rest = row.actions.substr(1);
    for (std::size_t end = rest.find(' '); end != std::string_view::npos; end = rest.find(' ')) {
      actions.emplace_back(rest.substr(0, end));
      rest.remove_prefix(end + 1);
    }
  }
  return actions;
}

}  // namespace scones::asl
