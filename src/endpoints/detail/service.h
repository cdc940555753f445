// Service: what Endpoints is made of. service.cc opens and restores; resources.cc keeps models and
// configurations; lifecycle.cc creates, updates and deletes endpoints; invoke.cc serves requests.
// Background tasks hold a reference to it. Safe from any thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "endpoints/detail/deployment.h"
#include "endpoints/detail/store.h"
#include "endpoints/endpoints.h"

namespace scones::endpoints::detail {

class Service : public std::enable_shared_from_this<Service> {
 public:
  Service(Options options, db::Database& database, io::Shards& shards, io::BlockingPool& disk,
          io::BlobStore& blobs, const Clock& clock);

  Result<void> Open();
  void Close();
  io::Task<void> FlushCaptures();

  io::Task<Result<ModelRecord>> CreateModel(ModelSpec spec);
  Result<ModelRecord> DescribeModel(const std::string& name) const;
  Result<Page<ModelRecord>> ListModels(const ListQuery& query) const;
  io::Task<Result<EndpointConfigRecord>> CreateEndpointConfig(EndpointConfigSpec spec);
  Result<EndpointConfigRecord> DescribeEndpointConfig(const std::string& name) const;
  Result<Page<EndpointConfigRecord>> ListEndpointConfigs(const ListQuery& query) const;
  io::Task<Result<void>> Remove(Kind kind, std::string name);  // not for endpoints

  io::Task<Result<EndpointRecord>> CreateEndpoint(std::string name, std::string config_name,
                                                  Tags tags);
  io::Task<Result<EndpointRecord>> UpdateEndpoint(std::string name, std::string config_name);
  Result<EndpointRecord> DescribeEndpoint(const std::string& name) const;
  Result<Page<EndpointRecord>> ListEndpoints(const ListQuery& query) const;
  io::Task<Result<void>> DeleteEndpoint(std::string name);

  Result<Tags> ListTags(const std::string& arn) const;
  // Replaces a resource's tags by what `change` makes of them.
  io::Task<Result<Tags>> ChangeTags(std::string arn, std::function<void(Tags&)> change);

  io::Task<Result<InvokeResponse>> Invoke(InvokeRequest request);

 private:
  using DeploymentPtr = std::shared_ptr<const Deployment>;
  using SteadyTime = std::chrono::steady_clock::time_point;

  struct Waiting {
    io::Completion<bool> done;  // false: there is no more to wait for
    SteadyTime deadline;
  };
  // What requests for an endpoint find.
  struct Route {
    DeploymentPtr deployment;      // null while it is being restored
    std::vector<Waiting> waiting;  // requests that came meanwhile
  };
  struct Resource {
    Kind kind;
    std::string name;
  };

  std::string ArnOf(Kind kind, std::string_view name) const;
  Error NotFound(Kind kind, std::string_view name) const;
  Error AlreadyExists(Kind kind, std::string_view name) const;
  Result<Resource> ParseResource(const std::string& arn) const;
  EndpointRecord Describe(const EndpointRow& row) const;
  // The document, or NotFound.
  Result<json::value> Load(db::Connection& connection, Kind kind, std::string_view name) const;
  Result<std::vector<json::value>> LoadAll(Kind kind) const;
  // What deploying the configuration now would load. Fresh artifact ids.
  Result<DeploymentPlan> MakePlan(db::Connection& connection, const std::string& config_name) const;

  io::Path ArtifactPath(const std::string& id) const;
  Result<void> SweepArtifacts(const std::vector<EndpointRow>& rows) const;
  void RemoveArtifacts(const std::optional<DeploymentPlan>& plan) const;
  // Fetches what the cache lacks, then compiles. The error's message is the FailureReason.
  static io::Task<Result<DeploymentPtr>> LoadDeployment(std::shared_ptr<Service> self,
                                                        std::string endpoint, DeploymentPlan plan);
  static io::Task<Result<void>> FetchArtifact(std::shared_ptr<Service> self,
                                              PlannedVariant planned);
  static io::Task<void> Deploy(std::shared_ptr<Service> self, std::string name,
                               DeploymentPlan plan);
  static io::Task<void> Restore(std::shared_ptr<Service> self, EndpointRow row);
  // Answers requests for an endpoint that is being restored when they can't wait any longer.
  static io::Task<void> ExpireWaiting(std::shared_ptr<Service> self, std::string name);
  static io::Task<void> Drain(std::shared_ptr<Service> self, EndpointRow row);

  void Register(const std::shared_ptr<ModelHost>& host);
  void SetRoute(const std::string& name, DeploymentPtr deployment);  // null removes it
  // Null where there is no such endpoint in service; nothing while it is being restored.
  std::optional<DeploymentPtr> FindDeployment(const std::string& name);
  // The same after the restoration. Errors: kExhausted/ThrottlingException,
  // kUnavailable/ServiceUnavailable.
  io::Task<Result<DeploymentPtr>> AwaitDeployment(std::string name, SteadyTime deadline);
  io::Task<Result<InvokeResponse>> RunModel(const LoadedVariant& variant, InvokeRequest request,
                                            SteadyTime deadline);
  std::optional<CaptureFrame> BeginCapture(const CaptureTarget* target,
                                           InvokeRequest request) const;
  Error EndpointMissing(const std::string& name) const;

  const Options options_;
  db::Database& database_;
  io::Shards& shards_;
  io::BlockingPool& disk_;
  io::BlobStore& blobs_;
  const Clock& clock_;
  std::shared_ptr<CaptureLog> captures_;
  std::mutex mutex_;
  std::map<std::string, Route> routes_;
  std::vector<std::weak_ptr<ModelHost>> hosts_;  // all that may be alive; Close stops them
  bool closed_ = false;
};

}  // namespace scones::endpoints::detail
