// What a redrive needs of an execution that did not succeed, which executions were redriven, and
// the judgement whether one may be. Functions over a connection; the caller provides the
// transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/result.h"
#include "base/time.h"
#include "db/connection.h"
#include "workflows/detail/execution_table.h"
#include "workflows/types.h"

namespace scones::workflows {

// Source: API Reference, RedriveExecution.
inline constexpr std::chrono::hours kRedrivablePeriod{14 * 24};
inline constexpr std::chrono::hours kMaxExecutionTime{365 * 24};
inline constexpr std::int64_t kMaxRedrivableEvents = 24'998;
inline constexpr std::chrono::minutes kRedriveTokenPeriod{15};
inline constexpr int kRedriveTokens = 10;  // per execution; earlier ones are forgotten

// Kept when an execution ends without success. Also forgets some of what is too old.
Result<void> StoreRemains(db::Connection& connection, std::int64_t id, Timestamp stopped,
                          const ExecutionChange::Remains& remains);
// The execution runs again. Precondition: it has ended.
Result<void> StoreRedrive(db::Connection& connection, std::int64_t id,
                          const ExecutionChange::Redrive& redrive);

// How often and when last `id` was redriven.
Result<RedriveRecord> ReadRedrives(db::Connection& connection, std::int64_t id);
// Of those with ids in [first, last], by id.
Result<std::unordered_map<std::int64_t, RedriveRecord>> ReadRedrives(db::Connection& connection,
                                                                     std::int64_t first,
                                                                     std::int64_t last);
// When `token` redrove `id`, if that was not too long ago.
Result<std::optional<Timestamp>> FindRedriveToken(db::Connection& connection, std::int64_t id,
                                                  const std::string& token, Timestamp now);

struct RedriveVerdict {
  RedriveStatus status = RedriveStatus::kNotRedrivable;
  std::string reason;  // as AWS words it; empty where it may
  std::string state;   // asl::Encode's text, where asked for
};
enum class WithState { kNo, kYes };
Result<RedriveVerdict> JudgeRedrive(db::Connection& connection, const FoundExecution& execution,
                                    Timestamp now, WithState with_state);

}  // namespace scones::workflows
