#include "workflows/detail/journal.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"
#include "workflows/detail/bytes.h"

namespace scones::workflows {
namespace {

using asl::EventType;

// The place in this list is the number in the stored form: append only.
constexpr EventType kEventTypes[] = {
    EventType::kExecutionStarted,
    EventType::kExecutionSucceeded,
    EventType::kExecutionFailed,
    EventType::kExecutionAborted,
    EventType::kExecutionTimedOut,
    EventType::kTaskStateEntered,
    EventType::kTaskScheduled,
    EventType::kTaskStarted,
    EventType::kTaskSucceeded,
    EventType::kTaskStateExited,
    EventType::kTaskFailed,
    EventType::kTaskStartFailed,
    EventType::kTaskStateAborted,
    EventType::kTaskSubmitFailed,
    EventType::kTaskSubmitted,
    EventType::kTaskTimedOut,
    EventType::kLambdaFunctionScheduled,
    EventType::kLambdaFunctionStarted,
    EventType::kLambdaFunctionSucceeded,
    EventType::kLambdaFunctionFailed,
    EventType::kLambdaFunctionScheduleFailed,
    EventType::kLambdaFunctionStartFailed,
    EventType::kLambdaFunctionTimedOut,
    EventType::kPassStateEntered,
    EventType::kPassStateExited,
    EventType::kChoiceStateEntered,
    EventType::kChoiceStateExited,
    EventType::kWaitStateEntered,
    EventType::kWaitStateExited,
    EventType::kWaitStateAborted,
    EventType::kSucceedStateEntered,
    EventType::kSucceedStateExited,
    EventType::kFailStateEntered,
    EventType::kEvaluationFailed,
    EventType::kParallelStateEntered,
    EventType::kParallelStateStarted,
    EventType::kParallelStateSucceeded,
    EventType::kParallelStateExited,
    EventType::kParallelStateFailed,
    EventType::kParallelStateAborted,
    EventType::kMapStateEntered,
    EventType::kMapStateStarted,
    EventType::kMapStateSucceeded,
    EventType::kMapStateExited,
    EventType::kMapStateFailed,
    EventType::kMapStateAborted,
    EventType::kMapIterationStarted,
    EventType::kMapIterationSucceeded,
    EventType::kMapIterationFailed,
    EventType::kMapIterationAborted,
    EventType::kActivityScheduled,
    EventType::kActivityStarted,
    EventType::kActivitySucceeded,
    EventType::kActivityFailed,
    EventType::kActivityScheduleFailed,
    EventType::kActivityTimedOut,
    EventType::kExecutionRedriven,
    EventType::kMapRunStarted,
    EventType::kMapRunSucceeded,
    EventType::kMapRunFailed,
    EventType::kMapRunAborted,
    EventType::kMapRunRedriven,
};

// Texts that take two bytes wherever they are; the place is the number: append only, at most 256.
constexpr std::string_view kWords[] = {
    "input",
    "inputDetails",
    "truncated",
    "name",
    "output",
    "outputDetails",
    "roleArn",
    "resource",
    "resourceType",
    "region",
    "parameters",
    "timeoutInSeconds",
    "heartbeatInSeconds",
    "error",
    "cause",
    "index",
    "length",
    "state",
    "location",
    "workerName",
    "lambda",
    "invoke",
    "",
    "{}",
    "null",
    "us-east-1",
};

constexpr std::size_t kShortestReference = 8;
constexpr int kMaxDepth = 64;

// A record begins with an event's number, or with this for the outcome.
constexpr char kOutcomeRecord = static_cast<char>(0xFF);

enum Kind : char {
  kNull = 0,
  kFalse = 1,
  kTrue = 2,
  kInteger = 3,
  kDouble = 4,
  kText = 5,       // length, bytes
  kReference = 6,  // place of the kText in the chunk
  kWord = 7,       // number in kWords
  kInput = 8,      // the execution's input
  kArray = 9,      // count, values
  kObject = 10,    // count, (text, value)…
  kUnsigned = 11,
};

int NumberOf(EventType type) {
  static const auto numbers = [] {
    std::array<int, 256> made;
    made.fill(-1);
    for (std::size_t i = 0; i < std::size(kEventTypes); ++i) {
      made[static_cast<std::size_t>(kEventTypes[i])] = static_cast<int>(i);
    }
    return made;
  }();
  return numbers[static_cast<std::size_t>(type)];
}

const std::unordered_map<std::string_view, int>& WordNumbers() {
  static const auto numbers = [] {
    std::unordered_map<std::string_view, int> made;
    for (std::size_t i = 0; i < std::size(kWords); ++i) made.emplace(kWords[i], int(i));
    return made;
  }();
  return numbers;
}

constexpr std::size_t kLongestWord = 20;

// Reads the values of one chunk.
class ValueReader {
 public:
  ValueReader(std::string_view bytes, std::string_view input)
      : bytes_(bytes), input_(input), reader_(bytes) {}

