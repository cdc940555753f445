// What TestState makes of a request, and what it refuses with the service's messages. Private to
// the module. Pure.
#pragma once

#include <string>
#include <string_view>

#include "asl/program.h"
#include "asl/test_state.h"
#include "base/json.h"
#include "base/result.h"

namespace scones::asl {

Error TestStateRefusal(std::string message);  // ValidationException

// The state under test as a machine of its own: it is called StateName there, and what it leads to
// is there and ends. Errors: InvalidDefinition, ValidationException.
Result<json::object> MachineOfOneState(const TestStateRequest& request);
// The context object as the service makes it: of an Express execution that never was.
json::value MakeTestContext(const TestStateIdentity& identity, const State& state,
                            const std::string& input, const std::string& task_token, Timestamp now);
// A given context object. Errors: ValidationException.
Result<json::value> ReadTestContext(const std::string& text);
// Whether a state of this type may be tested, with or without a mock, and the mock is fit for it.
// Errors: ValidationException, InvalidDefinition.
Result<void> CheckMock(const TestStateRequest& request, const State& state);

}  // namespace scones::asl
