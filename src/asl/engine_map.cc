// A Map in DISTRIBUTED mode: its run is ordered, and its end taken. The run itself is the shell's.
#include <fmt/format.h>

#include "asl/distributed_map.h"
#include "asl/engine.h"
#include "asl/query.h"
#include "base/encoding.h"

namespace scones::asl {
namespace {

Error RuntimeError(std::string message) {
  return Error(Code::kInvalid, "States.Runtime", std::move(message));
}

// A value as it stands between quotes in a message.
std::string Shown(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : ToJson(value);
}

Error NotA(std::string_view what, std::string_view field, const json::value& value,
           const Expression& path) {
  return RuntimeError(
      fmt::format("The {}Path field refers to value \"{}\" which is not a valid "
                  "{}: {}",
                  field, Shown(value), what, path.text()));
}

Error InvalidPath(const Expression& path, const Error& error) {
  if (error.code() != Code::kNotFound) return error;
  return RuntimeError(fmt::format("Invalid path '{}' : {}", path.text(), error.message()));
}

std::string Uuid(std::uint64_t high, std::uint64_t low) {
  std::string bytes;
  for (const std::uint64_t half : {high, low}) {
    for (int shift = 56; shift >= 0; shift -= 8) {
      bytes.push_back(static_cast<char>((half >> shift) & 0xFF));
    }
  }
  bytes[6] = static_cast<char>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3F) | 0x80);
  const std::string hex = HexEncode(bytes);
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20));
}

}  // namespace

// A whole number that is not negative; 0 where the field is absent.
Result<std::int64_t> Engine::Count(const NumberField& field, std::string_view name,
                                   const Scope& scope) {
  if (!field.expression) return field.literal.value_or(0);
  if (const Query* query = field.expression->query()) return QueryInteger(*query, 0, scope);
  auto value = field.expression->Evaluate(scope);
  if (!value) return InvalidPath(*field.expression, value.error());
  const double* real = value->if_double();
  const bool whole =
      value->is_int64() || (real != nullptr && *real == static_cast<double>(std::int64_t(*real)));
  if (!whole) return NotA("integer", name, *value, *field.expression);
  const auto number = value->to_number<std::int64_t>();
  if (number < 0) return RuntimeError(fmt::format("{} cannot be negative.", name));
  return number;
}

Result<json::value> Engine::MapItems(const Frame& frame, const State& state, const Payload& input) {
  if (state.jsonata) return QueryItems(frame);
  if (!state.items_path) return input.value();
  auto found = state.items_path->Evaluate(ScopeFor(frame, input));
  if (!found) return InvalidPath(*state.items_path, found.error());
  return found;
}

Result<void> Engine::SpecifyTolerance(const DistributedMap& map, const Scope& scope,
                                      MapRunSpec& spec) {
  if (map.tolerated_count.literal || map.tolerated_count.expression) {
    TRY(spec.tolerated_failure_count, Count(map.tolerated_count, "ToleratedFailureCount", scope));
  }
  const DecimalField& field = map.tolerated_percentage;
  spec.tolerated_failure_percentage = field.literal;
  if (!field.expression) return {};
  auto value = field.expression->Evaluate(scope);
  if (!value && field.expression->query() != nullptr) return value.error();
  if (!value) return InvalidPath(*field.expression, value.error());
  if (!value->is_number()) {
    return NotA("float", "ToleratedFailurePercentage", *value, *field.expression);
  }
  const double percentage = value->to_number<double>();
  if (!(percentage >= 0 && percentage <= 100)) {
    return RuntimeError("ToleratedFailurePercentage must be between 0 and 100.");
  }
  spec.tolerated_failure_percentage = percentage;
  return {};
}

