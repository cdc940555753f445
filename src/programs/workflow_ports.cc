#include "programs/workflow_ports.h"

namespace scones::programs {

io::Task<Result<std::string>> LocalWorkflowPorts::FetchObject(std::string bucket, std::string key) {
  co_return co_await blobs_.Read({.bucket = std::move(bucket), .key = std::move(key)});
}

io::Task<Result<std::string>> LocalWorkflowPorts::InvokeEndpoint(std::string endpoint,
                                                                 std::string content_type,
                                                                 std::string body) {
  endpoints::InvokeRequest request{.endpoint_name = std::move(endpoint),
                                   .content_type = std::move(content_type)};
  request.body = std::move(body);
  CO_TRY(endpoints::InvokeResponse response, co_await endpoints_.Invoke(std::move(request)));
  co_return std::move(response.body);
}

}  // namespace scones::programs
