// Numeric, aggregation and Boolean functions.

#include <algorithm>
#include <cmath>

#include "jsonata/detail/evaluator.h"
#include "jsonata/detail/failure.h"
#include "jsonata/detail/text.h"

namespace scones::jsonata::detail {
namespace {

bool AllOf(std::string_view text, std::string_view digits) {
  return !text.empty() && text.find_first_not_of(digits) == std::string_view::npos;
}

// 0x, 0o and 0b with their digits.
bool ParsePrefixed(std::string_view text, double& number) {
  if (text.size() < 3 || text[0] != '0') return false;
  const char kind = static_cast<char>(text[1] | 0x20);
  const std::string_view digits = text.substr(2);
  int radix = 0;
  if (kind == 'x' && AllOf(digits, "0123456789abcdefABCDEF")) radix = 16;
  if (kind == 'o' && AllOf(digits, "01234567")) radix = 8;
  if (kind == 'b' && AllOf(digits, "01")) radix = 2;
  number = 0;
  for (const char c : digits) {
    const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    number = number * radix + digit;
  }
  return radix != 0;
}

bool ParseNumber(std::string_view text, double& number) {
  if (ParsePrefixed(text, number)) return true;
  std::string_view rest = text;
  if (rest.starts_with('-')) rest.remove_prefix(1);
  // Digits first and behind a point: ".5" and "5." are no numbers.
  const std::size_t whole = std::min(rest.find_first_not_of("0123456789"), rest.size());
  if (whole == 0) return false;
  if (whole < rest.size() && rest[whole] == '.' &&
      (whole + 1 == rest.size() || rest[whole + 1] < '0' || rest[whole + 1] > '9'))
    return false;
  return ParseDouble(text, number) && std::isfinite(number);
}

Value Number(Evaluator& evaluator, const Call& call) {
  const Value value = call[0];
  if (value.is_undefined() || value.is_number()) return value;
  if (value.is_bool()) return Value::Number(value.boolean() ? 1 : 0);
  double number = 0;
  if (value.is_string() && ParseNumber(value.text(), number)) return Value::Number(number);
  throw ValueFailure("D3030", evaluator.Shown(value));
}

Value Floor(Evaluator&, const Call& call) {
  return call[0].is_undefined() ? Value() : Value::Number(std::floor(call[0].number()));
}
Value Ceil(Evaluator&, const Call& call) {
  return call[0].is_undefined() ? Value() : Value::Number(std::ceil(call[0].number()));
}
Value Abs(Evaluator&, const Call& call) {
  return call[0].is_undefined() ? Value() : Value::Number(std::fabs(call[0].number()));
}

// Moves the decimal point in the number's text, so that 1.005 stays 1.005.
double Shifted(double number, double places) {
  if (!std::isfinite(number) || places == 0) return number;
  const std::string text = NumberText(number);
  const std::size_t e = text.find('e');
  const double exponent = e == std::string::npos ? 0 : std::atof(text.c_str() + e + 1);
  double shifted = 0;
  ParseDouble(text.substr(0, e) + "e" + NumberText(exponent + std::trunc(places)), shifted);
  return shifted;
}

// To the even neighbour where two are as near.
Value Round(Evaluator&, const Call& call) {
  if (call[0].is_undefined()) return Value();
  const double places = call[1].is_number() ? std::clamp(call[1].number(), -400.0, 400.0) : 0;
  const double number = Shifted(call[0].number(), places);
  double rounded = std::floor(number + 0.5);
  if (std::fabs(rounded - number) == 0.5 && std::fmod(std::fabs(rounded), 2) == 1) rounded -= 1;
  rounded = Shifted(rounded, -places);
  return Value::Number(rounded == 0 ? 0.0 : rounded);
}

Value SquareRoot(Evaluator&, const Call& call) {
  if (call[0].is_undefined()) return Value();
  if (call[0].number() < 0) throw ValueFailure("D3060", NumberText(call[0].number()));
  return Value::Number(std::sqrt(call[0].number()));
}

Value Power(Evaluator& evaluator, const Call& call) {
  if (call[0].is_undefined()) return Value();
  const double exponent = call[1].is_number() ? call[1].number() : std::nan("");
  const double power = std::pow(call[0].number(), exponent);
  if (std::isfinite(power)) return Value::Number(power);
  Failure failure = ValueFailure("D3061", evaluator.Shown(call[0]));
  failure.value2 = evaluator.Shown(call[1]);
  throw failure;
}

Value Random(Evaluator& evaluator, const Call&) {
  if (!evaluator.environment().random) return Value::Number(0);
  return Value::Number(static_cast<double>(evaluator.environment().random() >> 11) * 0x1.0p-53);
}

Value Sum(Evaluator& evaluator, const Call& call) {
  if (call[0].is_undefined()) return Value();
  double sum = 0;
  for (const Value& item : evaluator.Items(call[0]).all()) sum += item.number();
  return Value::Number(sum);
}

Value Count(Evaluator& evaluator, const Call& call) {
  if (call[0].is_undefined()) return Value::Number(0);
  return Value::Number(static_cast<double>(evaluator.Items(call[0]).size));
}

template <class Better>
Value Best(Evaluator& evaluator, const Value& numbers, Better better) {
  if (numbers.is_undefined() || evaluator.Items(numbers).size == 0) return Value();
  double best = evaluator.Items(numbers).items[0].number();
  for (const Value& item : evaluator.Items(numbers).all()) {
    if (better(item.number(), best)) best = item.number();
  }
  return Value::Number(best);
}

Value Max(Evaluator& evaluator, const Call& call) {
  return Best(evaluator, call[0], std::greater<>());
}
Value Min(Evaluator& evaluator, const Call& call) {
  return Best(evaluator, call[0], std::less<>());
}

Value Average(Evaluator& evaluator, const Call& call) {
  if (call[0].is_undefined() || evaluator.Items(call[0]).size == 0) return Value();
  return Value::Number(Sum(evaluator, call).number() /
                       static_cast<double>(evaluator.Items(call[0]).size));
}

Value Boolean(Evaluator& evaluator, const Call& call) {
  const std::optional<bool> truth = evaluator.Boolean(call[0]);
  return truth ? Value::Bool(*truth) : Value();
}

Value Not(Evaluator& evaluator, const Call& call) {
  const std::optional<bool> truth = evaluator.Boolean(call[0]);
  return truth ? Value::Bool(!*truth) : Value();
}

Value Exists(Evaluator&, const Call& call) { return Value::Bool(!call[0].is_undefined()); }

constexpr LibraryFunction kFunctions[] = {
    {"number", "<(nsb)-:n>", 1, Number}, {"floor", "<n-:n>", 1, Floor},
    {"ceil", "<n-:n>", 1, Ceil},         {"abs", "<n-:n>", 1, Abs},
    {"round", "<n-n?:n>", 2, Round},     {"sqrt", "<n-:n>", 1, SquareRoot},
    {"power", "<n-n:n>", 2, Power},      {"random", "<:n>", 0, Random},
    {"sum", "<a<n>:n>", 1, Sum},         {"count", "<a:n>", 1, Count},
    {"max", "<a<n>:n>", 1, Max},         {"min", "<a<n>:n>", 1, Min},
    {"average", "<a<n>:n>", 1, Average}, {"boolean", "<x-:b>", 1, Boolean},
    {"not", "<x-:b>", 1, Not},           {"exists", "<x:b>", 1, Exists},
};

}  // namespace

std::span<const LibraryFunction> NumberFunctions() { return kFunctions; }

}  // namespace scones::jsonata::detail
