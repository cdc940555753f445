// What the native workflow functions reach in this process: objects and endpoints.
// Safe from any shard.
#pragma once

#include "endpoints/endpoints.h"
#include "functions/workflow_functions.h"
#include "io/blob_store.h"

namespace scones::programs {

class LocalWorkflowPorts final : public functions::WorkflowPorts {
 public:
  // Both outlive it.
  LocalWorkflowPorts(io::BlobStore& blobs, endpoints::Endpoints& endpoints)
      : blobs_(blobs), endpoints_(endpoints) {}

  io::Task<Result<std::string>> FetchObject(std::string bucket, std::string key) override;
  io::Task<Result<std::string>> InvokeEndpoint(std::string endpoint, std::string content_type,
                                               std::string body) override;

 private:
  io::BlobStore& blobs_;
  endpoints::Endpoints& endpoints_;
};

}  // namespace scones::programs
