// Runs executions' Task states on the services of this process: functions, SageMaker, S3, Step
// Functions itself, and HTTP. Safe from any thread.
//
// A .sync task submits its job, reports that, and waits: for an execution until the workflow
// service says that it has ended, for a training job by asking again and again. The job's name
// follows from the task, so that after a crash the wait goes on without another submission, and a
// submission whose report was lost is recognised as the task's own.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/json_dialect.h"
#include "api/s3_dialect.h"
#include "functions/functions.h"
#include "integrations/http_task.h"
#include "io/shards.h"
#include "workflows/task_runner.h"
#include "workflows/workflows.h"

namespace scones::integrations {

class ServiceTaskRunner final : public workflows::TaskRunner {
 public:
  struct Dependencies {
    functions::Functions& functions;
    io::Shards& shards;
    const Clock& clock;
    Identity identity;
  };
  struct Options {
    HttpTasks::Options http;
    // Of asking whether a job has ended; the pause doubles from the first to the last.
    std::chrono::milliseconds first_poll{50};
    std::chrono::milliseconds last_poll{1'000};
  };
  // What `dependencies` names outlives the runner.
  ServiceTaskRunner(Dependencies dependencies, Options options);
  // Stops.
  ~ServiceTaskRunner() override;

  // The services that are reached through their dialects, which need the runner to be made first.
  // Tasks for them wait until this has been called. All outlive Stop().
  struct Services {
    workflows::Workflows& workflows;
    const api::JsonDialect& states;
    const api::JsonDialect& sagemaker;
    api::S3Dialect& s3;
  };
  void Connect(Services services);

  // Starts nothing more and reports nothing more: what is under way is started again or waited for
  // again by the next run. Waits a while for calls under way. Not from a shard. Idempotent.
  void Stop();

  void Start(workflows::TaskRequest request, workflows::TaskDone done) override;
  // Stops the job of a .sync task. What else runs is left to end; its outcome is ignored.
  void Cancel(const std::string& execution_arn, std::uint64_t seq) override;

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace scones::integrations
