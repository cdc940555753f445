// Functions: Lambda's functions with their code, versions and aliases, and the execution
// environments that run them. Configurations live in the database and, as immutable snapshots, in
// memory; code lies unpacked under the data directory, once per content. Survives a restart, queued
// asynchronous events included. Public functions may be called from any thread; coroutines resume
// on the caller's executor.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/arn.h"
#include "base/result.h"
#include "base/time.h"
#include "functions/types.h"
#include "io/file.h"
#include "io/task.h"

namespace scones::db {
class Database;
}
namespace scones::io {
class BlockingPool;
class LogSink;
class Shards;
}  // namespace scones::io

namespace scones::functions {

struct Options {
  io::Path data_dir;  // holds packages/, code/ and runtime/; made when absent
  // What functions get as AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
  std::string endpoint_url;
  std::string access_key_id;
  std::string secret_access_key;
  // Functions of this program by name: they run for a package with a marker (see README.md) whose
  // handler is "scones.NAME".
  std::map<std::string, NativeFunction> native;

  std::int64_t max_concurrency = 1000;  // invocations at once, native ones included
  std::size_t max_environments = 100;   // processes at once
  std::size_t max_functions = 10'000;
  std::size_t max_versions = 1'000;        // of one function
  std::chrono::seconds idle_timeout{300};  // an unused environment ends after it
  std::chrono::seconds init_timeout{10};   // from start to the first poll, beyond the timeout
  std::size_t async_concurrency = 16;      // asynchronous events that run at once
  std::size_t max_async_events = 10'000;   // queued
  // Waits before the second and third try of an asynchronous event; their number is that of
  // retries.
  std::vector<std::chrono::seconds> async_retry_delays{std::chrono::seconds(60),
                                                       std::chrono::seconds(120)};
  // Where the server runs as root, each function's processes run as a user of their own,
  // first_user_id + n; where it doesn't, as the server's user.
  unsigned first_user_id = 45'000;
  unsigned user_ids = 10'000;
};

class Functions {
 public:
  struct Dependencies {
    db::Database& database;
    io::Shards& shards;
    io::LogSink& logs;
    const Clock& clock;
    Identity identity;
  };

  // Applies migrations, loads all functions, sweeps unreferenced code, resumes queued events.
  // Blocks. `dependencies` outlive the service.
  static Result<std::unique_ptr<Functions>> Open(Options options, Dependencies dependencies);
  // Stops.
  ~Functions();
  Functions(const Functions&) = delete;
  Functions& operator=(const Functions&) = delete;

  // Refuses new invocations, ends those under way (kCancelled) and all processes. Blocks: not from
  // a shard's thread. Call it while the shards still run. Idempotent.
  void Stop();

  // Where the function's environments find our services; for a port that is known late.
  void SetEndpointUrl(std::string url);

  // Code and configuration are durable on return. With `publish`, version 1 is published too.
  // Errors: kExists/ResourceConflictException; kInvalid/InvalidParameterValueException (settings, a
  // zip that can't be unpacked safely); kInvalid/RequestEntityTooLargeException;
  // kExhausted/CodeStorageExceededException.
  io::Task<Result<FunctionConfiguration>> Create(std::string name, FunctionSettings settings,
                                                 FunctionCode code,
                                                 std::map<std::string, std::string> tags);
  // Errors from here on: kNotFound/ResourceNotFoundException;
  // kPrecondition/PreconditionFailedException where a given revision id is not the current one.
  io::Task<Result<FunctionConfiguration>> UpdateCode(FunctionRef function, FunctionCode code,
                                                     std::optional<std::string> revision_id);
  io::Task<Result<FunctionConfiguration>> UpdateSettings(FunctionRef function,
                                                         SettingsUpdate update);
  // A frozen copy of $LATEST; the newest version again where nothing has changed since.
  io::Task<Result<FunctionConfiguration>> PublishVersion(FunctionRef function,
                                                         std::string description,
                                                         std::optional<std::string> code_sha256);
  // The whole function, or with a qualifier one version.
  io::Task<Result<void>> Delete(FunctionRef function);

  // Qualifiers: "", "$LATEST", a version or an alias.
  Result<FunctionConfiguration> Get(const FunctionRef& function) const;
  Result<FunctionExtras> GetExtras(const FunctionRef& function) const;
  std::vector<FunctionConfiguration> List() const;  // $LATEST of each, by name
  Result<std::vector<FunctionConfiguration>> ListVersions(const FunctionRef& function) const;
  AccountSettings GetAccountSettings() const;

  // Replaces the function's extras by what `change` makes of them, durably. `change` runs with the
  // current value and may refuse.
  io::Task<Result<FunctionExtras>> UpdateExtras(
      FunctionRef function, std::function<Result<void>(FunctionExtras&)> change);

  // Runs the function, or queues (kEvent) or checks (kDryRun) the call. A function's own failure is
  // a result with function_error. Errors: kNotFound/ResourceNotFoundException;
  // kInvalid/InvalidRequestContentException (no JSON); kInvalid/RequestTooLargeException;
  // kExhausted/TooManyRequestsException; kUnavailable/ServiceException.
  io::Task<Result<InvokeResult>> Invoke(InvokeRequest request);

  // For work that blocks on behalf of this service: parsing and decoding what carries code. Not
  // after Stop.
  io::BlockingPool& blocking_pool();

  struct State;  // of this module's own

 private:
  explicit Functions(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace scones::functions
