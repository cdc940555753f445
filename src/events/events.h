// Events: rules that choose events or fire on a schedule, and the calls of their targets. An event
// that has been accepted is matched in the transaction that accepts it; what must be delivered is
// then a row, which stays until its target has taken it or its retry policy gives up, whatever
// crashes meanwhile. Nothing is caught up: times of a schedule that passed while the service was
// down don't fire. One thread keeps the schedules and the deliveries' times.
//
// Safe from any thread. Calls that change something resume when that is durable.
// Errors carry EventBridge's names: ValidationException, ResourceNotFoundException,
// InvalidEventPatternException, LimitExceededException, ThrottlingException.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/arn.h"
#include "base/result.h"
#include "base/time.h"
#include "db/database.h"
#include "events/target_runner.h"
#include "events/types.h"
#include "io/shards.h"
#include "io/task.h"

namespace scones::events {

struct Options {
  std::size_t max_rules = 300;
  std::size_t max_targets = 5;           // of a rule
  std::size_t max_tags = 50;             // of a rule
  std::size_t max_deliveries = 100'000;  // waiting; beyond it, events are refused
  std::size_t max_running = 32;          // deliveries at once
  // Waits before the second try, and at most before any; each is twice the one before.
  std::chrono::milliseconds first_retry{1'000};
  std::chrono::milliseconds last_retry{300'000};
};

struct PutRuleRequest {
  std::string name;
  std::string description;
  std::string role_arn;
  std::optional<std::string> event_pattern;
  std::optional<std::string> schedule_expression;
  bool enabled = true;
  std::map<std::string, std::string> tags;  // of a new rule
};

struct Counters {
  std::uint64_t delivered = 0;
  std::uint64_t retried = 0;
  std::uint64_t given_up = 0;
  std::uint64_t looks = 0;  // at the clock and the tables
  std::uint64_t waiting = 0;
};

class Events {
 public:
  // Makes the tables in `database` and loads the rules. The references outlive the service.
  static Result<std::unique_ptr<Events>> Open(db::Database& database, io::Shards& shards,
                                              const Clock& clock, Identity identity,
                                              Options options);
  // Stops.
  ~Events();
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  // From now on schedules fire and deliveries are made, those from before a crash first. `runner`
  // outlives the service. Call it once.
  void Start(TargetRunner& runner);
  // Ends that, waiting for the deliveries under way. Blocks: not from a shard's thread. Idempotent.
  void Stop();

  // ---- Rules ----
  io::Task<Result<std::string>> PutRule(PutRuleRequest request);  // its ARN
  Result<Rule> DescribeRule(const std::string& name);
  Result<Page<Rule>> ListRules(const std::string& prefix, const std::string& after,
                               std::size_t limit);
  // Success where there is none.
  io::Task<Result<void>> DeleteRule(std::string name);
  io::Task<Result<void>> SetEnabled(std::string name, bool enabled);
  io::Task<Result<std::vector<FailedTarget>>> PutTargets(std::string rule,
                                                         std::vector<Target> targets);
  io::Task<Result<std::vector<FailedTarget>>> RemoveTargets(std::string rule,
                                                            std::vector<std::string> ids);
  Result<Page<Target>> ListTargets(const std::string& rule, const std::string& after,
                                   std::size_t limit);
  Result<Page<std::string>> ListRuleNamesByTarget(const std::string& arn, const std::string& after,
                                                  std::size_t limit);
  // By the rule's ARN.
  io::Task<Result<void>> TagResource(std::string arn, std::map<std::string, std::string> tags);
  io::Task<Result<void>> UntagResource(std::string arn, std::vector<std::string> keys);
  Result<std::map<std::string, std::string>> ListTags(const std::string& arn);

  // ---- Events ----
  // All or none.
  io::Task<Result<void>> PutEvents(std::vector<Event> events);

  // The same within a transaction of the caller's: the event is accepted if that commits. Call them
  // on the database's writer thread, in a job. Errors: kExhausted/ThrottlingException.
  Result<void> Accept(db::Connection& connection, const Event& event);
  Result<void> Enqueue(db::Connection& connection, const Delivery& delivery);

  // Whether there is such a target now; success before Start.
  Result<void> CheckTarget(const std::string& arn) const;

  // Looks at the clock again: for one that jumps, as tests' clocks do.
  void Wake();
  Counters counters() const;

 private:
  struct State;
  explicit Events(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace scones::events
