// What is different in JSONata states: fields that are expressions, and the events of their
// failures.
#include <fmt/format.h>

#include "asl/engine.h"
#include "asl/query.h"

namespace scones::asl {
namespace {

constexpr std::string_view kQueryError = "States.QueryEvaluationError";

}  // namespace

// Leaves a state by its Assign and Output fields, which see the same variables; without Output,
// `payload` goes on as it is.
void Engine::ExitQueries(Frame& frame, const Scope& scope, const std::optional<Template>& assign,
                         const std::optional<Template>& output, Payload payload, int next) {
  auto assigned = EvaluateAssign(frame, assign, scope);
  if (!assigned) return HandleError(frame, assigned.error());
  if (output) {
    auto value = output->Evaluate(scope);
    if (!value) return HandleError(frame, value.error());
    payload = Payload::FromValue(*std::move(value));
  }
  Exit(frame, std::move(payload), next, *std::move(assigned));
}

Result<std::int64_t> Engine::QueryInteger(const Frame& frame, const Expression& expression,
                                          std::int64_t least) {
  return QueryInteger(*expression.query(), least, ScopeFor(frame, frame.input));
}

Result<std::int64_t> Engine::QueryInteger(const Query& query, std::int64_t least,
                                          const Scope& scope) {
  TRY(json::value value, query.EvaluateAs("number", scope));
  if (!value.is_int64() || value.get_int64() < least) {
    return query.UnexpectedType(least > 0 ? "positive integer" : "non-negative integer", value,
                                scope);
  }
  return value.get_int64();
}

Result<Timestamp> Engine::QueryTimestamp(const Frame& frame, const Expression& expression) {
  const Query& query = *expression.query();
  TRY(json::value value, query.EvaluateAs("string", ScopeFor(frame, frame.input)));
  auto time = ParseIso8601(value.get_string());
  if (time) return time;
  // The wait has begun where this is found out.
  entering_ = nullptr;
  query_location_ = query.location();
  return Error(Code::kInvalid, std::string(kQueryError),
               fmt::format("The Timestamp field cannot be parsed as an ISO-8601 extended offset "
                           "date-time format string: {}",
                           std::string_view(value.get_string())));
}

Result<bool> Engine::QueryCondition(const Template& condition, const Scope& scope) {
  if (condition.expression() == nullptr) {
    TRY(json::value value, condition.Evaluate(scope));
    return value.is_bool() && value.get_bool();
  }
  TRY(json::value value, condition.expression()->query()->EvaluateAs("boolean", scope));
  return value.get_bool();
}

// The items of a Map: its Items field, or its input. In DISTRIBUTED mode they may be an object.
Result<json::value> Engine::QueryItems(const Frame& frame) {
  const State& state = StateOf(frame);
  const auto usable = [&](const json::value& value) {
    return value.is_array() || (state.distributed != nullptr && value.is_object());
  };
  const auto no_array = [&](std::string_view what, const json::value& value) {
    query_location_ = state.items ? "Items" : "";
    return Error(Code::kInvalid, std::string(kQueryError),
                 fmt::format("{} must be an array but was: {}", what, ToJson(value)));
  };
  if (!state.items) {
    const json::value& input = frame.input.value();
    if (!usable(input)) return no_array("Map state input", input);
    return input;
  }
  const Scope scope = ScopeFor(frame, frame.input);
  TRY(json::value value, state.items->Evaluate(scope));
  if (usable(value)) return value;
  const Expression* expression = state.items->expression();
  if (expression != nullptr) return expression->query()->UnexpectedType("array", value, scope);
  return no_array("The field 'Items'", value);
}

// The event of a failed evaluation. While a state is being entered, it follows the event that led
// to the state and not the entry.
void Engine::NoteEvaluationFailure(Frame& frame, const State& state, const Error& shown) {
  json::object details = {{"error", shown.reason()}, {"cause", shown.message()}};
  if (!query_location_.empty()) details["location"] = std::exchange(query_location_, "");
  details["state"] = state.name;
  const bool entering = entering_ == &frame && frame.last_event == frame.entered_event;
  frame.last_event = Emit(EventType::kEvaluationFailed,
                          entering ? before_entering_ : frame.last_event, std::move(details));
}

}  // namespace scones::asl
