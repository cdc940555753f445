#include "endpoints/detail/service.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <system_error>
#include <utility>

#include "base/log.h"

namespace scones::endpoints::detail {
namespace {

// Was being created or updated when the process ended. (A failed endpoint keeps its plan too.)
bool Unfinished(const EndpointRow& row) {
  return row.pending &&
         (row.status == EndpointStatus::kCreating || row.status == EndpointStatus::kUpdating);
}

}  // namespace

Service::Service(Options options, db::Database& database, io::Shards& shards,
                 io::BlockingPool& disk, io::BlobStore& blobs, const Clock& clock)
    : options_(std::move(options)),
      database_(database),
      shards_(shards),
      disk_(disk),
      blobs_(blobs),
      clock_(clock) {}

Result<void> Service::Open() {
  TRY_VOID(database_.Migrate(Migrations()));
  TRY_VOID(io::MakeDirectories(options_.directory / "models", 0700));
  TRY(captures_, CaptureLog::Open({.directory = options_.directory / "capture",
                                   .file_age = options_.capture_file_age,
                                   .file_bytes = options_.capture_file_bytes,
                                   .max_backlog_bytes = options_.max_capture_backlog_bytes},
                                  shards_, blobs_));
  TRY(const std::vector<json::value> documents, LoadAll(Kind::kEndpoint));
  std::vector<EndpointRow> rows;
  for (const json::value& document : documents) {
    TRY(EndpointRow row, EndpointFromJson(document));
    rows.push_back(std::move(row));
  }
  TRY_VOID(SweepArtifacts(rows));
  for (EndpointRow& row : rows) {
    if (row.status == EndpointStatus::kDeleting) {
      shards_.Spawn(Drain(shared_from_this(), std::move(row)));
      continue;
    }
    if (row.live) {
      routes_[row.name];  // requests wait from now on
      shards_.Spawn(ExpireWaiting(shared_from_this(), row.name));
    }
    if (row.live || Unfinished(row)) shards_.Spawn(Restore(shared_from_this(), std::move(row)));
  }
  return {};
}

// The shards' threads have ended, so nothing new comes; what other threads still do ends here,
// while the shards' contexts, to which completions go, are alive.
void Service::Close() {
  std::map<std::string, Route> routes;
  std::vector<std::weak_ptr<ModelHost>> hosts;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    routes.swap(routes_);
    hosts.swap(hosts_);
  }
  for (const auto& weak : hosts) {
    if (const auto host = weak.lock()) host->Stop();
  }
  for (auto& [name, route] : routes) {
    for (const Waiting& waiting : route.waiting) waiting.done(false);
  }
  if (captures_ != nullptr) captures_->Stop();
  // Jobs queued before this one refer to the service.
  (void)database_.WriteAndWait([](db::Connection&) { return Result<void>(); });
}

void Service::Register(const std::shared_ptr<ModelHost>& host) {
  {
    const std::lock_guard lock(mutex_);
    if (!closed_) {
      std::erase_if(hosts_, [](const auto& weak) { return weak.expired(); });
      hosts_.push_back(host);
      return;
    }
  }
  host->Stop();
}

io::Task<void> Service::FlushCaptures() { co_await captures_->Flush(""); }

io::Path Service::ArtifactPath(const std::string& id) const {
  return options_.directory / "models" / (id + ".tar.gz");
}

// Removes what deployments that ended while the process was killed have left.
Result<void> Service::SweepArtifacts(const std::vector<EndpointRow>& rows) const {
  std::set<io::Path> needed;
  for (const EndpointRow& row : rows) {
    for (const auto* plan : {&row.live, &row.pending}) {
      if (!plan->has_value()) continue;
      for (const PlannedVariant& planned : (*plan)->variants) {
        needed.insert(ArtifactPath(planned.artifact_id));
      }
    }
  }
  std::error_code fault;
  const io::Path directory = options_.directory / "models";
  for (const auto& entry : std::filesystem::directory_iterator(directory, fault)) {
    if (!needed.contains(entry.path())) TRY_VOID(io::RemoveAll(entry.path()));
  }
  if (fault) return io::FileError(fault.value(), "list", directory);
  return {};
}

void Service::RemoveArtifacts(const std::optional<DeploymentPlan>& plan) const {
  if (!plan) return;
  for (const PlannedVariant& planned : plan->variants) {
    (void)io::RemoveAll(ArtifactPath(planned.artifact_id));  // the sweep at start tries again
  }
}

io::Task<void> Service::Restore(std::shared_ptr<Service> self, EndpointRow row) {
  if (row.live) {
    Result<DeploymentPtr> loaded = co_await LoadDeployment(self, row.name, *row.live);
    self->SetRoute(row.name, loaded ? *loaded : nullptr);
    if (!loaded) {
      LogError("endpoints.restore.failed", "endpoint={} error={}", LogValue(row.name),
               LogValue(loaded.error().message()));
      row.status = Unfinished(row) ? row.status : EndpointStatus::kFailed;
      row.failure_reason = loaded.error().message();
      row.live.reset();
      auto job = [row](db::Connection& connection) {
        return PutDocument(connection, Kind::kEndpoint, row.name, ToJsonValue(row));
      };
      Result<void> stored = co_await self->database_.Write(std::move(job));
      if (!stored) {
        LogError("endpoints.status.not_stored", "endpoint={} error={}", LogValue(row.name),
                 LogValue(stored.error().message()));
      }
    }
  }
  if (Unfinished(row)) co_await Deploy(self, row.name, *row.pending);
}

void Service::SetRoute(const std::string& name, DeploymentPtr deployment) {
  std::vector<Waiting> waiting;
  DeploymentPtr before;  // let go outside the lock: ending its threads takes a moment
  {
    const std::lock_guard lock(mutex_);
    Route& route = routes_[name];
    waiting.swap(route.waiting);
    before = std::exchange(route.deployment, deployment);
    if (deployment == nullptr) routes_.erase(name);
  }
  for (const Waiting& one : waiting) one.done(true);
}

io::Task<void> Service::ExpireWaiting(std::shared_ptr<Service> self, std::string name) {
  constexpr std::chrono::milliseconds kPrecision{100};
  while (true) {
    co_await io::SleepFor(kPrecision);
    std::vector<Waiting> late;
    {
      const std::lock_guard lock(self->mutex_);
      const auto found = self->routes_.find(name);
      if (found == self->routes_.end() || found->second.deployment != nullptr) co_return;
      std::vector<Waiting>& waiting = found->second.waiting;
      const auto in_time = std::partition(
          waiting.begin(), waiting.end(),
          [now = std::chrono::steady_clock::now()](const auto& one) { return one.deadline < now; });
      late.assign(std::move_iterator(waiting.begin()), std::move_iterator(in_time));
      waiting.erase(waiting.begin(), in_time);
    }
    for (const Waiting& one : late) one.done(false);
  }
}

}  // namespace scones::endpoints::detail
