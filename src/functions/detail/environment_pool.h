// The environments of all functions: warm ones are used again, the most recent first; unused ones
// end. Safe from any thread; environments start and close on a pool of threads of its own.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "functions/detail/environment.h"
#include "functions/detail/registry.h"
#include "functions/functions.h"
#include "io/blocking_pool.h"
#include "io/task.h"

namespace scones::functions {

using VersionPointer = std::shared_ptr<const Version>;

class EnvironmentPool {
 public:
  // `dependencies` and `options` outlive the pool. `runtime_directory` holds the Python runtime.
  EnvironmentPool(Environment::Dependencies dependencies, const Options& options, Identity identity,
                  io::Path runtime_directory);

  // A warm environment or a new one; give it back with Release.
  // Errors: kExhausted/TooManyRequestsException when as many as may be are busy;
  // kInvalid/Runtime.InvalidEntrypoint when its program can't be run; kUnavailable/ServiceException
  // when none can start; kCancelled after Stop.
  io::Task<Result<std::shared_ptr<Environment>>> Acquire(VersionPointer version);
  void Release(const VersionPointer& version, std::shared_ptr<Environment> environment);

  void Tick(SteadyTime now);
  void SetEndpointUrl(std::string url);
  // Closes all and refuses more. Blocks.
  void Stop();

 private:
  struct Idle {
    VersionPointer version;
    std::shared_ptr<Environment> environment;
    SteadyTime since;
  };

  // A slot for one more environment, which may be taken from an idle one.
  Result<void> Reserve();
  Result<std::shared_ptr<Environment>> Start(const VersionPointer& version);
  EnvironmentPlan MakePlan(const Version& version) const;
  unsigned UserOf(const Version& version) const;
  void CloseLater(std::shared_ptr<Environment> environment);

  const Environment::Dependencies dependencies_;
  const Options& options_;
  const Identity identity_;
  const io::Path runtime_directory_;
  const bool own_users_;  // each function runs as a user of its own

  mutable std::mutex mutex_;
  bool stopped_ = false;
  std::string endpoint_url_;
  std::size_t reserved_ = 0;  // slots taken: starting, alive or closing
  std::vector<std::shared_ptr<Environment>> alive_;
  std::deque<Idle> idle_;  // the longest unused first
  SteadyTime next_memory_check_{};
};

}  // namespace scones::functions
