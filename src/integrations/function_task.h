// Tasks that invoke a function: function ARNs of any account and region, lambda:invoke and
// aws-sdk:lambda:invoke. Safe from any thread.
#pragma once

#include "functions/functions.h"
#include "workflows/task_runner.h"

namespace scones::integrations {

struct FunctionTask {
  enum class Shape { kPayload, kInvokeResponse, kSdkResponse };  // of the result
  functions::InvokeRequest request;
  Shape shape = Shape::kPayload;
  bool wait_for_token = false;
};

// Errors: reason and message are the failed task's Error and Cause.
Result<FunctionTask> ParseFunctionTask(asl::RunTask& task);

// `functions` outlives the call.
io::Task<workflows::TaskOutcome> InvokeFunction(functions::Functions& functions, FunctionTask task);

}  // namespace scones::integrations
