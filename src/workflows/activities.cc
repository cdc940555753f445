// The service's calls for those who work on tasks outside it: activities and task tokens.
#include <utility>

#include "workflows/detail/input_check.h"
#include "workflows/detail/state.h"
#include "workflows/workflows.h"

namespace scones::workflows {

io::Task<Result<Activity>> Workflows::CreateActivity(std::string name, std::vector<Tag> tags) {
  return state_->activities.Create(std::move(name), std::move(tags));
}
io::Task<Result<void>> Workflows::DeleteActivity(std::string arn) {
  return state_->activities.Delete(std::move(arn));
}
Result<Activity> Workflows::DescribeActivity(const std::string& arn) {
  return state_->activities.Describe(arn);
}
Result<Page<Activity>> Workflows::ListActivities(const PageRequest& page) {
  return state_->activities.List(page);
}

io::Task<Result<std::optional<ActivityTask>>> Workflows::GetActivityTask(
    std::string arn, std::string worker_name, std::function<bool()> worker_is_there) {
  CO_TRY(const std::string activity, state_->activities.NameOf(arn));
  Engine& engine = *state_->engine;
  const Timestamp until = state_->clock.Now() + state_->options.activity_poll;
  // A task that was offered may be gone when it is claimed: its execution was stopped meanwhile.
  while (state_->clock.Now() < until) {
    auto poll = [&](ActivityQueues::Offer offer) {
      engine.Post(PollItem{.activity = activity, .offer = std::move(offer)});
    };
    CO_TRY(const std::optional<ActivityTaskRef> offered,
           co_await io::Await<Result<std::optional<ActivityTaskRef>>>(std::move(poll)));
    if (!offered) break;
    if (!worker_is_there()) {
      engine.Post(ReturnItem{.activity = activity, .task = *offered});
      break;
    }
    using Claimed = Result<std::optional<ActivityTask>>;
    auto claim = [&](io::Completion<Claimed> done) {
      engine.Post(ClaimItem{.execution = offered->execution,
                            .seq = offered->seq,
                            .worker_name = worker_name,
                            .done = std::move(done)});
    };
    Claimed claimed = co_await io::Await<Claimed>(std::move(claim));
    if (!claimed || *claimed) co_return claimed;
  }
  co_return std::optional<ActivityTask>();
}

void Workflows::EndActivityPolls() { state_->engine->Post(EndPollsItem{}); }

// ---- Task tokens --------------------------------------------------------------------------------

io::Task<Result<void>> Workflows::SendTaskSuccess(std::string token, std::string output) {
  CO_TRY_VOID(CheckOutput(output, state_->options.max_input_bytes));
  auto event = [output = std::move(output)](std::uint64_t seq) -> asl::Event {
    return asl::TaskSucceeded{.seq = seq, .output = output};
  };
  co_return co_await state_->Answer(std::move(token), std::move(event));
}

io::Task<Result<void>> Workflows::SendTaskFailure(std::string token, std::string error,
                                                  std::string cause) {
  auto event = [error = std::move(error),
                cause = std::move(cause)](std::uint64_t seq) -> asl::Event {
    return asl::TaskFailed{.seq = seq, .error = error, .cause = cause};
  };
  co_return co_await state_->Answer(std::move(token), std::move(event));
}

io::Task<Result<void>> Workflows::SendTaskHeartbeat(std::string token) {
  auto event = [](std::uint64_t seq) -> asl::Event { return asl::TaskHeartbeat{.seq = seq}; };
  co_return co_await state_->Answer(std::move(token), std::move(event));
}

}  // namespace scones::workflows
