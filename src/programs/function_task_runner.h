// Runs an execution's Task states on the functions service: function ARNs of any account and
// region, and arn:aws:states:::lambda:invoke. Safe from any thread.
#pragma once

#include "functions/functions.h"
#include "io/shards.h"
#include "workflows/task_runner.h"

namespace scones::programs {

class FunctionTaskRunner final : public workflows::TaskRunner {
 public:
  // Both outlive it.
  FunctionTaskRunner(functions::Functions& functions, io::Shards& shards)
      : functions_(functions), shards_(shards) {}

  void Start(workflows::TaskRequest request, workflows::TaskDone done) override;
  // A function that runs is left to end; its outcome is ignored.
  void Cancel(const std::string& execution_arn, std::uint64_t seq) override;

 private:
  functions::Functions& functions_;
  io::Shards& shards_;
};

}  // namespace scones::programs
