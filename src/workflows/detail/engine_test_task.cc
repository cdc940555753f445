// TestState's tasks on the workflow thread: they belong to no execution and nothing of them is
// kept.
#include <utility>

#include "workflows/detail/engine.h"

namespace scones::workflows {

void Engine::On(TestTaskItem& item) {
  const std::int64_t test = ++last_test_;
  const Timestamp due = now_ + item.limit;
  tests_.emplace(test, TestTask{.due = due,
                                .execution_arn = item.request.execution_arn,
                                .seq = item.request.task.seq,
                                .done = std::move(item.done)});
  timers_.emplace(due, -test, item.request.task.seq);
  TaskDone done = [inbox = inbox_, test](TaskOutcome outcome) {
    (void)inbox->Push(TestAnswerItem{.test = test, .outcome = std::move(outcome)});
  };
  ports_.runner.Start(std::move(item.request), std::move(done));
}

void Engine::On(TestAnswerItem& item) { EndTest(item.test, std::move(item.outcome)); }

void Engine::EndTest(std::int64_t test, Result<TaskOutcome> outcome) {
  const auto known = tests_.find(test);
  if (known == tests_.end()) return;
  TestTask task = std::move(known->second);
  tests_.erase(known);
  if (timers_.erase({task.due, -test, task.seq}) == 0) {
    ports_.runner.Cancel(task.execution_arn, task.seq);  // its time was over
  }
  task.done(std::move(outcome));
}

}  // namespace scones::workflows
