// Publishing, listing and deleting versions, and aliases that route to them. Safe from any thread.
#pragma once

#include <string>

#include "base/arn.h"
#include "db/database.h"
#include "io/task.h"
#include "workflows/types.h"
#include "workflows/workflows.h"

namespace scones::workflows {

class VersionTable {
 public:
  // The references outlive the table.
  VersionTable(db::Database& database, const Clock& clock, Identity identity,
               const Options& options);

  io::Task<Result<StateMachineVersion>> Publish(std::string arn,
                                                std::optional<std::string> revision_id,
                                                std::string description);
  io::Task<Result<void>> Delete(std::string version_arn);
  Result<Page<StateMachineVersion>> List(const std::string& arn, const PageRequest& page);

  io::Task<Result<StateMachineAlias>> CreateAlias(CreateAliasRequest request);
  io::Task<Result<Timestamp>> UpdateAlias(UpdateAliasRequest request);
  io::Task<Result<void>> DeleteAlias(std::string alias_arn);
  Result<StateMachineAlias> DescribeAlias(const std::string& alias_arn);
  Result<Page<StateMachineAlias>> ListAliases(const std::string& arn, const PageRequest& page);

 private:
  db::Database& database_;
  const Clock& clock_;
  const Identity identity_;
  const Options& options_;
};

}  // namespace scones::workflows
