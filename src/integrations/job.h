// What a .sync task waits for: a training job or an execution, named by the task's own parameters,
// so that nothing needs to be kept to find it again after a crash. Pure but for the calls to the
// services that it is given. Safe from any shard.
#pragma once

#include <optional>
#include <string>

#include "base/arn.h"
#include "integrations/json_service.h"
#include "workflows/task_runner.h"
#include "workflows/workflows.h"

namespace scones::integrations {

// A request that makes something under a name, and how to ask for it afterwards.
struct Creation {
  std::string describe;    // "describeModel"
  json::object key;        // its parameters: {"ModelName": …}
  std::string arn_member;  // of the description and of the request's answer
  std::string created;     // the member with the time of its making
};

// Nothing where the action makes nothing that has a name. Whoever starts an execution without a
// name gets one that follows from the task, so that the same task asks for the same execution.
std::optional<Creation> FindCreation(const workflows::TaskRequest& request,
                                     json::object& parameters, const Identity& identity);

// Whether `error` of an attempt that comes again only says that an earlier attempt of the same task
// was carried out: what it asked for is there, and not older than the task. The answer is what the
// first attempt would have got. Errors: `error` itself where it is not so.
io::Task<Result<JsonService::Answer>> Recognise(const JsonService& service,
                                                workflows::Workflows& workflows, Sdk sdk,
                                                const workflows::TaskRequest& request,
                                                Creation creation, Error error);

// How a job ended, from its description; nothing while it runs. `parse_texts` is .sync:2, which
// shows an execution's input and output as JSON.
std::optional<workflows::TaskOutcome> JobOutcome(const json::object& description, bool parse_texts);

}  // namespace scones::integrations
