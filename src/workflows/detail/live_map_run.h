// A map run that something is still to be done for. Belongs to the workflow thread.
#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>

#include "asl/map_run.h"
#include "workflows/detail/machine_table.h"
#include "workflows/detail/map_run_table.h"

namespace scones::workflows {

struct LiveMapRun {
  MapRunRow row;
  RevisionPtr revision;
  std::int32_t scope = 0;
  asl::MachineType child_type = asl::MachineType::kStandard;
  bool exports = false;  // its results go to a bucket
  asl::MapRunProgress progress{{}, {}, {}};

  // Children by number, with their executions.
  std::unordered_map<std::int64_t, std::int64_t> running;
  std::deque<PendingChild> inputs;  // read ahead
  std::int64_t next = 0;            // number from which to read on
  RunningCounts redriven;           // of those that run
  bool busy = false;                // a job for it is under way, or waits for its next attempt
  bool stale = false;               // redriven since that job began: what it says is not for now
  bool stopping = false;            // its children have been told to stop
  bool answered = false;            // its end is on the way to its parent
  bool over = false;                // its parent awaits it no longer
};

}  // namespace scones::workflows