  json::value Value(int depth) {
    const char kind = reader_.Byte();
    switch (kind) {
      case kNull:
        return nullptr;
      case kFalse:
        return false;
      case kTrue:
        return true;
      case kInteger:
        return reader_.Signed();
      case kUnsigned:
        return reader_.Varint();
      case kDouble:
        return Double();
      case kArray:
        return Array(depth);
      case kObject:
        return Object(depth);
      default:
        return json::value(String(kind));
    }
  }
  json::object Object(int depth) {
    json::object object;
    const std::uint64_t count = reader_.Varint();
    for (std::uint64_t i = 0; i < count && Good(depth); ++i) {
      const std::string_view name = String(reader_.Byte());
      object.insert_or_assign(name, Value(depth + 1));
    }
    return object;
  }
  std::string_view String(char kind) {
    switch (kind) {
      case kText:
        return reader_.Text();
      case kInput:
        return input_;
      case kReference: {
        ByteReader there(bytes_, reader_.Varint());
        const bool text = there.Byte() == kText;
        const std::string_view found = there.Text();
        if (!text || there.failed()) damaged_ = true;
        return found;
      }
      case kWord: {
        const auto number = static_cast<unsigned char>(reader_.Byte());
        if (number < std::size(kWords)) return kWords[number];
        break;
      }
      default:
        break;
    }
    damaged_ = true;
    return "";
  }
  std::optional<std::string> OptionalString() {
    const char kind = reader_.Byte();
    if (kind == kNull) return std::nullopt;
    return std::string(String(kind));
  }
  ByteReader& reader() { return reader_; }
  bool Good(int depth = 0) const { return !damaged_ && !reader_.failed() && depth < kMaxDepth; }

 private:
  json::array Array(int depth) {
    json::array array;
    const std::uint64_t count = reader_.Varint();
    for (std::uint64_t i = 0; i < count && Good(depth); ++i) array.push_back(Value(depth + 1));
    return array;
  }
  double Double() {
    double value = 0;
    const std::string_view raw = reader_.Take(sizeof value);
    if (raw.size() == sizeof value) std::memcpy(&value, raw.data(), sizeof value);
    return value;
  }

