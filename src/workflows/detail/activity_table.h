// Activities in the database, and their names in memory, so that scheduling a task needs no query.
// Safe from any thread.
#pragma once

#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/arn.h"
#include "db/database.h"
#include "io/task.h"
#include "workflows/types.h"
#include "workflows/workflows.h"

namespace scones::workflows {

class ActivityTable {
 public:
  // The references outlive the table.
  ActivityTable(db::Database& database, const Clock& clock, Identity identity,
                const Options& options);
  // Before any other call. Errors: those of the database.
  Result<void> Load();

  io::Task<Result<Activity>> Create(std::string name, std::vector<workflows::Tag> tags);
  io::Task<Result<void>> Delete(std::string arn);
  Result<Activity> Describe(const std::string& arn);
  Result<Page<Activity>> List(const PageRequest& page);
  io::Task<Result<void>> Tag(std::string arn, std::vector<workflows::Tag> tags);
  io::Task<Result<void>> Untag(std::string arn, std::vector<std::string> keys);
  Result<std::vector<workflows::Tag>> ListTags(const std::string& arn);

  bool Exists(const std::string& name) const;
  // The name, where the activity exists. Errors: InvalidArn, ActivityDoesNotExist.
  Result<std::string> NameOf(const std::string& arn) const;

 private:
  db::Database& database_;
  const Clock& clock_;
  const Identity identity_;
  const Options& options_;

  mutable std::mutex mutex_;
  std::unordered_set<std::string> names_;
};

}  // namespace scones::workflows
