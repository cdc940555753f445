// scones-functions: the workflow's functions as a Lambda custom runtime. Put it into a package as
// `bootstrap`, with the handler scones.serialize_image_data, scones.classify_image or
// scones.filter_confidence. Runs on AWS Lambda as well as on `scones serve`.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "base/time.h"
#include "functions/workflow_functions.h"
#include "io/shards.h"
#include "native/remote_ports.h"
#include "native/runtime_loop.h"

extern char** environ;

namespace scones::native {
namespace {

constexpr std::string_view kHandlerPrefix = "scones.";

std::map<std::string, std::string> ReadEnvironment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals != text.npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

std::string Find(const std::map<std::string, std::string>& variables, const std::string& name) {
  const auto found = variables.find(name);
  return found == variables.end() ? "" : found->second;
}

// The function that `handler` names. Errors: kNotFound/Runtime.HandlerNotFound.
Result<functions::NativeFunction> FindFunction(functions::WorkflowPorts& ports,
                                               const std::string& handler) {
  const auto known = functions::MakeWorkflowFunctions(ports);
  std::string names;
  for (const auto& [name, function] : known) {
    if (handler == fmt::format("{}{}", kHandlerPrefix, name)) return function;
    names += fmt::format(" {}{}", kHandlerPrefix, name);
  }
  return Error(Code::kNotFound, "Runtime.HandlerNotFound",
               fmt::format("Handler '{}' is none of{}", handler, names));
}

int Run() {
  RuntimeOptions options{.environment = ReadEnvironment()};
  options.api = Find(options.environment, "AWS_LAMBDA_RUNTIME_API");
  options.key = Find(options.environment, "SCONES_RUNTIME_KEY");
  options.function_name = Find(options.environment, "AWS_LAMBDA_FUNCTION_NAME");
  options.function_version = Find(options.environment, "AWS_LAMBDA_FUNCTION_VERSION");
  if (options.api.empty()) {
    fmt::print(
        stderr,
        "scones-functions is the bootstrap of Lambda functions and is started by Lambda or by "
        "`scones serve`: AWS_LAMBDA_RUNTIME_API is not set.\n");
    return 2;
  }
  const SystemClock clock;
  io::Shards shards(1);
  http::Client client;
  const auto config = client::LoadAwsConfig({}, client::ProcessEnvironment());
  std::unique_ptr<RemotePorts> ports;
  Result<functions::NativeFunction> function = config ? Error(Code::kInternal, "") : config.error();
  if (config) {
    ports = std::make_unique<RemotePorts>(*config, clock);
    function = FindFunction(*ports, Find(options.environment, "_HANDLER"));
  }
  if (!function) {
    fmt::print(stderr, "{}: {}\n", function.error().reason(), function.error().message());
    // Whether or not it could be told, this process ends.
    (void)shards.RunAndWait(ReportInitError(client, options, function.error()));
    return 1;
  }
  const auto ended = shards.RunAndWait(RunLoop(client, std::move(options), *function));
  shards.Stop();
  if (ended) return 0;
  fmt::print(stderr, "{}\n", ended.error().message());
  return 1;
}

}  // namespace
}  // namespace scones::native

int main() { return scones::native::Run(); }
