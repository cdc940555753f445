// All functions: stored in the database, and in memory as immutable snapshots that invocations look
// up without waiting. A change is made to the stored document on the database's writer thread, then
// shown in memory once durable; of two changes the later revision stays. Safe from any thread.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/arn.h"
#include "db/database.h"
#include "functions/detail/package_store.h"
#include "functions/detail/record.h"
#include "functions/types.h"
#include "io/task.h"

namespace scones::functions {

// One version, ready to run.
struct Version {
  FunctionConfiguration configuration;
  std::shared_ptr<const Package> package;
  const NativeFunction* native = nullptr;  // of Options::native
  std::int64_t function_id = 0;
  std::string log_stream;  // of its native invocations
  // Set when another takes its place: its environments take no further invocation.
  mutable std::atomic<bool> retired{false};
};

// How much of a function runs now; the same object for all revisions of one function.
struct Load {
  std::atomic<std::int64_t> in_flight{0};
};

struct Function {
  FunctionRecord record;
  std::map<std::string, std::shared_ptr<const Version>> versions;
  std::shared_ptr<Load> load;
};
using FunctionPointer = std::shared_ptr<const Function>;

class Registry {
 public:
  using NativeFunctions = std::map<std::string, NativeFunction>;
  // `native` outlives the registry.
  Registry(db::Database& database, PackageStore& packages, const NativeFunctions& native,
           const Clock& clock, Identity identity);

  // Applies migrations and reads all functions. Blocks.
  Result<void> Load();
  std::set<std::string> UsedPackages() const;

  // Errors: kNotFound/ResourceNotFoundException.
  Result<FunctionPointer> Find(const FunctionRef& function) const;
  Result<std::shared_ptr<const Version>> FindVersion(const Function& function,
                                                     const FunctionRef& reference) const;
  std::vector<FunctionPointer> All() const;

  // `package` is kept until the change is shown.
  io::Task<Result<FunctionPointer>> Create(std::string name, FunctionRecord record,
                                           std::size_t max_functions,
                                           std::shared_ptr<const Package> package);
  using Change = std::function<Result<void>(FunctionRecord&)>;
  io::Task<Result<FunctionPointer>> Update(FunctionRef function, Change change,
                                           std::shared_ptr<const Package> package);
  io::Task<Result<void>> Delete(FunctionRef function);

  Error NotFound(const FunctionRef& function) const;
  // The native function that `settings` name, where the package allows it; else null.
  const NativeFunction* FindNative(const FunctionSettings& settings, const Package& package) const;

 private:
  Result<FunctionPointer> Show(const std::string& name, FunctionRecord record);
  void Hide(const std::string& name, std::int64_t id);
  Result<std::shared_ptr<const Version>> MakeVersion(const FunctionRecord& record,
                                                     const StoredVersion& stored,
                                                     const FunctionPointer& old);

  db::Database& database_;
  PackageStore& packages_;
  const NativeFunctions& native_;
  const Clock& clock_;
  const Identity identity_;
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, FunctionPointer> functions_;
};

}  // namespace scones::functions
