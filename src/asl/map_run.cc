#include "asl/map_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"

namespace scones::asl {
namespace {

constexpr std::int64_t kFormat = 1;

Error Damaged(std::string_view what) {
  return Error(Code::kDataLoss, fmt::format("a stored map run is damaged: {}", what));
}

void PutText(json::object& object, std::string_view name, const std::string& text) {
  if (!text.empty()) object.emplace(name, text);
}
void PutNumber(json::object& object, std::string_view name, std::int64_t number) {
  if (number != 0) object.emplace(name, number);
}
std::int64_t Number(const json::object& object, std::string_view name) {
  return FindInteger(object, name).value_or(0);
}

json::object EncodeReader(const ItemReaderSpec& reader) {
  json::object object{{"source", static_cast<int>(reader.source)},
                      {"format", static_cast<int>(reader.format)},
                      {"bucket", reader.bucket},
                      {"key", reader.key},
                      {"delimiter", std::string(1, reader.delimiter)}};
  PutText(object, "version", reader.version_id);
  PutText(object, "pointer", reader.items_pointer);
  PutNumber(object, "max_items", reader.max_items);
  if (reader.headers_given) {
    object["headers"] = json::array(reader.headers.begin(), reader.headers.end());
  }
  return object;
}

Result<ItemReaderSpec> DecodeReader(const json::object& source) {
  ItemReaderSpec reader;
  const std::int64_t from = FindInteger(source, "source").value_or(-1);
  const std::int64_t format = FindInteger(source, "format").value_or(-1);
  if (from < 0 || from > static_cast<int>(ItemReaderSpec::Source::kAthena) || format < 0 ||
      format > static_cast<int>(ItemFormat::kCsv)) {
    return Damaged("its reader");
  }
  reader.source = static_cast<ItemReaderSpec::Source>(from);
  reader.format = static_cast<ItemFormat>(format);
  reader.bucket = StringOr(source, "bucket", "");
  reader.key = StringOr(source, "key", "");
  reader.version_id = StringOr(source, "version", "");
  reader.items_pointer = StringOr(source, "pointer", "");
  reader.max_items = Number(source, "max_items");
  reader.delimiter = StringOr(source, "delimiter", ",").front();
  if (const json::array* headers = FindArray(source, "headers")) {
    reader.headers_given = true;
    for (const json::value& header : *headers) {
      if (!header.is_string()) return Damaged("its headers");
      reader.headers.emplace_back(header.get_string());
    }
  }
  return reader;
}

json::object EncodeWriter(const ResultWriterSpec& writer) {
  json::object object{{"transformation", static_cast<int>(writer.transformation)},
                      {"json_lines", writer.json_lines}};
  PutText(object, "bucket", writer.bucket);
  PutText(object, "prefix", writer.prefix);
  return object;
}

Result<ResultWriterSpec> DecodeWriter(const json::object& source) {
  const std::int64_t transformation = FindInteger(source, "transformation").value_or(-1);
  if (transformation < 0 || transformation > static_cast<int>(ResultTransformation::kFlatten)) {
    return Damaged("its writer");
  }
  return ResultWriterSpec{.bucket = StringOr(source, "bucket", ""),
                          .prefix = StringOr(source, "prefix", ""),
                          .transformation = static_cast<ResultTransformation>(transformation),
                          .json_lines = FindBool(source, "json_lines").value_or(false)};
}

void Move(MapRunCounts& counts, ExecutionStatus status, std::int64_t by) {
  counts.running -= by;
  switch (status) {
    case ExecutionStatus::kSucceeded:
      counts.succeeded += by;
      break;
    case ExecutionStatus::kFailed:
      counts.failed += by;
      break;
    case ExecutionStatus::kTimedOut:
      counts.timed_out += by;
      break;
    case ExecutionStatus::kAborted:
    case ExecutionStatus::kRunning:
      counts.aborted += by;
      break;
  }
}

}  // namespace

std::string Encode(const MapRunSpec& spec) {
  json::object object{{"format", kFormat},
                      {"arn", spec.arn},
                      {"id", spec.id},
                      {"label", spec.label},
                      {"state", spec.state},
                      {"scope", spec.scope},
                      {"express", spec.child_type == MachineType::kExpress},
                      {"state_name", spec.state_name},
                      {"entered", spec.entered_event},
                      {"seed", spec.random_seed}};
  PutNumber(object, "max_concurrency", spec.max_concurrency);
  if (spec.tolerated_failure_count) object["tolerated_count"] = *spec.tolerated_failure_count;
  if (spec.tolerated_failure_percentage) {
    object["tolerated_percentage"] = *spec.tolerated_failure_percentage;
  }
  if (spec.reader) object["reader"] = EncodeReader(*spec.reader);
  PutText(object, "items", spec.items);
  if (spec.batched) {
    object["batch"] = {{"items", spec.max_items_per_batch},
                       {"bytes", spec.max_bytes_per_batch},
                       {"input", spec.batch_input}};
  }
  if (spec.writer) object["writer"] = EncodeWriter(*spec.writer);
  PutText(object, "input", spec.input);
  PutText(object, "context", spec.context);
  PutText(object, "variables", spec.variables);
  PutNumber(object, "now", spec.now.time_since_epoch().count());
  return ToJson(object);
}

Result<MapRunSpec> DecodeMapRunSpec(std::string_view text) {
  auto parsed = ParseJson(text);
  const json::object* source = parsed ? parsed->if_object() : nullptr;
  if (source == nullptr || Number(*source, "format") != kFormat) return Damaged("unknown format");
  MapRunSpec spec;
  spec.arn = StringOr(*source, "arn", "");
  spec.id = StringOr(*source, "id", "");
  spec.label = StringOr(*source, "label", "");
  spec.state = static_cast<std::int32_t>(Number(*source, "state"));
  spec.scope = static_cast<std::int32_t>(Number(*source, "scope"));
  if (FindBool(*source, "express").value_or(false)) spec.child_type = MachineType::kExpress;
  spec.state_name = StringOr(*source, "state_name", "");
  spec.entered_event = Number(*source, "entered");
  if (const json::value* seed = FindMember(*source, "seed"); seed != nullptr && seed->is_number()) {
    spec.random_seed = seed->is_uint64() ? seed->get_uint64()
                                         : static_cast<std::uint64_t>(Number(*source, "seed"));
  }
  spec.max_concurrency = Number(*source, "max_concurrency");
  spec.tolerated_failure_count = FindInteger(*source, "tolerated_count");
  const json::value* percentage = FindMember(*source, "tolerated_percentage");
  if (percentage != nullptr && percentage->is_number()) {
    spec.tolerated_failure_percentage = percentage->to_number<double>();
  }
  if (const json::object* reader = FindObject(*source, "reader")) {
    TRY(spec.reader, DecodeReader(*reader));
  }
  spec.items = StringOr(*source, "items", "");
  if (const json::object* batch = FindObject(*source, "batch")) {
    spec.batched = true;
    spec.max_items_per_batch = Number(*batch, "items");
    spec.max_bytes_per_batch = Number(*batch, "bytes");
    spec.batch_input = StringOr(*batch, "input", "");
  }
  if (const json::object* writer = FindObject(*source, "writer")) {
    TRY(spec.writer, DecodeWriter(*writer));
  }
  spec.input = StringOr(*source, "input", "");
  spec.context = StringOr(*source, "context", "");
  spec.variables = StringOr(*source, "variables", "");
  spec.now = Timestamp(std::chrono::microseconds(Number(*source, "now")));
  return spec;
}

std::string MapRunArn(std::string_view state_machine_arn, std::string_view label,
                      std::string_view id) {
  static constexpr std::string_view kKind = ":stateMachine:";
  const std::size_t at = state_machine_arn.find(kKind);
  if (at == std::string_view::npos) return fmt::format("{}/{}:{}", state_machine_arn, label, id);
  return fmt::format("{}:mapRun:{}/{}:{}", state_machine_arn.substr(0, at),
                     state_machine_arn.substr(at + kKind.size()), label, id);
}

std::int64_t MapRunProgress::Room() const {
  if (Exceeded()) return 0;
  const std::int64_t most = limits_.max_concurrency == 0
                                ? kDefaultMapConcurrency
                                : std::min(limits_.max_concurrency, kMaxMapConcurrency);
  return std::clamp<std::int64_t>(most - executions_.running, 0, waiting());
}

void MapRunProgress::Started(std::int64_t items, Attempt attempt) {
  ++executions_.running;
  items_.running += items;
  if (attempt == Attempt::kFirst) return;
  --executions_.pending_redrive;
  items_.pending_redrive -= items;
}

void MapRunProgress::Ended(ExecutionStatus status, std::int64_t items) {
  Move(executions_, status, 1);
  Move(items_, status, items);
}

bool MapRunProgress::Exceeded() const {
  const std::int64_t failures = items_.failed + items_.timed_out;
  if (failures == 0) return false;
  const auto& count = limits_.tolerated_failure_count;
  const auto& percentage = limits_.tolerated_failure_percentage;
  if (!count && !percentage) return true;
  if (count && failures > *count) return true;
  return percentage &&
         100.0 * static_cast<double>(failures) > *percentage * static_cast<double>(items_.total);
}

}  // namespace scones::asl
