#include "asl/map_results.h"

#include <fmt/format.h>

#include "asl/step.h"
#include "base/json.h"

namespace scones::asl {
namespace {

// A file is closed once it has this many bytes.
constexpr std::size_t kFileBytes = 16 * 1024 * 1024;

// The child as DescribeExecution shows it.
std::string Described(const MapRunSpec& spec, const ChildResult& child) {
  json::object object;
  const bool standard = spec.child_type == MachineType::kStandard;
  if (child.cause) object["Cause"] = *child.cause;
  if (child.error) object["Error"] = *child.error;
  if (!child.execution_arn.empty()) object["ExecutionArn"] = child.execution_arn;
  object["Input"] = child.input;
  object["InputDetails"] = {{"Included", true}};
  if (!child.name.empty()) object["Name"] = child.name;
  if (!child.status) {
    object["Status"] = "PENDING";
    return ToJson(object);
  }
  const bool succeeded = *child.status == ExecutionStatus::kSucceeded;
  if (succeeded) object["Output"] = child.output;
  object["OutputDetails"] = {{"Included", true}};
  object["RedriveCount"] = child.redrives;
  if (standard) {
    object["RedriveStatus"] = succeeded ? "NOT_REDRIVABLE" : "REDRIVABLE_BY_MAP_RUN";
    if (succeeded) {
      object["RedriveStatusReason"] = "Execution is SUCCEEDED and cannot be redriven";
    }
  }
  object["StartDate"] = FormatIso8601(child.started);
  object["StateMachineArn"] = child.state_machine_arn;
  object["Status"] = ExecutionStatusName(*child.status);
  object["StopDate"] = FormatIso8601(child.stopped);
  return ToJson(object);
}

}  // namespace

MapResults::MapResults(const MapRunSpec& spec, Write write, std::int64_t redrive)
    : spec_(spec), write_(std::move(write)), redrive_(redrive) {
  if (!spec.writer) return;
  lines_ = spec.writer->json_lines;
  transformation_ = spec.writer->transformation;
}

std::string MapResults::Prefix() const {
  std::string prefix = spec_.writer->prefix;
  if (!prefix.empty() && !prefix.ends_with('/')) prefix += '/';
  prefix += spec_.id + "/";
  return redrive_ == 0 ? prefix : prefix + fmt::format("Redrive-{}/", redrive_);
}

// What of the child goes into the result: one JSON text, or several where its output is flattened.
std::vector<std::string> MapResults::Rows(const ChildResult& child) const {
  const bool succeeded = child.status == ExecutionStatus::kSucceeded;
  if (!succeeded || transformation_ == ResultTransformation::kNone) {
    return {Described(spec_, child)};
  }
  if (transformation_ == ResultTransformation::kFlatten) {
    const auto value = ParseJson(child.output);
    if (value && value->is_array()) {
      std::vector<std::string> rows;
      for (const json::value& element : value->get_array()) rows.push_back(ToJson(element));
      return rows;
    }
  }
  return {child.output};
}

Result<void> MapResults::Add(const ChildResult& child) {
  if (!exports()) {
    // A child that never started has no result.
    if (!child.status) return {};
    for (const std::string& row : Rows(child)) {
      if (!output_.empty()) output_ += lines_ ? '\n' : ',';
      output_ += row;
    }
    if (output_.size() <= kMaxPayloadBytes) return {};
    return Error(Code::kInvalid, "States.DataLimitExceeded",
                 fmt::format("The state/task '{}' returned a result with a size exceeding the "
                             "maximum number of bytes service limit.",
                             spec_.state_name));
  }
  const bool succeeded = child.status == ExecutionStatus::kSucceeded;
  File& file = !child.status ? pending_ : succeeded ? succeeded_ : failed_;
  const std::string_view kind = !child.status ? "PENDING" : succeeded ? "SUCCEEDED" : "FAILED";
  for (const std::string& row : Rows(child)) TRY_VOID(Append(file, kind, row));
  return {};
}

Result<void> MapResults::Append(File& file, std::string_view kind, const std::string& row) {
  if (!file.bytes.empty() || lines_) {
    if (!file.bytes.empty()) file.bytes += lines_ ? '\n' : ',';
  } else {
    file.bytes = "[";
  }
  file.bytes += row;
  return file.bytes.size() < kFileBytes ? Result<void>() : Close(file, kind);
}

Result<void> MapResults::Close(File& file, std::string_view kind) {
  if (file.bytes.empty()) return {};
  if (!lines_) file.bytes += ']';
  const std::string key =
      fmt::format("{}{}_{}.{}", Prefix(), kind, file.number++, lines_ ? "jsonl" : "json");
  file.written.push_back({{"Key", key}, {"Size", static_cast<std::int64_t>(file.bytes.size())}});
  return Store(key, std::exchange(file.bytes, {}));
}

Result<void> MapResults::Store(const std::string& key, std::string bytes) {
  auto stored = write_(key, std::move(bytes));
  if (stored) return {};
  return Error(Code::kInvalid, "States.ResultWriterFailed", stored.error().message());
}

Result<std::string> MapResults::Finish() {
  if (!exports()) return lines_ ? ToJsonString(output_) : "[" + output_ + "]";
  TRY_VOID(Close(succeeded_, "SUCCEEDED"));
  TRY_VOID(Close(failed_, "FAILED"));
  TRY_VOID(Close(pending_, "PENDING"));
  const std::string key = Prefix() + "manifest.json";
  const json::object manifest{{"DestinationBucket", spec_.writer->bucket},
                              {"MapRunArn", spec_.arn},
                              {"ResultFiles",
                               {{"FAILED", std::move(failed_.written)},
                                {"PENDING", std::move(pending_.written)},
                                {"SUCCEEDED", std::move(succeeded_.written)}}}};
  TRY_VOID(Store(key, ToJson(manifest)));
  return ToJson(
      json::object{{"MapRunArn", spec_.arn},
                   {"ResultWriterDetails", {{"Bucket", spec_.writer->bucket}, {"Key", key}}}});
}

}  // namespace scones::asl
