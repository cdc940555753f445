// The calls that read and change map runs: the service's methods, over the tables.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "base/arn.h"
#include "db/database.h"
#include "workflows/detail/map_run_table.h"
#include "workflows/types.h"

namespace scones::workflows {

// "arn:…:mapRun:MACHINE/LABEL:ID". Errors: InvalidArn, ResourceNotFound.
Result<MapRunRow> FindMapRunByArn(db::Connection& connection, const Identity& identity,
                                  const std::string& arn);

struct RunningChildren {
  RunningCounts all;
  RunningCounts redriven;
};
// `running` tells how many children of a run are running.
Result<MapRun> DescribeMapRun(db::Database& database, const Identity& identity,
                              const std::string& arn,
                              const std::function<RunningChildren(std::int64_t)>& running);
Result<std::vector<std::pair<std::int64_t, MapRunSummary>>> ListMapRuns(
    db::Connection& connection, const Identity& identity, std::int64_t execution,
    const std::string& execution_arn, std::int64_t before, std::int64_t limit);
// What the run's limits become. Errors: ValidationException.
Result<asl::MapRunProgress::Limits> ChangedLimits(const MapRunRow& run,
                                                  const UpdateMapRunRequest& request);

}  // namespace scones::workflows
