#include "jsonata/detail/failure.h"

#include <algorithm>
#include <iterator>

#include "base/json.h"

namespace scones::jsonata::detail {
namespace {

struct Text {
  std::string_view code;
  std::string_view text;
};

// JSONata's own texts, since they are what users search for. {{x}} is x as JSON, {{{x}}} as it is.
constexpr Text kTexts[] = {
    {"D1001", "Number out of range: {{value}}"},
    {"D1002", "Cannot negate a non-numeric value: {{value}}"},
    {"D1004", "Regular expression matches zero length string"},
    {"D1009", "Multiple key definitions evaluate to same key: {{value}}"},
    {"D2014",
     "The size of the sequence allocated by the range operator (..) must not exceed 1e6.  "
     "Attempted to allocate {{value}}."},
    {"D3001", "Attempting to invoke string function on Infinity or NaN"},
    {"D3010", "Second argument of replace function cannot be an empty string"},
    {"D3011", "Fourth argument of replace function must evaluate to a positive number"},
    {"D3012", "Attempted to replace a matched string with a non-string value"},
    {"D3020", "Third argument of split function must evaluate to a positive number"},
    {"D3030", "Unable to cast value to a number: {{value}}"},
    {"D3040", "Third argument of match function must evaluate to a positive number"},
    {"D3050",
     "The second argument of reduce function must be a function with at least two arguments"},
    {"D3060", "The sqrt function cannot be applied to a negative number: {{value}}"},
    {"D3061",
     "The power function has resulted in a value that cannot be represented as a JSON number: "
     "base={{value}}, exponent={{value2}}"},
    {"D3070",
     "The single argument form of the sort function can only be applied to an array of strings or "
     "an array of numbers.  Use the second argument to specify a comparison function"},
    {"D3137", "$error() function evaluated"},
    {"D3138",
     "The $single() function expected exactly 1 matching result.  Instead it matched more."},
    {"D3139", "The $single() function expected exactly 1 matching result.  Instead it matched 0."},
    {"D3140", "Malformed URL passed to ${{{token}}}(): {{value}}"},
    {"D3141", "$assert() statement failed"},
    {"S0101", "String literal must be terminated by a matching quote"},
    {"S0102", "Number out of range: {{token}}"},
    {"S0103", "Unsupported escape sequence: \\{{token}}"},
    {"S0104", "The escape sequence \\u must be followed by 4 hex digits"},
    {"S0105", "Quoted property name must be terminated with a backquote (`)"},
    {"S0106", "Comment has no closing tag"},
    {"S0201", "Syntax error: {{token}}"},
    {"S0202", "Expected {{value}}, got {{token}}"},
    {"S0203", "Expected {{value}} before end of expression"},
    {"S0204", "Unknown operator: {{token}}"},
    {"S0206", "Unknown expression type: {{token}}"},
    {"S0207", "Unexpected end of expression"},
    {"S0208", "Parameter {{value}} of function definition must be a variable name (start with $)"},
    {"S0209", "A predicate cannot follow a grouping expression in a step"},
    {"S0210", "Each step can only have one grouping expression"},
    {"S0211", "The symbol {{token}} cannot be used as a unary operator"},
    {"S0212", "The left side of := must be a variable name (start with $)"},
    {"S0213", "The literal value {{value}} cannot be used as a step within a path expression"},
    {"S0214", "The right side of {{token}} must be a variable name (start with $)"},
    {"S0215", "A context variable binding must precede any predicates on a step"},
    {"S0216", "A context variable binding must precede the 'order-by' clause on a step"},
    {"S0217", "The object representing the 'parent' cannot be derived from this expression"},
    {"S0301", "Empty regular expressions are not allowed"},
    {"S0302", "No terminating / in regular expression"},
    {"S0401", "Type parameters can only be applied to functions and arrays"},
    {"S0402", "Choice groups containing parameterized types are not supported"},
    {"T0410", "Argument {{index}} of function {{token}} does not match function signature"},
    {"T0411",
     "Context value is not a compatible type with argument {{index}} of function {{token}}"},
    {"T0412", "Argument {{index}} of function {{token}} must be an array of {{type}}"},
    {"T1003", "Key in object structure must evaluate to a string; got: {{value}}"},
    {"T1005", "Attempted to invoke a non-function. Did you mean ${{{token}}}?"},
    {"T1006", "Attempted to invoke a non-function"},
    {"T1007", "Attempted to partially apply a non-function. Did you mean ${{{token}}}?"},
    {"T1008", "Attempted to partially apply a non-function"},
    {"T1010",
     "The matcher function argument passed to function {{token}} does not return the correct "
     "object structure"},
    {"T2001", "The left side of the {{token}} operator must evaluate to a number"},
    {"T2002", "The right side of the {{token}} operator must evaluate to a number"},
    {"T2003", "The left side of the range operator (..) must evaluate to an integer"},
    {"T2004", "The right side of the range operator (..) must evaluate to an integer"},
    {"T2006", "The right side of the function application operator ~> must be a function"},
    {"T2007", "Type mismatch when comparing values {{value}} and {{value2}} in order-by clause"},
    {"T2008",
     "The expressions within an order-by clause must evaluate to numeric or string values"},
    {"T2009",
     "The values {{value}} and {{value2}} either side of operator {{token}} must be of the same "
     "data type"},
    {"T2010",
     "The expressions either side of operator {{token}} must evaluate to numeric or string values"},
    {"T2011",
     "The insert/update clause of the transform expression must evaluate to an object: {{value}}"},
    {"T2012",
     "The delete clause of the transform expression must evaluate to a string or array of strings: "
     "{{value}}"},
    {"T2013",
     "The transform expression clones the input object using the $clone() function.  This has been "
     "overridden in the current scope by a non-function."},
};

std::string Plain(const Failure& failure, std::string_view name) {
  if (name == "token") return failure.token.value_or("undefined");
  if (name == "value") return failure.value.value_or("undefined");
  if (name == "value2") return failure.value2.value_or("undefined");
  if (name == "index") return std::to_string(failure.index);
  return failure.type;
}

std::string AsJson(const Failure& failure, std::string_view name) {
  if (name == "token" && failure.token) return ToJsonString(*failure.token);
  if (name == "type") return ToJsonString(failure.type);
  return Plain(failure, name);
}

std::string Fill(const Failure& failure, std::string_view text) {
  std::string out;
  while (true) {
    const std::size_t open = text.find("{{");
    if (open == std::string_view::npos) break;
    out.append(text.substr(0, open));
    text.remove_prefix(open);
    const bool plain = text.starts_with("{{{");
    const std::size_t braces = plain ? 3 : 2;
    const std::size_t close = text.find("}}");
    const std::string_view name = text.substr(braces, close - braces);
    out += plain ? Plain(failure, name) : AsJson(failure, name);
    text.remove_prefix(close + braces);
  }
  return out.append(text);
}

}  // namespace

Failure MakeFailure(std::string_view code) {
  Failure failure;
  failure.code = code;
  return failure;
}

Failure TokenFailure(std::string_view code, std::string_view token) {
  Failure failure = MakeFailure(code);
  failure.token = token;
  return failure;
}

Failure ValueFailure(std::string_view code, std::string value) {
  Failure failure = MakeFailure(code);
  failure.value = std::move(value);
  return failure;
}

Failure LimitFailure(std::string_view message) {
  Failure failure = MakeFailure("U1001");
  failure.message = message;
  return failure;
}

Error ToError(const Failure& failure) {
  const Code code = failure.code == "U1001" ? Code::kExhausted : Code::kInvalid;
  if (!failure.message.empty()) return Error(code, failure.code, failure.message);
  const auto found = std::ranges::find(kTexts, failure.code, &Text::code);
  if (found == std::end(kTexts)) return Error(code, failure.code, failure.code);
  return Error(code, failure.code, Fill(failure, found->text));
}

Failure FromError(const Error& error) {
  Failure failure = MakeFailure(error.reason());
  failure.message = error.message();
  return failure;
}

}  // namespace scones::jsonata::detail
