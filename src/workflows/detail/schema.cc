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
      {.name = "workflows.activities", .sql = R"sql(
CREATE TABLE activities (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  created_us INTEGER NOT NULL
);

CREATE TABLE activity_tags (
  activity INTEGER NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (activity, key)
) WITHOUT ROWID;
)sql"},
      {.name = "workflows.versions", .sql = R"sql(
-- The number that the last version got: none is given twice.
ALTER TABLE state_machines ADD COLUMN last_version INTEGER NOT NULL DEFAULT 0;
-- What CreateStateMachine published: NULL for nothing, else the version's description.
ALTER TABLE state_machines ADD COLUMN published_as TEXT;

CREATE TABLE state_machine_versions (
  machine INTEGER NOT NULL,
  version INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  created_us INTEGER NOT NULL,
  description TEXT NOT NULL,
  PRIMARY KEY (machine, version)
) WITHOUT ROWID;
CREATE INDEX state_machine_versions_revision ON state_machine_versions (machine, revision);

-- Starts go to `version`, or with `second_weight` percent to `second_version`.
CREATE TABLE state_machine_aliases (
  machine INTEGER NOT NULL,
  name TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL,
  description TEXT NOT NULL,
  version INTEGER NOT NULL,
  weight INTEGER NOT NULL,
  second_version INTEGER,
  second_weight INTEGER,
  PRIMARY KEY (machine, name)
) WITHOUT ROWID;

-- How the execution was started; NULL where by the machine's own ARN.
ALTER TABLE executions ADD COLUMN version INTEGER;
ALTER TABLE executions ADD COLUMN alias TEXT;
CREATE INDEX executions_version ON executions (machine, version, status)
  WHERE version IS NOT NULL;
CREATE INDEX executions_alias ON executions (machine, alias, status) WHERE alias IS NOT NULL;
)sql"},
      {.name = "workflows.redrive", .sql = R"sql(
-- What a redrive goes on from: executions that ended without success in the last 14 days.
CREATE TABLE redrivable_executions (
  id INTEGER PRIMARY KEY,
  stop_us INTEGER NOT NULL,
  events INTEGER NOT NULL,
  state BLOB NOT NULL         -- asl::Encode's text; empty where it cannot go on
);
CREATE INDEX redrivable_executions_stop ON redrivable_executions (stop_us);

CREATE TABLE redriven_executions (
  id INTEGER PRIMARY KEY,
  count INTEGER NOT NULL,
  last_us INTEGER NOT NULL
);

-- The client tokens that redrove an execution.
CREATE TABLE redrive_tokens (
  execution INTEGER NOT NULL,
  token TEXT NOT NULL,
  redriven_us INTEGER NOT NULL,
  PRIMARY KEY (execution, token)
) WITHOUT ROWID;
)sql"},
      {.name = "workflows.map_runs", .sql = R"sql(
CREATE TABLE map_runs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  execution INTEGER NOT NULL,   -- the parent, which awaits `seq`
  seq INTEGER NOT NULL,
  arn TEXT NOT NULL UNIQUE,
  child_machine TEXT NOT NULL,  -- "MACHINE/LABEL"
  status INTEGER NOT NULL DEFAULT 0,    -- 0 running, 1 succeeded, 2 failed, 3 aborted
  prepared INTEGER NOT NULL DEFAULT 0,  -- all rows of map_run_children are there
  closed INTEGER NOT NULL DEFAULT 0,    -- nothing more is to be done for it
  start_us INTEGER NOT NULL,
  stop_us INTEGER,
  max_concurrency INTEGER NOT NULL,
  tolerated_count INTEGER,
  tolerated_percentage TEXT,
  results_written INTEGER NOT NULL DEFAULT 0,
  children INTEGER NOT NULL DEFAULT 0,
  succeeded INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0,
  timed_out INTEGER NOT NULL DEFAULT 0,
  aborted INTEGER NOT NULL DEFAULT 0,
  items INTEGER NOT NULL DEFAULT 0,
  items_succeeded INTEGER NOT NULL DEFAULT 0,
  items_failed INTEGER NOT NULL DEFAULT 0,
  items_timed_out INTEGER NOT NULL DEFAULT 0,
  items_aborted INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX map_runs_execution ON map_runs (execution, seq);
CREATE INDEX map_runs_child_machine ON map_runs (child_machine, id);
CREATE INDEX map_runs_open ON map_runs (id) WHERE closed = 0;
CREATE TABLE map_run_specs (
  id INTEGER PRIMARY KEY,       -- of the run
  spec TEXT NOT NULL            -- asl::Encode(MapRunSpec)
);

-- Inputs, then results; key = run * 2^27 + the child's number. Status NULL: has not ended.
CREATE TABLE map_run_children (
  key INTEGER PRIMARY KEY,
  items INTEGER NOT NULL,
  status INTEGER,
  name TEXT,
  arn TEXT,
  start_us INTEGER,
  stop_us INTEGER,
  input TEXT NOT NULL,
  output TEXT,
  error TEXT,
  cause TEXT
);

-- Which child a Standard execution is. Such an execution's `machine` is minus the run's id.
CREATE TABLE map_run_executions (
  execution INTEGER PRIMARY KEY,
  number INTEGER NOT NULL,
  items INTEGER NOT NULL
);
)sql"},
      {.name = "workflows.map_run_redrives", .sql = R"sql(
-- `prepared` may be 2: redriven, and its children have not been marked for it yet.
ALTER TABLE map_runs ADD COLUMN redrives INTEGER NOT NULL DEFAULT 0;
ALTER TABLE map_runs ADD COLUMN redrive_us INTEGER;
-- Children that are to be redriven and have not ended since, whether they run or not.
ALTER TABLE map_runs ADD COLUMN pending_redrive INTEGER NOT NULL DEFAULT 0;
ALTER TABLE map_runs ADD COLUMN items_pending_redrive INTEGER NOT NULL DEFAULT 0;
ALTER TABLE map_runs ADD COLUMN not_redrivable INTEGER NOT NULL DEFAULT 0;
ALTER TABLE map_runs ADD COLUMN items_not_redrivable INTEGER NOT NULL DEFAULT 0;

-- 1: to be redriven; then `status` and the result are those of the attempt before.
ALTER TABLE map_run_children ADD COLUMN again INTEGER NOT NULL DEFAULT 0;
ALTER TABLE map_run_children ADD COLUMN redrives INTEGER NOT NULL DEFAULT 0;
-- The run's redrive in which the child ended.
ALTER TABLE map_run_children ADD COLUMN ended_in INTEGER NOT NULL DEFAULT 0;
)sql"},
  };
  return migrations;
}

}  // namespace scones::workflows
