#include "workflows/detail/schema.h"

namespace scones::workflows {

const std::vector<db::Migration>& Migrations() {
  static const std::vector<db::Migration> migrations = {
      {.name = "workflows.1", .sql = R"sql(
CREATE TABLE state_machines (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  type INTEGER NOT NULL,      -- 0 standard, 1 express
  status INTEGER NOT NULL,    -- 0 active, 1 deleting, 2 deleted: kept for its executions
  created_us INTEGER NOT NULL,
  revision INTEGER NOT NULL   -- the current one
);
CREATE UNIQUE INDEX state_machines_name ON state_machines (name) WHERE status < 2;
CREATE INDEX state_machines_all_names ON state_machines (name, id);

CREATE TABLE state_machine_revisions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  machine INTEGER NOT NULL,
  revision_id TEXT NOT NULL,  -- '' for the first
  created_us INTEGER NOT NULL,
  role_arn TEXT NOT NULL,
  logging TEXT NOT NULL,
  tracing INTEGER NOT NULL,
  definition TEXT NOT NULL
);

CREATE TABLE state_machine_tags (
  machine INTEGER NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (machine, key)
) WITHOUT ROWID;

-- Standard executions, open and ended.
CREATE TABLE executions (
  id INTEGER PRIMARY KEY,
  machine INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  status INTEGER NOT NULL,    -- 0 running, 1 succeeded, 2 failed, 3 timed out, 4 aborted
  start_us INTEGER NOT NULL,
  stop_us INTEGER,
  seed INTEGER NOT NULL,
  name TEXT NOT NULL,
  input TEXT NOT NULL
);
CREATE UNIQUE INDEX executions_name ON executions (machine, name);
CREATE INDEX executions_status ON executions (machine, status);

-- One row for each execution with status 0.
CREATE TABLE open_executions (
  id INTEGER PRIMARY KEY,
  wake_us INTEGER,            -- the earliest timer
  tasks INTEGER NOT NULL,     -- tasks that await an answer
  first_event INTEGER NOT NULL,
  state BLOB NOT NULL,
  journal BLOB NOT NULL       -- events from first_event on
);

-- Pieces of history; key = execution * 65536 + the number of the first event.
CREATE TABLE execution_history (
  key INTEGER PRIMARY KEY,
  journal BLOB NOT NULL
);

-- Express executions that StartExecution has accepted and that have not ended.
CREATE TABLE express_executions (
  id INTEGER PRIMARY KEY,
  revision INTEGER NOT NULL,
  start_us INTEGER NOT NULL,
  seed INTEGER NOT NULL,
  name TEXT NOT NULL,
  input TEXT NOT NULL
);

CREATE TABLE workflow_settings (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) WITHOUT ROWID;
)sql"},
  };
  return migrations;
}

}  // namespace scones::workflows