  std::string_view bytes_;
  std::string_view input_;
  ByteReader reader_;
  bool damaged_ = false;
};

}  // namespace

void JournalWriter::PutString(std::string_view text) {
  if (text.size() <= kLongestWord) {
    const auto word = WordNumbers().find(text);
    if (word != WordNumbers().end()) {
      bytes_.push_back(kWord);
      bytes_.push_back(static_cast<char>(word->second));
      return;
    }
  }
  if (text.size() >= kShortestReference) {
    if (text == input_) {
      bytes_.push_back(kInput);
      return;
    }
    const auto [known, added] = places_.emplace(std::hash<std::string_view>()(text), bytes_.size());
    if (!added && ByteReader(bytes_, known->second + 1).Text() == text) {
      bytes_.push_back(kReference);
      PutVarint(bytes_, known->second);
      return;
    }
  }
  bytes_.push_back(kText);
  PutText(bytes_, text);
}

void JournalWriter::PutValue(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      bytes_.push_back(kNull);
      return;
    case json::kind::bool_:
      bytes_.push_back(value.get_bool() ? kTrue : kFalse);
      return;
    case json::kind::int64:
      bytes_.push_back(kInteger);
      PutSigned(bytes_, value.get_int64());
      return;
    case json::kind::uint64:
      bytes_.push_back(kUnsigned);
      PutVarint(bytes_, value.get_uint64());
      return;
    case json::kind::double_: {
      bytes_.push_back(kDouble);
      const double number = value.get_double();
      bytes_.append(reinterpret_cast<const char*>(&number), sizeof number);
      return;
    }
    case json::kind::string:
      PutString(value.get_string());
      return;
    case json::kind::array:
      bytes_.push_back(kArray);
      PutVarint(bytes_, value.get_array().size());
      for (const json::value& item : value.get_array()) PutValue(item);
      return;
    case json::kind::object:
      bytes_.push_back(kObject);
      PutVarint(bytes_, value.get_object().size());
      for (const auto& [name, member] : value.get_object()) {
        PutString(name);
        PutValue(member);
      }
      return;
  }
}

void JournalWriter::PutTime(Timestamp time) {
  const std::int64_t micros = time.time_since_epoch().count();
  PutSigned(bytes_, micros - last_micros_);
  last_micros_ = micros;
}

void JournalWriter::Append(const asl::HistoryEvent& event) {
  const int number = NumberOf(event.type);
  SCONES_CHECK(number >= 0);
  bytes_.push_back(static_cast<char>(number));
  PutVarint(bytes_, static_cast<std::uint64_t>(event.id));
  PutVarint(bytes_, static_cast<std::uint64_t>(event.previous_id));
  PutTime(event.timestamp);
  PutVarint(bytes_, event.details.size());
  for (const auto& [name, member] : event.details) {
    PutString(name);
    PutValue(member);
  }
}

void JournalWriter::Append(const asl::Outcome& outcome) {
  bytes_.push_back(kOutcomeRecord);
  bytes_.push_back(static_cast<char>(outcome.status));
  const auto put_optional = [this](const std::optional<std::string>& text) {
    if (text) {
      PutString(*text);
    } else {
      bytes_.push_back(kNull);
    }
  };
  if (outcome.status == asl::ExecutionStatus::kSucceeded) {
    PutString(outcome.output);
  } else {
    bytes_.push_back(kNull);
  }
  put_optional(outcome.error);
  put_optional(outcome.cause);
}

std::string JournalWriter::Take() {
  places_.clear();
  last_micros_ = 0;
  return std::exchange(bytes_, {});
}

Result<JournalChunk> ReadJournal(std::string_view bytes, std::string_view input) {
  JournalChunk chunk;
  ValueReader values(bytes, input);
  ByteReader& reader = values.reader();
  while (values.Good() && !reader.AtEnd()) {
    const char record = reader.Byte();
    if (record == kOutcomeRecord) {
      asl::Outcome& outcome = chunk.outcome.emplace();
      outcome.status = static_cast<asl::ExecutionStatus>(reader.Byte());
      outcome.output = values.OptionalString().value_or("");
      outcome.error = values.OptionalString();
      outcome.cause = values.OptionalString();
      continue;
    }
    const auto number = static_cast<unsigned char>(record);
    if (number >= std::size(kEventTypes)) return Error(Code::kDataLoss, "unknown history event");
    asl::HistoryEvent& event = chunk.events.emplace_back();
    event.type = kEventTypes[number];
    event.id = static_cast<std::int64_t>(reader.Varint());
    event.previous_id = static_cast<std::int64_t>(reader.Varint());
    chunk.last_micros += reader.Signed();
    event.timestamp = Timestamp(std::chrono::microseconds(chunk.last_micros));
    event.details = values.Object(0);
  }
  if (!values.Good()) return Error(Code::kDataLoss, "a damaged piece of an execution's history");
  return chunk;
}

}  // namespace scones::workflows
