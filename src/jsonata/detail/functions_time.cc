// Date and time functions. The present is what the environment says, the same all along.

#include <cmath>

#include "base/time.h"
#include "jsonata/detail/datetime.h"
#include "jsonata/detail/evaluator.h"
#include "jsonata/detail/failure.h"
#include "jsonata/detail/text.h"

namespace scones::jsonata::detail {
namespace {

// What JavaScript's Date can hold.
constexpr double kMaxMillis = 8.64e15;

std::optional<std::string_view> TextOf(const Value& value) {
  return value.is_string() ? std::optional(value.text()) : std::nullopt;
}

Value Format(Evaluator& evaluator, double millis, const Value& picture, const Value& timezone) {
  if (!(std::fabs(millis) <= kMaxMillis)) {
    Failure failure = MakeFailure("D3110");
    failure.message =
        "The argument of the fromMillis function must be within 8.64e15 milliseconds "
        "of 1970. Given " +
        NumberText(millis);
    throw failure;
  }
  const Result<std::string> text = FormatDateTime(static_cast<std::int64_t>(std::trunc(millis)),
                                                  TextOf(picture), TextOf(timezone));
  if (!text) throw FromError(text.error());
  return evaluator.make().Text(*text);
}

double NowMillis(Evaluator& evaluator) {
  return static_cast<double>(EpochMilliseconds(evaluator.environment().now));
}

Value Now(Evaluator& evaluator, const Call& call) {
  return Format(evaluator, NowMillis(evaluator), call[0], call[1]);
}

Value Millis(Evaluator& evaluator, const Call&) { return Value::Number(NowMillis(evaluator)); }

Value FromMillis(Evaluator& evaluator, const Call& call) {
  if (call[0].is_undefined()) return Value();
  return Format(evaluator, call[0].number(), call[1], call[2]);
}

Value ToMillis(Evaluator& evaluator, const Call& call) {
  if (call[0].is_undefined()) return Value();
  const Result<std::optional<std::int64_t>> millis =
      ParseDateTime(call[0].text(), TextOf(call[1]), evaluator.environment().now);
  if (!millis) throw FromError(millis.error());
  return *millis ? Value::Number(static_cast<double>(**millis)) : Value();
}

constexpr LibraryFunction kFunctions[] = {
    {"now", "<s?s?:s>", 2, Now},
    {"millis", "<:n>", 0, Millis},
    {"fromMillis", "<n-s?s?:s>", 3, FromMillis},
    {"toMillis", "<s-s?:n>", 2, ToMillis},
};

}  // namespace

std::span<const LibraryFunction> TimeFunctions() { return kFunctions; }

}  // namespace scones::jsonata::detail
