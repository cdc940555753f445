// What the workflow functions need, over AWS's protocols: S3 and SageMaker Runtime.
// Safe from any shard.
#pragma once

#include "client/aws_client.h"
#include "client/s3_client.h"
#include "functions/workflow_functions.h"

namespace scones::native {

class RemotePorts final : public functions::WorkflowPorts {
 public:
  RemotePorts(client::AwsConfig config, const Clock& clock);

  io::Task<Result<std::string>> FetchObject(std::string bucket, std::string key) override;
  io::Task<Result<std::string>> InvokeEndpoint(std::string endpoint, std::string content_type,
                                               std::string body) override;

 private:
  client::AwsClient aws_;
  client::S3Client s3_;
};

}  // namespace scones::native
