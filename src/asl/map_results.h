// The results of a map run's children as the state's output or as the files of a ResultWriter.
// Pure; belongs to one thread.
// Source: AWS Step Functions Developer Guide, "ResultWriter (Map)".
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "asl/map_run.h"
#include "base/result.h"
#include "base/time.h"

namespace scones::asl {

// One child, in the order of the items. A child that never started has no name.
struct ChildResult {
  std::optional<ExecutionStatus> status;  // absent: never started
  std::string execution_arn;
  std::string name;
  std::string state_machine_arn;
  std::string input;
  std::string output;
  std::optional<std::string> error;
  std::optional<std::string> cause;
  Timestamp started;
  Timestamp stopped;
  std::int64_t redrives = 0;
};

class MapResults {
 public:
  // Stores one file; an error ends the writing (see WriterFailed).
  using Write = std::function<Result<void>(std::string key, std::string bytes)>;
  // `write` is called only where the run's results go to a bucket. The reference outlives it.
  // `redrive`: of the run's redrives, the one that this is; 0 for none.
  MapResults(const MapRunSpec& spec, Write write, std::int64_t redrive = 0);

  // Errors: States.DataLimitExceeded, States.ResultWriterFailed.
  Result<void> Add(const ChildResult& child);
  // The state's result, JSON text, once all children have been added.
  Result<std::string> Finish();

 private:
  struct File {
    std::string bytes;
    std::int64_t number = 0;
    json::array written;  // {"Key", "Size"}
  };
  bool exports() const { return spec_.writer && !spec_.writer->bucket.empty(); }
  std::string Prefix() const;
  std::vector<std::string> Rows(const ChildResult& child) const;
  Result<void> Append(File& file, std::string_view kind, const std::string& row);
  Result<void> Close(File& file, std::string_view kind);
  Result<void> Store(const std::string& key, std::string bytes);

  const MapRunSpec& spec_;
  Write write_;
  std::int64_t redrive_;
  bool lines_ = false;
  ResultTransformation transformation_ = ResultTransformation::kCompact;
  std::string output_;
  File succeeded_, failed_, pending_;
};

}  // namespace scones::asl
