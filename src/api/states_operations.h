// How the rows of Step Functions' dialect are made of functions over the workflow service, and the
// groups of rows that states.cc does not hold itself. Private to the files states*.cc.
#pragma once

#include <utility>

#include "api/json_dialect.h"
#include "workflows/workflows.h"

namespace scones::api::states {

using ReadingOperation = Result<json::value> (*)(workflows::Workflows&, const json::object&);
using WritingOperation = io::Task<Result<json::value>> (*)(workflows::Workflows&, json::object);

inline io::Task<Result<json::value>> Immediately(ReadingOperation read,
                                                 workflows::Workflows& service,
                                                 json::object input) {
  co_return read(service, input);
}

inline JsonOperation Reading(workflows::Workflows& service, ReadingOperation read) {
  return [&service, read](Call, json::object input) {
    return Immediately(read, service, std::move(input));
  };
}

inline JsonOperation Writing(workflows::Workflows& service, WritingOperation write) {
  return [&service, write](Call, json::object input) { return write(service, std::move(input)); };
}

void AddMachineOperations(JsonDialect& dialect, workflows::Workflows& service);
void AddVersionOperations(JsonDialect& dialect, workflows::Workflows& service);
void AddActivityOperations(JsonDialect& dialect, workflows::Workflows& service);
void AddRedriveOperations(JsonDialect& dialect, workflows::Workflows& service);
void AddMapRunOperations(JsonDialect& dialect, workflows::Workflows& service);
// ListExecutions with a mapRunArn.
Result<workflows::Page<workflows::ExecutionSummary>> ListMapRunExecutions(
    workflows::Workflows& service, const json::object& input, const std::string& map_run_arn,
    workflows::ChildFilter filter, const workflows::PageRequest& page);
void AddTestStateOperation(JsonDialect& dialect, workflows::Workflows& service);

}  // namespace scones::api::states
