#include "asl/integrations.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/arn.h"

namespace scones::asl {
namespace {

// The optimised integrations' actions. The patterns that each takes are the service's own affair: a
// runner that lacks one says so.
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
    return service.name == task.service &&
           service.actions.find(fmt::format(" {} ", task.action)) != std::string_view::npos;
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

}  // namespace scones::asl
