// Endpoints: Creating -> InService or Failed; InService -> Updating -> InService; either ->
// Deleting.
#include <fmt/format.h>

#include <utility>

#include "base/log.h"
#include "base/random.h"
#include "endpoints/artifact.h"
#include "endpoints/detail/service.h"
#include "endpoints/detail/validation.h"
#include "io/crash_point.h"

namespace scones::endpoints::detail {
namespace {

bool InProgress(EndpointStatus status) {
  return status == EndpointStatus::kCreating || status == EndpointStatus::kUpdating ||
         status == EndpointStatus::kDeleting;
}

// The pool's queue is full: no reason to give up an endpoint.
constexpr int kBusyRetries = 100;
constexpr std::chrono::milliseconds kBusyDelay{100};
bool IsBusy(const Result<std::shared_ptr<ModelHost>>& host) {
  return !host && host.error().reason() == "SlowDown";
}

Error InProgressError(const std::string& arn) {
  return Error(Code::kExists, "ValidationException",
               fmt::format("Cannot update in-progress endpoint \"{}\".", arn));
}

Result<void> PutRow(db::Connection& connection, const EndpointRow& row) {
  return PutDocument(connection, Kind::kEndpoint, row.name, ToJsonValue(row));
}

}  // namespace

EndpointRecord Service::Describe(const EndpointRow& row) const {
  EndpointRecord record{.name = row.name,
                        .arn = ArnOf(Kind::kEndpoint, row.name),
                        .config_name = {},
                        .status = row.status,
                        .failure_reason = row.failure_reason,
                        .creation_time = row.creation_time,
                        .last_modified_time = row.last_modified_time,
                        .variants = {},
                        .data_capture = {},
                        .tags = row.tags};
  const std::optional<DeploymentPlan>& plan = row.live ? row.live : row.pending;
  if (!plan) return record;
  record.config_name = plan->config_name;
  record.data_capture = plan->data_capture;
  for (const PlannedVariant& planned : plan->variants) {
    const ProductionVariant& variant = planned.variant;
    record.variants.push_back({.name = variant.name,
                               .current_weight = variant.initial_variant_weight,
                               .desired_weight = variant.initial_variant_weight,
                               .current_instance_count = variant.initial_instance_count,
                               .desired_instance_count = variant.initial_instance_count});
  }
  return record;
}

Result<DeploymentPlan> Service::MakePlan(db::Connection& connection,
                                         const std::string& config_name) const {
  TRY(const json::value document, Load(connection, Kind::kEndpointConfig, config_name));
  TRY(const EndpointConfigRecord config, EndpointConfigFromJson(document));
  DeploymentPlan plan{config_name, {}, config.spec.data_capture};
  for (const ProductionVariant& variant : config.spec.variants) {
    TRY(const json::value found, Load(connection, Kind::kModel, variant.model_name));
    TRY(const ModelRecord model, ModelFromJson(found));
    TRY(PrecisionChoice precision, ParsePrecisionChoice(model.spec.container.environment));
    plan.variants.push_back(
        {variant, model.spec.container.model_data_url, RandomUuid(), std::move(precision)});
  }
  return plan;
}

io::Task<Result<EndpointRecord>> Service::CreateEndpoint(std::string name, std::string config_name,
                                                         Tags tags) {
  CO_TRY_VOID(ValidateName("endpointName", name));
  CO_TRY_VOID(ValidateTags(tags));
  const Timestamp now = clock_.Now();
  auto job = [this, name, config_name, tags,
              now](db::Connection& connection) -> Result<EndpointRow> {
    TRY(const auto found, FindDocument(connection, Kind::kEndpoint, name));
    if (found) return AlreadyExists(Kind::kEndpoint, name);
    TRY(const std::int64_t count, CountDocuments(connection, Kind::kEndpoint));
    if (std::cmp_greater_equal(count, options_.max_endpoints)) {
      return Error(Code::kExhausted, "ResourceLimitExceeded",
                   fmt::format("There are {} of {} possible endpoints. Delete some first.", count,
                               options_.max_endpoints));
    }
    EndpointRow row{.name = name, .creation_time = now, .last_modified_time = now, .tags = tags};
    TRY(row.pending, MakePlan(connection, config_name));
    TRY_VOID(PutRow(connection, row));
    return row;
  };
  CO_TRY(const EndpointRow row, co_await database_.Write(std::move(job)));
  shards_.Spawn(Deploy(shared_from_this(), name, *row.pending));
  co_return Describe(row);
}

io::Task<Result<EndpointRecord>> Service::UpdateEndpoint(std::string name,
                                                         std::string config_name) {
  const Timestamp now = clock_.Now();
  auto job = [this, name, config_name, now](db::Connection& connection) -> Result<EndpointRow> {
    TRY(const json::value document, Load(connection, Kind::kEndpoint, name));
    TRY(EndpointRow row, EndpointFromJson(document));
    if (InProgress(row.status)) return InProgressError(ArnOf(Kind::kEndpoint, name));
    if (!row.live) {
      return Error(
          Code::kExists, "ValidationException",
          fmt::format("Cannot update failed endpoint \"{}\". Delete it and create it again.",
                      ArnOf(Kind::kEndpoint, name)));
    }
    row.status = EndpointStatus::kUpdating;
    row.failure_reason.clear();
    row.last_modified_time = now;
    TRY(row.pending, MakePlan(connection, config_name));
    TRY_VOID(PutRow(connection, row));
    return row;
  };
  CO_TRY(const EndpointRow row, co_await database_.Write(std::move(job)));
  shards_.Spawn(Deploy(shared_from_this(), name, *row.pending));
  co_return Describe(row);
}

Result<EndpointRecord> Service::DescribeEndpoint(const std::string& name) const {
  return database_.Read([&](db::Connection& connection) -> Result<EndpointRecord> {
    TRY(const json::value document, Load(connection, Kind::kEndpoint, name));
    TRY(const EndpointRow row, EndpointFromJson(document));
    return Describe(row);
  });
}

io::Task<Result<void>> Service::DeleteEndpoint(std::string name) {
  const Timestamp now = clock_.Now();
  auto job = [this, name, now](db::Connection& connection) -> Result<EndpointRow> {
    TRY(const json::value document, Load(connection, Kind::kEndpoint, name));
    TRY(EndpointRow row, EndpointFromJson(document));
    if (InProgress(row.status)) return InProgressError(ArnOf(Kind::kEndpoint, name));
    row.status = EndpointStatus::kDeleting;
    row.last_modified_time = now;
    TRY_VOID(PutRow(connection, row));
    return row;
  };
  CO_TRY(EndpointRow row, co_await database_.Write(std::move(job)));
  SetRoute(name, nullptr);
  shards_.Spawn(Drain(shared_from_this(), std::move(row)));
  co_return Result<void>();
}

// Stores the endpoint's captures, then forgets it.
io::Task<void> Service::Drain(std::shared_ptr<Service> self, EndpointRow row) {
  co_await self->captures_->Flush(row.name);
  auto job = [row](db::Connection& connection) {
    return RemoveDocument(connection, Kind::kEndpoint, row.name);
  };
  Result<void> removed = co_await self->database_.Write(std::move(job));
  if (!removed) {
    LogError("endpoints.delete.failed", "endpoint={} error={}", LogValue(row.name),
             LogValue(removed.error().message()));
    co_return;
  }
  self->RemoveArtifacts(row.live);
  self->RemoveArtifacts(row.pending);
}

io::Task<Result<void>> Service::FetchArtifact(std::shared_ptr<Service> self,
                                              PlannedVariant planned) {
  const io::Path path = self->ArtifactPath(planned.artifact_id);
  std::error_code fault;
  if (std::filesystem::exists(path, fault)) co_return Result<void>();
  CO_TRY(const S3Uri uri, S3Uri::Parse(planned.model_data_url));
  const io::Path part = path.string() + ".part";
  Result<void> read = co_await self->blobs_.ReadToFile(uri, part);
  if (!read) {
    co_return Error(
        read.error().code(), "",
        fmt::format("Failed to download model data for variant \"{}\" from URL: \"{}\". "
                    "Please ensure that there is an object located at the URL. ({})",
                    planned.variant.name, planned.model_data_url, read.error().message()));
  }
  auto keep = [part, path]() -> Result<void> {
    {
      TRY(io::File file, io::File::Open(part, io::File::Mode::kRead));
      TRY_VOID(file.Sync());
    }
    TRY_VOID(io::Rename(part, path));
    return io::SyncDirectory(path.parent_path());
  };
  co_return co_await self->disk_.Run(std::move(keep));
}

io::Task<Result<Service::DeploymentPtr>> Service::LoadDeployment(std::shared_ptr<Service> self,
                                                                 std::string endpoint,
                                                                 DeploymentPlan plan) {
  const Options& options = self->options_;
  ModelHost::Options host_options{
      .instances = options.instances_per_variant,
      .engine = {.threads = options.engine_threads, .max_batch = options.max_batch},
      .max_queue = options.max_queue};
  const ArtifactLimits limits{.max_archive_bytes = options.max_artifact_bytes,
                              .max_unpacked_bytes = options.max_unpacked_bytes};
  auto deployment = std::make_shared<Deployment>();
  for (const PlannedVariant& planned : plan.variants) {
    CO_TRY_VOID(co_await FetchArtifact(self, planned));
    const io::Path path = self->ArtifactPath(planned.artifact_id);
    host_options.name = endpoint + "/" + planned.variant.name;
    host_options.precision = planned.precision;
    const Answerer answerer(self->captures_,
                            MakeCaptureTarget(endpoint, planned.variant.name, plan));
    auto start = [path, limits, host_options, answerer,
                  &shards = self->shards_]() -> Result<std::shared_ptr<ModelHost>> {
      TRY(const Artifact artifact, ReadArtifact(path, limits));
      return ModelHost::Start(artifact, host_options, answerer, shards);
    };
    Result<std::shared_ptr<ModelHost>> host = co_await self->disk_.Run(start);
    for (int i = 0; i < kBusyRetries && IsBusy(host); ++i) {
      co_await io::SleepFor(kBusyDelay);
      host = co_await self->disk_.Run(start);
    }
    if (!host) {
      co_return Error(
          host.error().code(), "",
          fmt::format("The model of variant \"{}\" cannot be loaded from \"{}\": {}",
                      planned.variant.name, planned.model_data_url, host.error().message()));
    }
    self->Register(*host);
    deployment->variants.push_back(
        {planned.variant.name, planned.variant.initial_variant_weight, *host});
  }
  co_return DeploymentPtr(std::move(deployment));
}

// Loads the pending plan and settles the endpoint's status by how that went.
io::Task<void> Service::Deploy(std::shared_ptr<Service> self, std::string name,
                               DeploymentPlan plan) {
  Result<DeploymentPtr> loaded = co_await LoadDeployment(self, name, plan);
  SCONES_CRASH_POINT("endpoints.deploy.loaded");
  if (loaded) self->SetRoute(name, *loaded);
  const std::string reason = loaded ? "" : loaded.error().message();
  const Timestamp now = self->clock_.Now();
  // Yields the plan that is no longer needed.
  auto job = [service = self.get(), name, reason,
              now](db::Connection& connection) -> Result<std::optional<DeploymentPlan>> {
    TRY(const json::value document, service->Load(connection, Kind::kEndpoint, name));
    TRY(EndpointRow row, EndpointFromJson(document));
    std::optional<DeploymentPlan> unneeded = row.pending;
    if (reason.empty()) {
      unneeded = std::exchange(row.live, std::move(row.pending));
      row.status = EndpointStatus::kInService;
    } else {
      // An endpoint that never served keeps its plan: Describe shows what it was to be.
      row.status = row.live ? EndpointStatus::kInService : EndpointStatus::kFailed;
    }
    if (row.live) row.pending.reset();
    row.failure_reason = reason;
    row.last_modified_time = now;
    TRY_VOID(PutRow(connection, row));
    return unneeded;
  };
  Result<std::optional<DeploymentPlan>> unneeded = co_await self->database_.Write(std::move(job));
  if (!unneeded) {
    LogError("endpoints.status.not_stored", "endpoint={} error={}", LogValue(name),
             LogValue(unneeded.error().message()));
    co_return;
  }
  self->RemoveArtifacts(*unneeded);
  LogInfo("endpoints.deployed", "endpoint={} config={} reason={}", LogValue(name),
          LogValue(plan.config_name), LogValue(reason));
}

}  // namespace scones::endpoints::detail
