// The redrive of a map run: which of its children are to be redriven is marked by a job before the
// first of them runs, slice by slice, and what is left of the marks is taken away when the run
// ends. Both may be cut off by a crash and begin again. For threads that may block.
#pragma once

#include "asl/definition.h"
#include "base/result.h"
#include "base/time.h"
#include "workflows/detail/map_run_jobs.h"
#include "workflows/detail/map_run_table.h"

namespace scones::workflows {

// Marks the children that ended without success, but for Standard ones that cannot go on: these
// stay failed. Returns the run as it is then. Errors: the database's.
Result<MapRunRow> MarkForRedrive(const MapRunJob& job, asl::MachineType child_type, Timestamp now);
// Children that were marked and did not run count again as they had ended.
Result<void> UnmarkRedrive(const MapRunJob& job);

}  // namespace scones::workflows
