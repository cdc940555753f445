// Requests of SageMaker's hosting operations as values of the endpoints service. Pure.
// Errors of all: kInvalid/ValidationException or SerializationException, naming the member.
// Source: Amazon SageMaker API Reference.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "endpoints/types.h"

namespace scones::api {

Result<endpoints::ModelSpec> ParseModelSpec(const json::object& input);
Result<endpoints::EndpointConfigSpec> ParseEndpointConfigSpec(const json::object& input);
Result<endpoints::ListQuery> ParseListQuery(const json::object& input);
Result<endpoints::Tags> ParseTags(const json::object& input);
// A member that must be a string and not empty.
Result<std::string> RequiredString(const json::object& input, std::string_view member);
Result<std::vector<std::string>> StringList(const json::object& input, std::string_view member);

}  // namespace scones::api