// The evaluated "Parameters" or "Arguments" of a reader or writer.
Result<json::object> Engine::S3Arguments(const std::optional<Template>& arguments,
                                         std::string_view field, const Scope& scope,
                                         std::initializer_list<std::string_view> required) {
  TRY(json::value value, arguments ? arguments->Evaluate(scope) : json::value(json::object()));
  json::object* object = value.if_object();
  for (const std::string_view name : required) {
    if (object == nullptr || FindString(*object, name) == nullptr) {
      return RuntimeError(fmt::format("The field '{}' of the {} must be a string.", name, field));
    }
  }
  return std::move(*object);
}

Result<void> Engine::SpecifyReader(const DistributedMap::Reader& reader, const Scope& scope,
                                   MapRunSpec& spec) {
  ItemReaderSpec& made = spec.reader.emplace(reader.config);
  const bool lists = made.source == ItemReaderSpec::Source::kListing ||
                     made.source == ItemReaderSpec::Source::kFlatten;
  const std::initializer_list<std::string_view> object_names = {"Bucket", "Key"};
  const std::initializer_list<std::string_view> listing_names = {"Bucket"};
  TRY(const json::object arguments,
      S3Arguments(reader.arguments, "ItemReader", scope, lists ? listing_names : object_names));
  made.bucket = StringOr(arguments, "Bucket", "");
  made.key = StringOr(arguments, lists ? "Prefix" : "Key", "");
  made.version_id = StringOr(arguments, "VersionId", "");
  TRY(made.max_items, Count(reader.max_items, "MaxItems", scope));
  return {};
}

Result<void> Engine::SpecifyBatches(const DistributedMap::Batcher& batcher, const Scope& scope,
                                    MapRunSpec& spec) {
  spec.batched = true;
  TRY(spec.max_items_per_batch, Count(batcher.max_items, "MaxItemsPerBatch", scope));
  TRY(const std::int64_t bytes, Count(batcher.max_bytes, "MaxInputBytesPerBatch", scope));
  if (bytes > 0) spec.max_bytes_per_batch = std::min(bytes, kMaxBatchBytes);
  if (!batcher.input) return {};
  TRY(const json::value input, batcher.input->Evaluate(scope));
  spec.batch_input = ToJson(input);
  return {};
}

Result<void> Engine::Specify(Frame& frame, const State& state, const Payload& input,
                             MapRunSpec& spec) {
  const DistributedMap& map = *state.distributed;
  const Scope scope = ScopeFor(frame, input);
  TRY_VOID(SpecifyTolerance(map, scope, spec));
  TRY(spec.max_concurrency, Count(state.max_concurrency, "MaxConcurrency", scope));
  if (map.reader) TRY_VOID(SpecifyReader(*map.reader, scope, spec));
  if (map.batcher) TRY_VOID(SpecifyBatches(*map.batcher, scope, spec));
  if (map.writer) {
    ResultWriterSpec& writer = spec.writer.emplace(map.writer->config);
    if (map.writer->arguments) {
      TRY(const json::object arguments,
          S3Arguments(map.writer->arguments, "ResultWriter", scope, {"Bucket"}));
      writer.bucket = StringOr(arguments, "Bucket", "");
      writer.prefix = StringOr(arguments, "Prefix", "");
    }
  }
  spec.id = Uuid(Random(), Random());
  spec.label = map.label;
  spec.arn = MapRunArn(context_.state_machine_arn, map.label, spec.id);
  spec.state = frame.state;
  spec.scope = state.scopes[0];
  spec.child_type = map.child_type;
  spec.state_name = state.name;
  spec.entered_event = frame.entered_event;
  spec.random_seed = Random();
  if (state.parameters) {
    spec.input = input.text();
    spec.context = ToJson(ContextObject(frame));
    spec.variables = ToJson(VisibleVariables(frame));
    spec.now = now_;
  }
  return {};
}

// Of the frame's scope and of those around it.
json::object Engine::VisibleVariables(const Frame& frame) const {
  json::object visible;
  for (const Frame* at = &frame; at != nullptr;
       at = at->parent < 0 ? nullptr
                           : execution_.frames[static_cast<std::size_t>(at->parent)].get()) {
    for (const Variable& one : at->variables) visible.emplace(one.name, one.value.value());
  }
  return visible;
}

