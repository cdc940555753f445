// Endpoints: SageMaker's models, endpoint configurations and endpoints, and the inferences that
// they serve. Records live in the database; a model's weights are cached under the data directory,
// so an endpoint serves again at once after a restart without asking the blob store. Public
// functions may be called from any thread (coroutines resume on the caller's executor).
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "base/arn.h"
#include "base/result.h"
#include "base/time.h"
#include "endpoints/types.h"
#include "io/task.h"

namespace scones::db {
class Database;
}
namespace scones::io {
class BlobStore;
}

namespace scones::endpoints {

struct Options {
  // Holds models/ (artefacts by their address and ETag) and capture/ (records not yet stored).
  std::filesystem::path data_dir;
  // Threads that run each variant's model; each has its own engine.
  int instances_per_variant = 1;
  // Cores that one inference uses.
  int engine_threads = 1;
  int max_batch = 32;
  // Requests waiting per variant; beyond it ThrottlingException.
  int max_queue = 1024;
  std::size_t max_request_bytes = 6 * 1024 * 1024;
  // Bounds on model.tar.gz: its own bytes, and what it unpacks to.
  std::size_t max_artifact_bytes = std::size_t{2} << 30;
  // A capture file is stored when it is this old or this large.
  std::chrono::seconds capture_file_age{60};
  std::size_t capture_file_bytes = 16 * 1024 * 1024;
};

class Endpoints {
 public:
  struct Dependencies {
    db::Database& database;
    io::BlobStore& blobs;
    const Clock& clock;
    Identity identity;
  };

  // Applies migrations, brings every endpoint that was InService back from the local cache before
  // it returns, and continues those that were Creating, Updating or Deleting. `dependencies` must
  // outlive the service.
  static io::Task<Result<std::unique_ptr<Endpoints>>> Open(Options options,
                                                           Dependencies dependencies);
  ~Endpoints();
  Endpoints(const Endpoints&) = delete;
  Endpoints& operator=(const Endpoints&) = delete;

  // Finishes running inferences and stores open capture files. Nothing may be called after it.
  io::Task<void> Stop(std::chrono::milliseconds grace);

  // Errors of all calls below: kInvalid/ValidationException with AWS's wording ("Could not find
  //   model …", "Cannot create already existing …"), kExhausted/ResourceLimitExceeded,
  //   kExists/ResourceInUse.
  io::Task<Result<ModelRecord>> CreateModel(ModelSpec spec);
  io::Task<Result<ModelRecord>> DescribeModel(std::string name);
  io::Task<Result<Page<ModelRecord>>> ListModels(ListQuery query);
  io::Task<Result<void>> DeleteModel(std::string name);

  io::Task<Result<EndpointConfigRecord>> CreateEndpointConfig(EndpointConfigSpec spec);
  io::Task<Result<EndpointConfigRecord>> DescribeEndpointConfig(std::string name);
  io::Task<Result<Page<EndpointConfigRecord>>> ListEndpointConfigs(ListQuery query);
  io::Task<Result<void>> DeleteEndpointConfig(std::string name);

  // Return when the record is durable with status Creating or Updating; the models load in the
  // background, ending in InService or Failed. An update keeps serving the former configuration
  // until the new one is ready, and goes on with it if that fails.
  io::Task<Result<EndpointRecord>> CreateEndpoint(std::string name, std::string config_name,
                                                  Tags tags);
  io::Task<Result<EndpointRecord>> UpdateEndpoint(std::string name, std::string config_name);
  io::Task<Result<EndpointRecord>> DescribeEndpoint(std::string name);
  io::Task<Result<Page<EndpointRecord>>> ListEndpoints(ListQuery query);
  io::Task<Result<void>> DeleteEndpoint(std::string name);

  // `arn` of a model, endpoint configuration or endpoint.
  io::Task<Result<Tags>> ListTags(std::string arn);
  io::Task<Result<Tags>> AddTags(std::string arn, Tags tags);
  io::Task<Result<void>> DeleteTags(std::string arn, std::vector<std::string> keys);

  // Decodes the picture, runs the model, answers probabilities as text. The body is captured off
  // this path when the endpoint says so. Errors: kInvalid/ValidationError (no such endpoint or
  // variant, not InService);
  //   kInvalid/ModelError (the picture or content type cannot be used: original status 400 or 415);
  //   kExhausted/ThrottlingException (queue full); kInternal/ModelError (the engine failed).
  io::Task<Result<InvokeResponse>> Invoke(InvokeRequest request);

 private:
  struct State;
  explicit Endpoints(std::shared_ptr<State> state);

  std::shared_ptr<State> state_;
};

}  // namespace scones::endpoints
