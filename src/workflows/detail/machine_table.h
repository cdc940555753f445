// State machines and their revisions in the database, and the compiled definitions that executions
// share. Safe from any thread.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "asl/definition.h"
#include "base/arn.h"
#include "db/database.h"
#include "io/task.h"
#include "workflows/types.h"
#include "workflows/workflows.h"

namespace scones::workflows {

// One state of a state machine's definition and role, ready to run. Immutable.
struct Revision {
  std::int64_t id = 0;
  std::int64_t machine = 0;
  std::string machine_name;
  std::string machine_arn;
  std::string role_arn;
  std::shared_ptr<const asl::Definition> definition;
};
using RevisionPtr = std::shared_ptr<const Revision>;

// A machine with one of its revisions, as stored.
struct MachineRow {
  std::int64_t machine = 0;
  std::int64_t revision = 0;
  std::int64_t last_version = 0;
  std::optional<std::string> published_as;  // by CreateStateMachine
  StateMachine described;
};
// The current revision of a machine that has not been deleted.
Result<std::optional<MachineRow>> FindMachineRow(db::Connection& connection,
                                                 const Identity& identity, const std::string& name);

// What an execution is to run, and how that was named.
struct StartTarget {
  RevisionPtr revision;
  std::int64_t version = 0;  // 0: by the machine's own ARN
  std::string alias;
};

class MachineTable {
 public:
  // The references outlive the table.
  MachineTable(db::Database& database, const Clock& clock, Identity identity,
               const Options& options);

  io::Task<Result<CreatedStateMachine>> Create(CreateStateMachineRequest request);
  io::Task<Result<UpdatedStateMachine>> Update(UpdateStateMachineRequest request);
  io::Task<Result<void>> Delete(std::string arn);
  Result<StateMachine> Describe(const std::string& arn);
  Result<Page<StateMachineSummary>> List(const PageRequest& page);
  io::Task<Result<void>> Tag(std::string arn, std::vector<workflows::Tag> tags);
  io::Task<Result<void>> Untag(std::string arn, std::vector<std::string> keys);
  Result<std::vector<workflows::Tag>> ListTags(const std::string& arn);

  // The current revision of an active machine. Errors: InvalidArn, StateMachineDoesNotExist,
  // StateMachineDeleting.
  Result<RevisionPtr> Current(const std::string& arn);
  // What `arn` of a machine, a version or an alias starts; `draw` in 0..99 chooses between an
  // alias's versions. Errors: those of Current.
  Result<StartTarget> Target(const std::string& arn, std::int64_t draw);
  // Any revision, also of a deleted machine. Errors: kDataLoss.
  Result<RevisionPtr> Load(std::int64_t revision);
  Result<StateMachine> DescribeRevision(std::int64_t revision);

  // For the writer's transactions: whether executions may still start; and marks a DELETING machine
  // without open executions deleted.
  static Result<bool> IsActive(db::Connection& connection, std::int64_t machine);
  static Result<void> FinishDeletion(db::Connection& connection, std::int64_t machine);

 private:
  Result<RevisionPtr> Compile(std::int64_t id, std::int64_t machine, const StateMachine& described);
  void Forget(const std::string& name);

  db::Database& database_;
  const Clock& clock_;
  const Identity identity_;
  const Options& options_;

  std::mutex mutex_;
  std::uint64_t generation_ = 0;  // counts Forget: what was read before it is not cached after it
  std::unordered_map<std::string, RevisionPtr> current_;  // by machine name
  std::unordered_map<std::int64_t, RevisionPtr> revisions_;
};

}  // namespace scones::workflows