void Engine::AttemptDistributedMap(Frame& frame, const State& state) {
  frame.map_run = {};
  auto input = EffectiveInput(frame);
  if (!input) return HandleError(frame, input.error());
  MapRunSpec spec;
  std::size_t length = 0;
  if (!state.distributed->reader) {
    auto items = MapItems(frame, state, *input);
    if (!items) return HandleError(frame, items.error());
    if (!items->is_array() && !items->is_object()) {
      return HandleError(
          frame, RuntimeError(fmt::format("Reference path \"{}\" must point to array.",
                                          state.items_path ? state.items_path->text() : "$")));
    }
    length = items->is_array() ? items->get_array().size() : items->get_object().size();
    spec.items = ToJson(*items);
  }
  frame.last_event = Emit(EventType::kMapStateStarted, frame.last_event,
                          {{"length", static_cast<std::int64_t>(length)}});
  auto specified = Specify(frame, state, *input, spec);
  if (!specified) return HandleError(frame, specified.error());
  frame.phase = Frame::Phase::kMapRun;
  frame.task_seq = NewSeq(&frame);
  frame.map_run = {.arn = spec.arn, .started_event = frame.last_event};
  frame.last_event = Emit(EventType::kMapRunStarted, frame.last_event, {{"mapRunArn", spec.arn}});
  transition_.commands.emplace_back(StartMapRun{frame.task_seq, std::move(spec)});
}

// The state that ordered the run is redriven.
void Engine::AgainMapRun(Frame& frame) {
  if (frame.map_run.redrives == kMaxMapRunRedrives) {
    return HandleError(frame, RuntimeError(fmt::format("The map run has been redriven {} times.",
                                                       kMaxMapRunRedrives)));
  }
  ++frame.map_run.redrives;
  frame.phase = Frame::Phase::kMapRun;
  frame.task_seq = NewSeq(&frame);
  frame.last_event =
      Emit(EventType::kMapRunRedriven, frame.map_run.started_event,
           {{"mapRunArn", frame.map_run.arn}, {"redriveCount", frame.map_run.redrives}});
  transition_.commands.emplace_back(
      RedriveMapRun{frame.task_seq, frame.map_run.arn, frame.map_run.redrives});
}

bool Engine::On(MapRunSucceeded& event) {
  Frame* frame = FindPending(event.seq);
  if (frame == nullptr || frame->phase != Frame::Phase::kMapRun) return false;
  execution_.pending.erase(event.seq);
  frame->task_seq = 0;
  frame->map_run = {};
  const std::int64_t started = frame->last_event;
  frame->last_event = Emit(EventType::kMapRunSucceeded, started, {});
  Emit(EventType::kMapStateSucceeded, frame->last_event, {});
  // What leads to the exit: as recorded, this where the fields are JSONata's. (Of JSONPath there
  // are recordings of both, by their date.)
  if (StateOf(*frame).jsonata) frame->last_event = started;
  Complete(*frame, Payload::FromText(std::move(event.output)));
  return true;
}

bool Engine::On(MapRunFailed& event) {
  Frame* frame = FindPending(event.seq);
  if (frame == nullptr || frame->phase != Frame::Phase::kMapRun) return false;
  execution_.pending.erase(event.seq);
  frame->task_seq = 0;
  // Data that cannot be processed: a redrive begins with a new run, as AWS does.
  if (event.error == "States.DataLimitExceeded" || event.error == "States.Runtime") {
    frame->map_run = {};
  }
  json::object details;
  if (!event.cause.empty()) details["cause"] = event.cause;
  details["error"] = event.error;
  frame->last_event = Emit(EventType::kMapRunFailed, frame->last_event, std::move(details));
  HandleFailure(*frame, {.error = std::move(event.error),
                         .cause = std::move(event.cause),
                         .task = false,
                         .child = true});
  return true;
}

}  // namespace scones::asl
