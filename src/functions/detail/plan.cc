#include "functions/detail/plan.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "functions/detail/python_runtime.h"

namespace scones::functions {
namespace {

constexpr const char* kPythonRuntimeFile = "scones_runtime.py";
constexpr const char* kPath = "/usr/local/bin:/usr/bin:/bin";
// Beyond a Python function's memory: interpreter, thread stacks and mapped libraries reserve far
// more addresses than they use. What it really uses is measured (Environment::Tick).
constexpr std::size_t kAddressSpaceMargin = std::size_t{4} << 30;

bool IsPython(const std::string& runtime) { return runtime.starts_with("python"); }

bool IsBinary(const io::Path& program) {
  const auto file = io::File::Open(program, io::File::Mode::kRead);
  char magic[4] = {};
  return file && file->ReadAt(magic, sizeof magic, 0).value_or(0) == sizeof magic &&
         std::string_view(magic, sizeof magic) ==
             "\x7f"
             "ELF";
}

bool IsUsable(const io::Path& program, RunAs run_as) {
  if (!program.is_absolute() || ::access(program.c_str(), X_OK) != 0) return false;
  return IsBinary(program) && (run_as == RunAs::kServersUser || OthersCanReach(program));
}

io::Path FindOnPath(const std::string& program, RunAs run_as) {
  const char* variable = std::getenv("PATH");
  std::string_view path = variable != nullptr ? variable : kPath;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find(':'), path.size());
    const io::Path candidate = io::Path(path.substr(0, end)) / program;
    if (IsUsable(candidate, run_as)) return candidate;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return {};
}

}  // namespace

io::Path FindPython(const std::string& runtime, RunAs run_as) {
  if (io::Path exact = FindOnPath(runtime, run_as); !exact.empty()) return exact;
  if (io::Path any = FindOnPath("python3", run_as); !any.empty()) return any;
  return "/usr/bin/python3";
}

EnvironmentPlan MakeEnvironmentPlan(const Version& version, const PlanContext& context) {
  const FunctionConfiguration& configuration = version.configuration;
  const FunctionSettings& settings = configuration.settings;
  EnvironmentPlan plan;
  plan.version = configuration.version;
  plan.memory_mb = settings.memory_mb;
  plan.timeout = std::chrono::seconds(settings.timeout_s);
  plan.directory = version.package->code;
  plan.log_group = LogGroupName(configuration.name);
  plan.log_stream = LogStreamName(context.now, configuration.version);
  plan.environment = {
      {"AWS_ACCESS_KEY_ID", context.access_key_id},
      {"AWS_DEFAULT_REGION", context.identity.region},
      {"AWS_ENDPOINT_URL", context.endpoint_url},
      {"AWS_EXECUTION_ENV", "AWS_Lambda_" + settings.runtime},
      {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", std::to_string(settings.memory_mb)},
      {"AWS_LAMBDA_FUNCTION_NAME", configuration.name},
      {"AWS_LAMBDA_FUNCTION_VERSION", configuration.version},
      {"AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"},
      {"AWS_LAMBDA_LOG_GROUP_NAME", plan.log_group},
      {"AWS_LAMBDA_LOG_STREAM_NAME", plan.log_stream},
      {"AWS_REGION", context.identity.region},
      {"AWS_SECRET_ACCESS_KEY", context.secret_access_key},
      {"HOME", "/tmp"},
      {"LAMBDA_RUNTIME_DIR", context.runtime_directory.native()},
      {"LAMBDA_TASK_ROOT", plan.directory.native()},
      {"LANG", "C.UTF-8"},
      {"PATH", kPath},
      {"TZ", ":UTC"},
      {"_HANDLER", settings.handler},
  };
  // The user's may replace those that Lambda lets them (PATH, LANG, …); the others were refused.
  for (const auto& [name, value] : settings.environment) plan.environment[name] = value;
  if (IsPython(settings.runtime)) {
    plan.command = {FindPython(settings.runtime, context.run_as).native(), "-B", "-s",
                    (context.runtime_directory / kPythonRuntimeFile).native()};
    plan.address_space_bytes =
        (static_cast<std::size_t>(settings.memory_mb) << 20) + kAddressSpaceMargin;
  } else {
    plan.command = {(plan.directory / "bootstrap").native()};
  }
  return plan;
}

Result<void> InstallRuntimes(const io::Path& directory) {
  TRY_VOID(io::MakeDirectories(directory));
  const io::Path file = directory / kPythonRuntimeFile;
  TRY_VOID(io::WriteFileDurably(file, kPythonRuntime, 0644));
  // Whatever the umask: a function's own user reads them.
  if (::chmod(directory.c_str(), 0755) != 0) return io::FileError(errno, "open up", directory);
  if (::chmod(file.c_str(), 0644) != 0) return io::FileError(errno, "open up", file);
  return {};
}

bool OthersCanReach(const io::Path& directory) {
  std::error_code failed;
  io::Path path = std::filesystem::canonical(directory, failed);
  if (failed) return false;
  for (; path != path.root_path(); path = path.parent_path()) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0 || (status.st_mode & S_IXOTH) == 0) return false;
  }
  return true;
}

}  // namespace scones::functions
