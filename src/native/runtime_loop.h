// A client of Lambda's Runtime API (2018-06-01): fetches one event after the other, runs a native
// function on it and posts what comes of it. One coroutine on one shard.
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "functions/types.h"
#include "http/client.h"
#include "io/task.h"

namespace scones::native {

struct RuntimeOptions {
  std::string api;  // AWS_LAMBDA_RUNTIME_API: "host:port"
  std::string key;  // SCONES_RUNTIME_KEY: proves to our server whose process this is; "" elsewhere
  std::string function_name;
  std::string function_version;
  std::map<std::string, std::string> environment;
};

// Returns when the API says that the environment has ended, or with the error of the third poll in
// a row that failed: then the platform starts a new process. `client` outlives it.
io::Task<Result<void>> RunLoop(http::Client& client, RuntimeOptions options,
                               functions::NativeFunction function);

// Tells the API that the function can't start.
io::Task<Result<void>> ReportInitError(http::Client& client, RuntimeOptions options, Error error);

}  // namespace scones::native
