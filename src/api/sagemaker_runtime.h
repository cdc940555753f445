// SageMaker Runtime, REST-JSON: POST /endpoints/{EndpointName}/invocations.
// Source: Amazon SageMaker API Reference, InvokeEndpoint.
#pragma once

#include <cstddef>

#include "api/dialect.h"
#include "endpoints/endpoints.h"

namespace scones::api {

class SageMakerRuntime final : public Dialect {
 public:
  static constexpr std::size_t kMaxBodyBytes = 6 * 1024 * 1024;  // SageMaker's limit

  // `endpoints` outlives the dialect.
  explicit SageMakerRuntime(endpoints::Endpoints& endpoints) : endpoints_(endpoints) {}

  io::Task<http::Response> Handle(Call call, http::Request request,
                                  http::BodyStream& body) override;

 private:
  endpoints::Endpoints& endpoints_;
};

}  // namespace scones::api
