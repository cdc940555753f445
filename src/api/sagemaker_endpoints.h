// SageMaker's hosting operations: rows of its JSON 1.1 dialect.
#pragma once

#include "api/json_dialect.h"
#include "endpoints/endpoints.h"

namespace scones::api {

// Adds Create, Describe, List and Delete of Model, EndpointConfig and Endpoint, UpdateEndpoint, and
// ListTags, AddTags, DeleteTags. Both outlive the dialect.
void AddEndpointOperations(JsonDialect& dialect, endpoints::Endpoints& endpoints);

}  // namespace scones::api
