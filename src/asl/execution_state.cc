#include "asl/execution_state.h"

#include <fmt/format.h>

#include "asl/program.h"
#include "asl/step.h"
#include "base/encoding.h"
#include "base/hash.h"

namespace scones::asl {
namespace {

// Version of the stored form. Members that hold their default are left out. 2 brought variables.
constexpr std::int64_t kFormat = 2;
constexpr std::int64_t kOldestFormat = 1;

template <class T>
void Put(json::object& object, std::string_view name, T value) {
  if (value != T{}) object.emplace(name, value);
}

json::object EncodeFrame(const Frame& frame) {
  json::object object;
  object.emplace("slot", frame.slot);
  object.emplace("parent", frame.parent);
  object.emplace("index", frame.index);
  object.emplace("state", frame.state);
  object.emplace("phase", static_cast<int>(frame.phase));
  object.emplace("input", frame.input.text());
  object.emplace("last", frame.last_event);
  object.emplace("entered", frame.entered_event);
  object.emplace("time", frame.entered_time.time_since_epoch().count());
  Put(object, "retry_count", frame.retry_count);
  if (!frame.retries.empty())
    object.emplace("retries", json::array(frame.retries.begin(), frame.retries.end()));
  Put(object, "task", frame.task_seq);
  Put(object, "timer", frame.timer_seq);
  Put(object, "heartbeat", frame.heartbeat_seq);
  Put(object, "heartbeat_seconds", frame.heartbeat_seconds);
  if (!frame.task_token.empty()) object.emplace("token", frame.task_token);
  if (!frame.items.empty()) object.emplace("items", frame.items);
  if (!frame.results.empty()) {
    json::array& results = object.emplace("results", json::array()).first->value().get_array();
    for (const Payload& result : frame.results) results.emplace_back(result.text());
  }
  Put(object, "started", frame.started);
  Put(object, "finished", frame.finished);
  Put(object, "concurrency", frame.concurrency);
  if (!frame.map_run.arn.empty()) {
    object.emplace("map_run", json::object{{"arn", frame.map_run.arn},
                                           {"started", frame.map_run.started_event},
                                           {"redrives", frame.map_run.redrives}});
  }
  if (frame.item) object.emplace("item", frame.item->text());
  if (!frame.variables.empty()) {
    json::object& variables =
        object.emplace("variables", json::object()).first->value().get_object();
    for (const Variable& one : frame.variables) variables.emplace(one.name, one.value.text());
  }
  return object;
}

Error Damaged(std::string_view what) {
  return Error(Code::kDataLoss,
               fmt::format("the stored state of an execution is damaged: {}", what));
}

std::int64_t IntegerOr(const json::object& object, std::string_view name, std::int64_t fallback) {
  return FindInteger(object, name).value_or(fallback);
}

std::uint64_t Unsigned(const json::object& object, std::string_view name) {
  return static_cast<std::uint64_t>(IntegerOr(object, name, 0));
}

Result<Payload> ReadPayload(const json::value& value) {
  const json::string* text = value.if_string();
  if (text == nullptr || text->empty()) return Damaged("a document is missing");
  return Payload::FromText(std::string(*text));
}

Result<void> ReadChildren(const json::object& source, const State& state, Frame& frame) {
  if (const json::array* items = FindArray(source, "items")) frame.items = *items;
  if (const json::array* results = FindArray(source, "results")) {
    for (const json::value& result : *results) {
      TRY(Payload payload, ReadPayload(result));
      frame.results.push_back(std::move(payload));
    }
  }
  frame.started = IntegerOr(source, "started", 0);
  frame.finished = IntegerOr(source, "finished", 0);
  frame.concurrency = IntegerOr(source, "concurrency", 0);
  if (frame.phase == Frame::Phase::kChildren && state.scopes.empty())
    return Damaged("a frame has no children");
  return {};
}

Result<std::unique_ptr<Frame>> DecodeFrame(const Program& program, const json::object& source) {
  auto frame = std::make_unique<Frame>();
  frame->slot = static_cast<std::uint32_t>(Unsigned(source, "slot"));
  frame->parent = static_cast<std::int32_t>(IntegerOr(source, "parent", -1));
  frame->index = IntegerOr(source, "index", 0);
  frame->state = static_cast<std::int32_t>(IntegerOr(source, "state", -1));
  if (frame->state < 0 || static_cast<std::size_t>(frame->state) >= program.states.size()) {
    return Damaged("it is of another definition");
  }
  const State& state = program.states[static_cast<std::size_t>(frame->state)];
  const std::int64_t phase = IntegerOr(source, "phase", -1);
  if (phase < 0 || phase > static_cast<int>(Frame::Phase::kMapRunAgain))
    return Damaged("unknown phase");
  frame->phase = static_cast<Frame::Phase>(phase);
  const json::value* input = FindMember(source, "input");
  if (input == nullptr) return Damaged("no input");
  TRY(frame->input, ReadPayload(*input));
  frame->last_event = IntegerOr(source, "last", 0);
  frame->entered_event = IntegerOr(source, "entered", 0);
  frame->entered_time = Timestamp(std::chrono::microseconds(IntegerOr(source, "time", 0)));
  frame->retry_count = static_cast<int>(IntegerOr(source, "retry_count", 0));
  if (const json::array* retries = FindArray(source, "retries")) {
    for (const json::value& count : *retries) {
      if (!count.is_int64()) return Damaged("retries");
      frame->retries.push_back(static_cast<int>(count.get_int64()));
    }
    if (frame->retries.size() != state.retriers.size())
      return Damaged("it is of another definition");
  }
  frame->task_seq = Unsigned(source, "task");
  frame->timer_seq = Unsigned(source, "timer");
  frame->heartbeat_seq = Unsigned(source, "heartbeat");
  frame->heartbeat_seconds = IntegerOr(source, "heartbeat_seconds", 0);
  frame->task_token = StringOr(source, "token", "");
  TRY_VOID(ReadChildren(source, state, *frame));
  if (const json::object* run = FindObject(source, "map_run")) {
    frame->map_run = {.arn = StringOr(*run, "arn", ""),
                      .started_event = IntegerOr(*run, "started", 0),
                      .redrives = IntegerOr(*run, "redrives", 0)};
  }
  if (const json::value* item = FindMember(source, "item")) {
    TRY(frame->item, ReadPayload(*item));
  }
  if (const json::object* variables = FindObject(source, "variables")) {
    for (const auto& member : *variables) {
      TRY(Payload value, ReadPayload(member.value()));
      frame->variables.push_back({std::string(member.key()), std::move(value)});
    }
  }
  return frame;
}

// Every parent is there and waits for children, and no child's place is taken twice.
Result<void> CheckTree(const ExecutionState& state) {
  for (const auto& frame : state.frames) {
    if (frame == nullptr) continue;
    if (frame->slot == 0 ? frame->parent != -1 : frame->parent < 0)
      return Damaged("a frame has no parent");
    if (frame->parent < 0) continue;
    const auto parent = static_cast<std::size_t>(frame->parent);
    if (parent >= state.frames.size() || state.frames[parent] == nullptr ||
        state.frames[parent]->phase != Frame::Phase::kChildren || frame->index < 0 ||
        static_cast<std::size_t>(frame->index) >= state.frames[parent]->results.size()) {
      return Damaged("a frame has no parent");
    }
  }
  if (state.open() && (state.frames.empty() || state.frames[0] == nullptr))
    return Damaged("no root frame");
  return {};
}

}  // namespace

std::string_view ExecutionStatusName(ExecutionStatus status) {
  switch (status) {
    case ExecutionStatus::kRunning:
      return "RUNNING";
    case ExecutionStatus::kSucceeded:
      return "SUCCEEDED";
    case ExecutionStatus::kFailed:
      return "FAILED";
    case ExecutionStatus::kTimedOut:
      return "TIMED_OUT";
    case ExecutionStatus::kAborted:
      return "ABORTED";
  }
  return "";
}

std::string Encode(const ExecutionState& state) {
  json::object object;
  object.emplace("format", kFormat);
  object.emplace("status", static_cast<int>(state.status));
  object.emplace("event", state.next_event_id);
  object.emplace("seq", state.next_seq);
  Put(object, "draws", state.random_draws);
  Put(object, "execution_timer", state.execution_timer_seq);
  Put(object, "resume", state.resume_seq);
  json::array& frames = object.emplace("frames", json::array()).first->value().get_array();
  for (const auto& frame : state.frames) {
    if (frame != nullptr) frames.push_back(EncodeFrame(*frame));
  }
  return ToJson(object);
}

Result<ExecutionState> Decode(const Definition& definition, std::string_view text) {
  static constexpr std::size_t kMaxFrames = 1'000'000;
  auto parsed = ParseJson(text, {.max_depth = 256});
  const json::object* source = parsed ? parsed->if_object() : nullptr;
  if (source == nullptr) return Damaged("it is not JSON");
  const std::int64_t format = IntegerOr(*source, "format", 0);
  if (format < kOldestFormat || format > kFormat) return Damaged("unknown format");
  ExecutionState state;
  const std::int64_t status = IntegerOr(*source, "status", -1);
  if (status < 0 || status > static_cast<int>(ExecutionStatus::kAborted))
    return Damaged("unknown status");
  state.status = static_cast<ExecutionStatus>(status);
  state.next_event_id = IntegerOr(*source, "event", 1);
  state.next_seq = Unsigned(*source, "seq");
  state.random_draws = Unsigned(*source, "draws");
  state.execution_timer_seq = Unsigned(*source, "execution_timer");
  state.resume_seq = Unsigned(*source, "resume");
  const json::array* frames = FindArray(*source, "frames");
  if (frames == nullptr) return Damaged("no frames");
  for (const json::value& value : *frames) {
    const json::object* object = value.if_object();
    if (object == nullptr) return Damaged("a frame is no object");
    TRY(std::unique_ptr<Frame> frame, DecodeFrame(definition.program(), *object));
    if (frame->slot >= kMaxFrames) return Damaged("a frame is out of range");
    if (frame->slot >= state.frames.size()) state.frames.resize(frame->slot + 1);
    if (state.frames[frame->slot] != nullptr) return Damaged("two frames in one place");
    for (const std::uint64_t seq : {frame->task_seq, frame->timer_seq, frame->heartbeat_seq}) {
      if (seq != 0) state.pending[seq] = frame->slot;
    }
    state.frames[frame->slot] = std::move(frame);
  }
  TRY_VOID(CheckTree(state));
  return state;
}

std::string MakeTaskToken(std::string_view key, std::string_view execution_arn, std::uint64_t seq) {
  const std::string content = fmt::format("{}\n{}", seq, execution_arn);
  return Base64Encode(HmacSha256(key, content) + content);
}

Result<TaskTokenContent> ReadTaskToken(std::string_view key, std::string_view token) {
  static constexpr std::size_t kSignatureBytes = 32;
  const Error bad(Code::kInvalid, "InvalidToken", "Invalid token");
  auto bytes = Base64Decode(token);
  if (!bytes || bytes->size() <= kSignatureBytes) return bad;
  const std::string_view content = std::string_view(*bytes).substr(kSignatureBytes);
  if (!ConstantTimeEquals(HmacSha256(key, content), bytes->substr(0, kSignatureBytes))) return bad;
  const std::size_t line = content.find('\n');
  if (line == std::string_view::npos) return bad;
  return TaskTokenContent{std::string(content.substr(line + 1)),
                          std::strtoull(std::string(content.substr(0, line)).c_str(), nullptr, 10)};
}

}  // namespace scones::asl
