// Endpoints: SageMaker's models, endpoint configurations and endpoints, and the inferences that
// they serve. Records live in the database; a model's artefact is cached under the data directory,
// so an endpoint serves again at once after a restart without asking the blob store. Safe from any
// thread; a coroutine resumes on its caller's executor.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/arn.h"
#include "base/result.h"
#include "base/time.h"
#include "db/database.h"
#include "endpoints/types.h"
#include "io/blob_store.h"
#include "io/blocking_pool.h"
#include "io/file.h"
#include "io/shards.h"
#include "io/task.h"

namespace scones::endpoints {

namespace detail {
class Service;
}

struct Options {
  // Holds models/ (artefacts of deployed models) and capture/ (records not yet stored).
  io::Path directory;
  Identity identity;
  // Batches of each variant that run at a time; each has its own engine.
  int instances_per_variant = 1;
  // Cores that one inference uses.
  int engine_threads = 1;
  int max_batch = 32;
  // Requests waiting per variant; beyond it ThrottlingException.
  int max_queue = 1024;
  // A request that could only be answered later than this after it came is answered
  // ServiceUnavailable instead of being computed. SageMaker answers within 60 s.
  std::chrono::milliseconds max_invocation_time{60'000};
  // Endpoints that are not being deleted; each may have threads of its own.
  std::size_t max_endpoints = 50;
  // Bounds on model.tar.gz, and on what it unpacks to.
  std::uint64_t max_artifact_bytes = std::uint64_t{1} << 30;
  std::uint64_t max_unpacked_bytes = std::uint64_t{2} << 30;
  // A capture file is stored when its first record is this old, or when it is this large.
  std::chrono::milliseconds capture_file_age{60'000};
  std::uint64_t capture_file_bytes = 16 * 1024 * 1024;
  // Captured bytes that wait on disk to be stored; beyond it records are dropped, and logged.
  std::uint64_t max_capture_backlog_bytes = std::uint64_t{1} << 30;
};

class Endpoints {
 public:
  // Applies migrations, starts loading the models of every endpoint that was in service (a request
  // that comes before its model is ready waits for it), goes on with endpoints that were Creating,
  // Updating or Deleting, and stores captures left by an earlier process.
  // All references outlive the object; `shards` are stopped before it is destroyed, and destroyed
  // after `database` and `disk`.
  static Result<std::unique_ptr<Endpoints>> Open(Options options, db::Database& database,
                                                 io::Shards& shards, io::BlockingPool& disk,
                                                 io::BlobStore& blobs, const Clock& clock);
  // Ends the model threads. Captures not yet stored stay on disk for the next Open.
  ~Endpoints();
  Endpoints(const Endpoints&) = delete;
  Endpoints& operator=(const Endpoints&) = delete;

  // Closes all open capture files and waits until they are stored, or could not be: for a graceful
  // stop. Records that come later open new files.
  io::Task<void> FlushCaptures();

  // Errors of all calls below: kInvalid/ValidationException with AWS's wording ("Could not find
  //   model …", "Cannot create already existing …"), kExhausted/ResourceLimitExceeded.
  io::Task<Result<ModelRecord>> CreateModel(ModelSpec spec);
  Result<ModelRecord> DescribeModel(const std::string& name) const;
  Result<Page<ModelRecord>> ListModels(const ListQuery& query) const;
  io::Task<Result<void>> DeleteModel(std::string name);

  io::Task<Result<EndpointConfigRecord>> CreateEndpointConfig(EndpointConfigSpec spec);
  Result<EndpointConfigRecord> DescribeEndpointConfig(const std::string& name) const;
  Result<Page<EndpointConfigRecord>> ListEndpointConfigs(const ListQuery& query) const;
  io::Task<Result<void>> DeleteEndpointConfig(std::string name);

  // Return when the record is durable with status Creating or Updating; the models load in the
  // background, ending in InService or Failed. An update keeps serving the former configuration
  // until the new one is ready, and goes on with it if that fails.
  io::Task<Result<EndpointRecord>> CreateEndpoint(std::string name, std::string config_name,
                                                  Tags tags);
  io::Task<Result<EndpointRecord>> UpdateEndpoint(std::string name, std::string config_name);
  Result<EndpointRecord> DescribeEndpoint(const std::string& name) const;
  Result<Page<EndpointRecord>> ListEndpoints(const ListQuery& query) const;
  io::Task<Result<void>> DeleteEndpoint(std::string name);

  // `arn` of a model, endpoint configuration or endpoint. kNotFound/ValidationException for others.
  Result<Tags> ListTags(const std::string& arn) const;
  io::Task<Result<Tags>> AddTags(std::string arn, Tags tags);
  io::Task<Result<void>> DeleteTags(std::string arn, std::vector<std::string> keys);

  // Decodes the picture, runs the model, answers probabilities as text. Where the endpoint captures
  // data, the record has been written to its spool file when this resumes: it outlives the process.
  // Errors: kNotFound or kInvalid/ValidationError (no such endpoint, or not in service; no such
  //   variant); kInvalid or kInternal/ModelError (what the model refuses: see model_fault.h);
  //   kExhausted/ThrottlingException (queue full); kUnavailable/ServiceUnavailable (waited too
  //   long, or the endpoint is being deleted).
  io::Task<Result<InvokeResponse>> Invoke(InvokeRequest request);

 private:
  explicit Endpoints(std::shared_ptr<detail::Service> service);

  std::shared_ptr<detail::Service> service_;
};

}  // namespace scones::endpoints
