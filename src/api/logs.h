// CloudWatch Logs: rows of the JSON 1.1 dialect "Logs_20140328".
#pragma once

#include "api/json_dialect.h"
#include "io/blocking_pool.h"
#include "logs/logs.h"

namespace scones::api {

// Adds the operations on groups, streams and events. All outlive the dialect; `disk` runs what
// blocks.
void AddLogsOperations(JsonDialect& dialect, logs::Logs& logs, io::BlockingPool& disk);

}  // namespace scones::api
