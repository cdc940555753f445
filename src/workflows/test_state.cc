// The service's call TestState: one state runs in the caller, its task on the workflow thread.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/random.h"
#include "workflows/detail/state.h"
#include "workflows/workflows.h"

namespace scones::workflows {

io::Task<Result<asl::TestStateResult>> Workflows::TestState(asl::TestStateRequest request,
                                                            std::optional<std::string> role_arn) {
  constexpr std::chrono::minutes kLongestTest{5};
  const Identity& who = state_->identity;
  const asl::TestStateIdentity identity{
      .arn_prefix = fmt::format("arn:{}:states:{}:{}", who.partition, who.region, who.account),
      .execution_id = RandomUuid(),
      .machine_id = RandomUuid(),
      .role_arn = std::move(role_arn),
      .region = who.region,
      .random_seed = RandomSeed(),
      .task_token_key = state_->task_token_key};
  CO_TRY(asl::StateTest test,
         asl::StateTest::Start(std::move(request), identity, state_->clock.Now()));
  if (const asl::RunTask* task = test.task()) {
    const std::uint64_t seq = task->seq;
    const auto own =
        std::chrono::seconds(task->timeout_seconds.value_or(kLongestTest.count() * 60));
    TestTaskItem item{
        .request = {.execution_arn = fmt::format("{}:express:{}:{}", identity.arn_prefix,
                                                 identity.machine_id, identity.execution_id),
                    .task = *task},
        .limit = std::min<std::chrono::seconds>(own, kLongestTest),
        .done = {}};
    auto post = [&](io::Completion<Result<TaskOutcome>> done) {
      item.done = std::move(done);
      state_->engine->Post(std::move(item));
    };
    CO_TRY(TaskOutcome outcome, co_await io::Await<Result<TaskOutcome>>(std::move(post)));
    if (outcome.kind == TaskOutcome::Kind::kSucceeded) {
      test.TaskDone(asl::TaskSucceeded{.seq = seq, .output = std::move(outcome.output)});
    } else {
      test.TaskDone(asl::TaskFailed{
          .seq = seq, .error = std::move(outcome.error), .cause = std::move(outcome.cause)});
    }
  }
  co_return test.Finish();
}

}  // namespace scones::workflows
