// DeployEndpoint of deployment_step.h.

#include <fmt/format.h>

#include <thread>

#include "programs/deployment_step.h"
#include "programs/interrupt.h"
#include "programs/workflow_names.h"

namespace scones::programs {
namespace {

constexpr std::chrono::milliseconds kPollInterval{100};

// Calls a Create… operation for which "there already" is success.
Result<void> CreateUnlessThere(Aws& aws, const char* operation, json::object request) {
  const Result<json::object> made = aws.Call("sagemaker", operation, std::move(request));
  const bool there = !made && made.error().message().find("already exist") != std::string::npos;
  if (!made && !there) return made.error().Within(operation);
  return {};
}

Result<void> CreateModelAndConfig(Aws& aws, const TrainedModel& model, const std::string& name,
                                  const S3Uri& capture, const std::string& precision) {
  TRY(const std::string role, WorkflowRole(aws));
  const std::string image =
      fmt::format("811284229777.dkr.ecr.{}.amazonaws.com/image-classification:1", aws.region());
  TRY_VOID(CreateUnlessThere(aws, "CreateModel",
                             {{"ModelName", name},
                              {"ExecutionRoleArn", role},
                              {"PrimaryContainer",
                               {{"Image", image},
                                {"ModelDataUrl", model.artifact.ToString()},
                                {"Environment", {{"SCONES_PRECISION", precision}}}}}}));
  return CreateUnlessThere(aws, "CreateEndpointConfig",
                           {{"EndpointConfigName", name},
                            {"ProductionVariants", json::array{{{"VariantName", kVariantName},
                                                                {"ModelName", name},
                                                                {"InitialInstanceCount", 1},
                                                                {"InstanceType", "ml.m5.xlarge"},
                                                                {"InitialVariantWeight", 1.0}}}},
                            {"DataCaptureConfig",
                             {{"EnableCapture", true},
                              {"InitialSamplingPercentage", 100},
                              {"DestinationS3Uri", capture.ToString()},
                              {"CaptureOptions", json::array{{{"CaptureMode", "Input"}},
                                                             {{"CaptureMode", "Output"}}}}}}});
}

// The endpoint when it is not being changed, as a run that was cut off may have left it.
Result<json::object> DescribeOnceSettled(Aws& aws) {
  while (true) {
    TRY(json::object endpoint,
        aws.Call("sagemaker", "DescribeEndpoint", {{"EndpointName", kEndpointName}}));
    const std::string status = StringOr(endpoint, "EndpointStatus", "");
    if (status != "Creating" && status != "Updating" && status != "Deleting") return endpoint;
    if (Interrupted()) return Error(Code::kCancelled, "interrupted");
    std::this_thread::sleep_for(kPollInterval);
  }
}

Result<void> WaitUntilInService(Aws& aws, const std::string& config, Progress& progress) {
  while (true) {
    TRY(const json::object endpoint,
        aws.Call("sagemaker", "DescribeEndpoint", {{"EndpointName", kEndpointName}}));
    const std::string status = StringOr(endpoint, "EndpointStatus", "");
    if (status == "InService" && StringOr(endpoint, "EndpointConfigName", "") == config) return {};
    if (status == "Failed" || status == "InService") {
      return Error(Code::kInternal,
                   fmt::format("endpoint {} is {} with {}: {}", kEndpointName, status,
                               StringOr(endpoint, "EndpointConfigName", ""),
                               StringOr(endpoint, "FailureReason", "")));
    }
    if (Interrupted()) return Error(Code::kCancelled, "interrupted");
    progress.Update(0, 0, status);
    std::this_thread::sleep_for(kPollInterval);
  }
}

}  // namespace

Result<void> DeployEndpoint(Aws& aws, const TrainedModel& model, const S3Uri& capture,
                            const std::string& precision, Progress::Style style) {
  Progress progress(style, "model and endpoint");
  const std::string name =
      precision == "fp32" ? model.job_name : fmt::format("{}-{}", model.job_name, precision);
  const Result<json::object> present = DescribeOnceSettled(aws);
  if (!present && !IsNotFound(present.error())) return present.error();
  if (present && StringOr(*present, "EndpointStatus", "") == "InService" &&
      StringOr(*present, "EndpointConfigName", "") == name) {
    progress.Skip(fmt::format("{} serves {} already", kEndpointName, name));
    return {};
  }
  TRY_VOID(CreateModelAndConfig(aws, model, name, capture, precision));
  if (present && StringOr(*present, "EndpointStatus", "") == "Failed") {
    TRY([[maybe_unused]] const json::object deleted,
        aws.Call("sagemaker", "DeleteEndpoint", {{"EndpointName", kEndpointName}}));
  }
  const bool update = present && StringOr(*present, "EndpointStatus", "") != "Failed";
  const json::object request{{"EndpointName", kEndpointName}, {"EndpointConfigName", name}};
  TRY([[maybe_unused]] const json::object made,
      aws.Call("sagemaker", update ? "UpdateEndpoint" : "CreateEndpoint", request));
  TRY_VOID(WaitUntilInService(aws, name, progress));
  progress.Done(
      fmt::format("{} serves {}, capturing to {}", kEndpointName, name, capture.ToString()));
  return {};
}

}  // namespace scones::programs
