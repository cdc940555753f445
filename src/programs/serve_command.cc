// `scones serve`: the server, until Ctrl-C or SIGTERM.

#include <fmt/format.h>

#include <chrono>
#include <cstdio>

#include "base/log.h"
#include "programs/commands.h"
#include "programs/exit_status.h"
#include "programs/interrupt.h"
#include "programs/local_server.h"

namespace scones::programs {
namespace {

LogLevel ParseLogLevel(const std::string& name) {
  if (name == "debug") return LogLevel::kDebug;
  if (name == "warning") return LogLevel::kWarning;
  if (name == "error") return LogLevel::kError;
  if (name == "off") return LogLevel::kOff;
  return LogLevel::kInfo;
}

void PrintWelcome(const LocalServer& server, const ServeFlags& flags) {
  fmt::print(
      "scones is ready at {0}\n"
      "  data:        {1}\n"
      "  credentials: {2}\n"
      "Point an SDK or the aws CLI at it:\n"
      "  eval \"$(scones env --data-dir {1})\"\n"
      "  aws --endpoint-url {0} s3 ls\n",
      server.url(), flags.data_dir, server.credentials_file().string());
  std::fflush(stdout);
}

}  // namespace

int RunServeCommand(const ServeFlags& flags) {
  SetLogLevel(ParseLogLevel(flags.log_level));
  LocalServer::Options options{.data_dir = flags.data_dir,
                               .address = flags.address,
                               .port = flags.port,
                               .identity = {.region = flags.region, .account = flags.account},
                               .threads = flags.threads,
                               .model_threads = flags.model_threads,
                               .training_jobs = flags.training_jobs};
  options.capture_file_age = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::duration<double>(flags.capture_file_age_s));
  options.allowed_http_hosts = flags.allowed_http_hosts;
  const Result<std::unique_ptr<LocalServer>> server = LocalServer::Start(std::move(options));
  if (!server) return ReportFailure(server.error());
  PrintWelcome(**server, flags);
  WaitForInterrupt();
  return 0;
}

}  // namespace scones::programs
