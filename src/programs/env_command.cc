// `scones env`: shell exports for a server's data directory.

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "auth/credentials.h"
#include "programs/commands.h"
#include "programs/data_directory.h"
#include "programs/exit_status.h"

namespace scones::programs {
namespace {

// A word that a shell takes as it is.
std::string Quote(const std::string& text) {
  std::string quoted = "'";
  for (char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

Result<std::string> MakeExports(const EnvFlags& flags) {
  const io::Path directory = flags.data_dir;
  Result<std::string> address = io::ReadFile(directory / kAddressFile, 4096);
  if (!address) {
    return Error(
        Code::kNotFound,
        fmt::format("no server has run in '{0}' yet; start one: scones serve --data-dir {0}",
                    flags.data_dir));
  }
  const std::size_t end_of_url = address->find('\n');
  const std::string url = address->substr(0, end_of_url);
  const std::string region = address->substr(end_of_url + 1, address->rfind('\n') - end_of_url - 1);
  TRY(const std::string text, io::ReadFile(directory / "credentials", 1 << 20));
  TRY(const std::vector<auth::Profile> profiles, auth::ParseCredentialsFile(text));
  const auto profile =
      std::find_if(profiles.begin(), profiles.end(),
                   [&flags](const auth::Profile& p) { return p.name == flags.profile; });
  if (profile == profiles.end()) {
    return Error(Code::kNotFound, fmt::format("the credentials file of '{}' has no profile '{}'",
                                              flags.data_dir, flags.profile));
  }
  return fmt::format(
      "export AWS_ENDPOINT_URL={}\n"
      "export AWS_ACCESS_KEY_ID={}\n"
      "export AWS_SECRET_ACCESS_KEY={}\n"
      "export AWS_DEFAULT_REGION={}\n"
      // Else the SDKs look for a host "sync-127.0.0.1" for TestState and StartSyncExecution.
      "export AWS_DISABLE_HOST_PREFIX_INJECTION=true\n"
      "unset AWS_SESSION_TOKEN AWS_PROFILE\n",
      Quote(url), Quote(profile->keys.access_key_id), Quote(profile->keys.secret_access_key),
      Quote(region));
}

}  // namespace

int RunEnvCommand(const EnvFlags& flags) {
  const Result<std::string> exports = MakeExports(flags);
  if (!exports) return ReportFailure(exports.error());
  std::fputs(exports->c_str(), stdout);
  return 0;
}

}  // namespace scones::programs
