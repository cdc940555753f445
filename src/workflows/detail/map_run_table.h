// Map runs and their children in the database. Functions over a connection; the caller provides the
// transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "asl/map_results.h"
#include "asl/map_run.h"
#include "base/result.h"
#include "db/connection.h"
#include "workflows/types.h"

namespace scones::workflows {

// A child's number is its place in the run; the key of its row is made of both.
inline constexpr int kChildBits = 27;
inline constexpr std::int64_t kMaxChildren = (std::int64_t{1} << kChildBits) - 1;
inline std::int64_t ChildKey(std::int64_t run, std::int64_t number) {
  return (run << kChildBits) | number;
}

// What a commit of an execution does to a map run of it, named by the command's number.
struct MapRunChange {
  std::uint64_t seq = 0;
  std::optional<asl::MapRunSpec> start;
  struct Redrive {
    std::string arn;
    std::int64_t count = 0;
  };
  std::optional<Redrive> redrive;
  std::optional<MapRunStatus> end;
  bool results_written = false;  // to a bucket
  std::int64_t id = 0;           // set by ApplyMapRunChange for a start or redrive
};
Result<void> ApplyMapRunChange(db::Connection& connection, std::int64_t execution, Timestamp now,
                               MapRunChange& change);

struct MapRunRow {
  std::int64_t id = 0;
  std::int64_t execution = 0;
  std::uint64_t seq = 0;
  MapRunStatus status = MapRunStatus::kRunning;
  // What of it is stored.
  enum class Stage {
    kNew,       // not all of its children's inputs
    kPrepared,  // all of them
    kRedriven,  // all; which children are to be redriven has not been marked
  };
  Stage stage = Stage::kNew;
  bool closed = false;  // nothing more is to be done for it
  Timestamp started;
  std::optional<Timestamp> stopped;
  std::int64_t results_written = 0;
  std::string arn;
  std::string child_machine;  // "MACHINE/LABEL"
  asl::MapRunProgress::Limits limits;
  RedriveRecord redrives;
  // But for those that run; of these, the redriven ones are among pending_redrive.
  asl::MapRunCounts executions;
  asl::MapRunCounts items;
};
// Runs that something is still to be done for.
Result<std::vector<MapRunRow>> ReadOpenMapRuns(db::Connection& connection);
Result<std::optional<MapRunRow>> FindMapRun(db::Connection& connection, const std::string& arn);
Result<std::optional<MapRunRow>> FindMapRunById(db::Connection& connection, std::int64_t id);
// Of one execution, latest first, ids below `before`.
Result<std::vector<MapRunRow>> ListMapRunRows(db::Connection& connection, std::int64_t execution,
                                              std::int64_t before, std::int64_t limit);
// Errors: kDataLoss.
Result<asl::MapRunSpec> ReadMapRunSpec(db::Connection& connection, std::int64_t id);

struct NewChild {
  std::string input;
  std::int64_t items = 1;
};
// Returns how many were deleted, at most `limit`.
Result<std::int64_t> DeleteChildren(db::Connection& connection, std::int64_t run,
                                    std::int64_t limit);
Result<void> InsertChildren(db::Connection& connection, std::int64_t run, std::int64_t first,
                            const std::vector<NewChild>& children);
Result<void> SetPrepared(db::Connection& connection, std::int64_t run, std::int64_t children,
                         std::int64_t items);
Result<void> SetLimits(db::Connection& connection, std::int64_t run,
                       const asl::MapRunProgress::Limits& limits);
// Nothing more is to be done for it, unless it has been redriven again.
Result<void> SetClosed(db::Connection& connection, std::int64_t run, std::int64_t redrives);

// How many children, and items in them, run.
struct RunningCounts {
  std::int64_t executions = 0;
  std::int64_t items = 0;
};

// A child that has not ended, or is to be redriven.
struct PendingChild {
  std::int64_t number = 0;
  std::int64_t items = 1;
  std::string input;
  // To be redriven: what it was called.
  bool again = false;
  std::string name;
  std::string arn;
  std::int64_t redrives = 0;  // before this one
};
// From number `from` on, at most `limit` and about `bytes` bytes.
Result<std::vector<PendingChild>> ReadPendingChildren(db::Connection& connection, std::int64_t run,
                                                      std::int64_t from, std::int64_t limit,
                                                      std::size_t bytes);

// Which child an execution is.
struct ChildRef {
  std::int64_t number = 0;
  std::int64_t items = 1;
  bool redriven = false;  // it runs because its run has been redriven
};
Result<void> InsertChildExecution(db::Connection& connection, std::int64_t execution,
                                  const ChildRef& child);
Result<std::optional<ChildRef>> FindChildExecution(db::Connection& connection,
                                                   std::int64_t execution);
// Whether it is to be redriven and does not run yet. Precondition: it has ended.
Result<bool> IsPendingRedrive(db::Connection& connection, std::int64_t run, std::int64_t execution);
struct RunningChild {
  std::int64_t execution = 0;
  ChildRef child;
};
// Standard children that have started and not ended.
Result<std::vector<RunningChild>> ReadRunningChildren(db::Connection& connection, std::int64_t run);

// The end of a child: its result, and the run's counts. A second end of it changes nothing.
struct ChildEnd {
  std::int64_t execution = 0;
  std::int64_t run = 0;
  ChildRef child;
  asl::ExecutionStatus status = asl::ExecutionStatus::kSucceeded;
  std::string name;
  std::string arn;
  std::string output;
  std::optional<std::string> error;
  std::optional<std::string> cause;
  Timestamp started;
  Timestamp stopped;
  std::int64_t redrives = 0;
  bool redrivable = true;  // matters without success
};
Result<void> StoreChildEnd(db::Connection& connection, const ChildEnd& end);
// Children in order, from number `from` on. Without the ARN of the machine.
struct ChildResults {
  std::vector<asl::ChildResult> children;
  std::int64_t next = 0;  // number of the first that was not looked at
  bool more = false;
};
// `of_redrive`: only those that ended in that redrive of the run, or have never started.
Result<ChildResults> ReadChildResults(db::Connection& connection, std::int64_t run,
                                      std::int64_t from, std::int64_t limit, std::size_t bytes,
                                      std::optional<std::int64_t> of_redrive);

}  // namespace scones::workflows
