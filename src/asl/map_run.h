// A distributed Map's run: what the engine orders (MapRunSpec), how its progress is counted and
// when it has failed (MapRunProgress). Plain values; belongs to one thread at a time. Source: AWS
// Step Functions Developer Guide, "Using Map state in Distributed mode".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asl/definition.h"
#include "asl/execution_state.h"
#include "base/result.h"

namespace scones::asl {

// Children at once: AWS's limit, and what MaxConcurrency 0 means here.
inline constexpr std::int64_t kMaxMapConcurrency = 10'000;
inline constexpr std::int64_t kDefaultMapConcurrency = 1'000;
inline constexpr std::int64_t kMaxReaderItems = 100'000'000;
inline constexpr std::int64_t kMaxMapRunRedrives = 1'000;
inline constexpr std::int64_t kMaxBatchBytes = 256 * 1024;

enum class ItemFormat { kJson, kJsonLines, kCsv };

// ItemReader with its arguments evaluated.
struct ItemReaderSpec {
  enum class Source {
    kObject,     // one object holds the items
    kListing,    // the objects of a listing are the items
    kFlatten,    // the objects of a listing hold the items
    kInventory,  // an S3 inventory's manifest.json
    kAthena,     // a list of s3:// addresses, one a line, of objects that hold the items
  };
  Source source = Source::kObject;
  ItemFormat format = ItemFormat::kJson;
  std::string bucket;
  std::string key;  // of a listing: the prefix
  std::string version_id;
  bool headers_given = false;
  std::vector<std::string> headers;
  char delimiter = ',';
  std::string items_pointer;   // RFC 6901
  std::int64_t max_items = 0;  // 0: all
};

enum class ResultTransformation { kNone, kCompact, kFlatten };
struct ResultWriterSpec {
  std::string bucket;  // empty: the results are the state's output
  std::string prefix;
  ResultTransformation transformation = ResultTransformation::kCompact;
  bool json_lines = false;
};

struct MapRunSpec {
  std::string arn;
  std::string id;  // the UUID that ends the ARN
  std::string label;
  std::int32_t state = 0;  // of the Map in its definition
  std::int32_t scope = 0;  // its processor: see ExecutionContext::scope
  MachineType child_type = MachineType::kStandard;

  std::int64_t max_concurrency = 0;  // as given; 0 for no limit of its own
  std::optional<std::int64_t> tolerated_failure_count;
  std::optional<double> tolerated_failure_percentage;

  std::optional<ItemReaderSpec> reader;
  std::string items;  // JSON array or object, where there is no reader

  bool batched = false;
  std::int64_t max_items_per_batch = 0;  // 0 for no limit
  std::int64_t max_bytes_per_batch = kMaxBatchBytes;
  std::string batch_input;  // JSON, or empty

  std::optional<ResultWriterSpec> writer;

  // What the ItemSelector sees besides its item, where there is one: JSON texts.
  std::string input;
  std::string context;
  std::string variables;
  std::string state_name;
  std::int64_t entered_event = 0;
  std::uint64_t random_seed = 0;
  Timestamp now;  // $now()
};

std::string Encode(const MapRunSpec& spec);
// Errors: kDataLoss.
Result<MapRunSpec> DecodeMapRunSpec(std::string_view text);

// "arn:aws:states:REGION:ACCOUNT:stateMachine:NAME" -> "…:mapRun:NAME/LABEL:ID".
std::string MapRunArn(std::string_view state_machine_arn, std::string_view label,
                      std::string_view id);

// How many children, or items in them, are where.
struct MapRunCounts {
  std::int64_t total = 0;
  std::int64_t running = 0;
  std::int64_t succeeded = 0;
  std::int64_t failed = 0;
  std::int64_t timed_out = 0;
  std::int64_t aborted = 0;
  // Ended without success in an earlier attempt, and will be redriven: no longer counted there.
  std::int64_t pending_redrive = 0;
  // Of those that ended without success: which no redrive can take up again.
  std::int64_t not_redrivable = 0;

  std::int64_t ended() const { return succeeded + failed + timed_out + aborted; }
  std::int64_t pending() const { return total - running - ended() - pending_redrive; }
};

// When the next child may start, and when the run is over. Limits may change while it runs.
class MapRunProgress {
 public:
  struct Limits {
    std::int64_t max_concurrency = 0;
    std::optional<std::int64_t> tolerated_failure_count;
    std::optional<double> tolerated_failure_percentage;
  };
  MapRunProgress(Limits limits, MapRunCounts executions, MapRunCounts items)
      : limits_(limits), executions_(executions), items_(items) {}

  const Limits& limits() const { return limits_; }
  void SetLimits(Limits limits) { limits_ = limits; }
  const MapRunCounts& executions() const { return executions_; }
  const MapRunCounts& items() const { return items_; }

  // How many children may start now.
  std::int64_t Room() const;
  enum class Attempt { kFirst, kRedrive };
  void Started(std::int64_t items, Attempt attempt = Attempt::kFirst);
  // A child that had started has ended.
  void Ended(ExecutionStatus status, std::int64_t items);
  // More items failed or timed out than are tolerated: nothing more starts.
  bool Exceeded() const;
  // Nothing runs, and nothing more will start.
  bool Done() const { return executions_.running == 0 && (Exceeded() || waiting() == 0); }

 private:
  Limits limits_;
  std::int64_t waiting() const { return executions_.pending() + executions_.pending_redrive; }

  MapRunCounts executions_;
  MapRunCounts items_;
};

// What a run fails with when Exceeded().
inline constexpr std::string_view kThresholdError = "States.ExceedToleratedFailureThreshold";
inline constexpr std::string_view kThresholdCause =
    "The specified tolerated failure threshold was exceeded";

}  // namespace scones::asl
