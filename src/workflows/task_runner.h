// The port through which an execution's Task states reach the world: functions and service
// integrations. Implemented by the composition root, which knows `functions`, `training`, ….
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "asl/step.h"

namespace scones::workflows {

// `task` holds the kind (function, integration), the resource as the definition writes it, the
// evaluated input (JSON text) and the state's timeout; see asl/step.h. Function ARNs of any account
// and region mean the function of that name here; a qualifier (":$LATEST") counts.
// (execution_arn, task.seq) names the task for ever: it comes again after a crash.
struct TaskRequest {
  std::string execution_arn;
  asl::RunTask task;
  // A .sync task whose kSubmitted was committed before a crash: go on waiting for it, don't submit
  // it again.
  bool resumed = false;
  // An earlier run of the service may have started it, with or without effect: a request that finds
  // what it asks for already done may have done so itself.
  bool again = false;
};

struct TaskOutcome {
  enum class Kind {
    kSucceeded,
    kFailed,
    // Only for .sync and .waitForTaskToken: the service has accepted the request. A .sync task's
    // final outcome follows; a .waitForTaskToken task's comes through SendTask….
    kSubmitted,
  };
  Kind kind = Kind::kFailed;
  // JSON text, see asl::TaskSucceeded. For "arn:aws:states:::lambda:invoke" the whole object
  // {ExecutedVersion, Payload, SdkHttpMetadata, SdkResponseMetadata, StatusCode}.
  std::string output;
  std::string error;  // kFailed: as Retry and Catch match it, see asl::TaskFailed
  std::string cause;

  static TaskOutcome Succeeded(std::string output) {
    return {.kind = Kind::kSucceeded, .output = std::move(output), .error = "", .cause = ""};
  }
  static TaskOutcome Submitted(std::string output) {
    return {.kind = Kind::kSubmitted, .output = std::move(output), .error = "", .cause = ""};
  }
  static TaskOutcome Failed(std::string error, std::string cause) {
    return {
        .kind = Kind::kFailed, .output = "", .error = std::move(error), .cause = std::move(cause)};
  }
};

// Safe to call from any thread, also within Start, also after the service is gone; it returns at
// once. Calls after the final outcome are ignored.
using TaskDone = std::function<void(TaskOutcome)>;

class TaskRunner {
 public:
  virtual ~TaskRunner() = default;
  // Called on the workflow thread, after the task has been committed: start the work and return
  // soon (a native function of some microseconds may run within). At least once per task: after a
  // crash, or when an outcome could not be stored, the same task is started again.
  virtual void Start(TaskRequest request, TaskDone done) = 0;
  // The outcome is no longer awaited (timeout, stop, a failed sibling branch). Best effort.
  virtual void Cancel(const std::string& execution_arn, std::uint64_t seq) = 0;
};

}  // namespace scones::workflows
