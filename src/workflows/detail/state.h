// What Workflows is made of, and what its calls share. Members are built in the order of
// dependence.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/arn.h"
#include "base/result.h"
#include "base/time.h"
#include "db/database.h"
#include "io/blocking_pool.h"
#include "io/task.h"
#include "workflows/detail/activity_table.h"
#include "workflows/detail/engine.h"
#include "workflows/detail/execution_table.h"
#include "workflows/detail/machine_table.h"
#include "workflows/detail/version_table.h"
#include "workflows/workflows.h"

namespace scones::workflows {

std::uint64_t RandomSeed();

struct Workflows::State {
  db::Database& database;
  const Clock& clock;
  const Identity identity;
  const Options options;
  std::string task_token_key;
  MachineTable machines;
  VersionTable versions;
  ActivityTable activities;
  std::unique_ptr<io::BlockingPool> map_jobs;
  std::unique_ptr<Engine> engine;

  State(db::Database& db, const Clock& time, Identity who, Options limits, std::string key);

  // The execution that `arn` names. Errors: InvalidArn, ExecutionDoesNotExist.
  Result<FoundExecution> Find(const std::string& arn);

  // Empty where the execution was not started by a version or an alias.
  std::string VersionArnOf(const std::string& machine, const ExecutionRow& row) const;
  std::string AliasArnOf(const std::string& machine, const ExecutionRow& row) const;

  // What both ways to start check.
  Result<StartItem> Prepare(StartExecutionRequest request);

  // Posts the event that `event` makes of the task's number to the execution that `token` names.
  // Errors: InvalidToken, TaskDoesNotExist, TaskTimedOut.
  io::Task<Result<void>> Answer(std::string token, std::function<asl::Event(std::uint64_t)> event);
};

}  // namespace scones::workflows
