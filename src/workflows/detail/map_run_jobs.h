// The long parts of a map run, done on a thread that may block: making its children's inputs, and
// joining their results. Both may be cut off by a crash and begin again.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "asl/definition.h"
#include "asl/map_run.h"
#include "base/result.h"
#include "db/database.h"
#include "workflows/map_data.h"

namespace scones::workflows {

struct MapRunJob {
  db::Database& database;
  MapData* data;  // null: no object store
  std::shared_ptr<const std::atomic<bool>> stopping;
  std::size_t max_object_bytes;
  std::int64_t max_children;
  std::int64_t run = 0;
  std::shared_ptr<const asl::Definition> definition;
  std::string state_machine_arn;  // of the children
  std::int64_t redrives = 0;      // of the run
};

struct MapRunTotals {
  std::int64_t children = 0;
  std::int64_t items = 0;
};

// Stores the inputs of all children. Errors: what the run fails with (a reason that starts with
// "States."), or the database's.
Result<MapRunTotals> PrepareMapRun(const MapRunJob& job);
// The state's result, written to a bucket where the run says so. Errors as above.
Result<std::string> JoinResults(const MapRunJob& job);
// Deletes the children's rows.
Result<void> ForgetChildren(const MapRunJob& job);

// Whether `error` is the run's own failure, and not one of storage.
inline bool IsRunFailure(const Error& error) { return error.reason().starts_with("States."); }

// The content of a gzip file. Errors: kInvalid; kExhausted beyond `max_bytes`.
Result<std::string> Gunzip(std::string_view bytes, std::size_t max_bytes);

}  // namespace scones::workflows
