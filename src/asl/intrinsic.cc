#include "asl/intrinsic.h"

#include <fmt/format.h>

#include <cctype>

namespace scones::asl {
namespace {

constexpr int kMaxDepth = 10;  // the Developer Guide's limit of nested calls

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<IntrinsicCall> ParseAll() {
    TRY(IntrinsicCall call, ParseCall(1));
    SkipSpaces();
    if (at_ != text_.size()) return Bad("text after the call");
    return call;
  }

 private:
  using Literal = IntrinsicCall::Literal;
  using Argument = IntrinsicCall::Argument;

  Error Bad(std::string_view what) const {
    return Error(Code::kInvalid,
                 fmt::format("invalid intrinsic function '{}': {} at offset {}", text_, what, at_));
  }
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void SkipSpaces() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
  }

  Result<IntrinsicCall> ParseCall(int depth) {
    if (depth > kMaxDepth) return Bad("calls are nested too deeply");
    SkipSpaces();
    if (text_.substr(at_, 7) != "States.") return Bad("'States.' is missing");
    at_ += 7;
    const std::size_t start = at_;
    while (std::isalnum(static_cast<unsigned char>(Peek())) != 0) ++at_;
    IntrinsicCall call;
    call.function = FindIntrinsic(text_.substr(start, at_ - start));
    if (call.function == nullptr) return Bad("unknown function");
    SkipSpaces();
    if (Peek() != '(') return Bad("'(' is missing");
    ++at_;
    SkipSpaces();
    while (Peek() != ')') {
      if (!call.arguments.empty()) {
        if (Peek() != ',') return Bad("',' is missing");
        ++at_;
        SkipSpaces();
      }
      TRY(Argument argument, ParseArgument(depth));
      call.arguments.push_back(std::move(argument));
      SkipSpaces();
    }
    ++at_;
    TRY_VOID(CheckArguments(call));
    return call;
  }

  Result<Argument> ParseArgument(int depth) {
    if (Peek() == '\'') return ParseString();
    if (Peek() == '$') return ParsePath();
    if (text_.substr(at_, 7) == "States.") {
      TRY(IntrinsicCall call, ParseCall(depth + 1));
      return Argument(std::make_unique<IntrinsicCall>(std::move(call)));
    }
    const std::size_t start = at_;
    while (at_ < text_.size() && Peek() != ',' && Peek() != ')' && Peek() != ' ') ++at_;
    auto value = ParseJson(text_.substr(start, at_ - start));
    if (!value || value->is_string() || value->is_structured()) return Bad("not a literal");
    return Argument(Literal{*std::move(value), ""});
  }

  // Only a quote, a brace and a backslash may follow a backslash, as AWS has it.
  Result<Argument> ParseString() {
    ++at_;
    Literal literal;
    std::string value;
    while (Peek() != '\'') {
      if (at_ >= text_.size()) return Bad("a quote is not closed");
      if (Peek() == '\\') {
        literal.raw.push_back(text_[at_++]);
        const char escaped = Peek();
        if (escaped != '\'' && escaped != '\\' && escaped != '{' && escaped != '}') {
          return Bad("unknown escape");
        }
      }
      value.push_back(Peek());
      literal.raw.push_back(text_[at_++]);
    }
    ++at_;
    literal.value = json::string(value);
    return Argument(std::move(literal));
  }

  Result<Argument> ParsePath() {
    const std::size_t start = at_;
    int brackets = 0;
    char quote = '\0';
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (quote != '\0') {
        if (c == '\\') ++at_;
        if (c == quote) quote = '\0';
        continue;
      }
      if ((c == ',' || c == ')' || c == ' ') && brackets == 0) break;
      if (c == '[') ++brackets;
      if (c == ']') --brackets;
      if ((c == '\'' || c == '"') && brackets > 0) quote = c;
    }
    at_ = std::min(at_, text_.size());
    TRY(Path path, Path::Parse(text_.substr(start, at_ - start)));
    return Argument(std::move(path));
  }

  Result<void> CheckArguments(const IntrinsicCall& call) {
    std::size_t required = 0;
    std::size_t most = 0;
    bool optional = false;
    char last = 'v';
    std::string types;
    for (char c : call.function->signature) {
      if (c == '*') {
        most = 1000;
      } else if (c == '?') {
        optional = true;
      } else {
        types.push_back(last = c);
        ++most;
        if (!optional) ++required;
      }
    }
    const std::size_t count = call.arguments.size();
    if (count < required || count > most) return Bad("wrong number of arguments");
    for (std::size_t i = 0; i < count; ++i) {
      const auto* literal = std::get_if<Literal>(&call.arguments[i]);
      if (literal == nullptr) continue;
      const char type = i < types.size() ? types[i] : last;
      const json::value& value = literal->value;
      const bool fits = type == 'v' || (type == 's' && value.is_string()) ||
                        (type == 'n' && value.is_number()) || (type == 'b' && value.is_bool());
      if (!fits) return Bad(fmt::format("argument {} has the wrong type", i + 1));
    }
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

Result<json::value> EvaluateArgument(const IntrinsicCall::Argument& argument, const Scope& scope) {
  if (const auto* literal = std::get_if<IntrinsicCall::Literal>(&argument)) return literal->value;
  if (const auto* path = std::get_if<Path>(&argument)) return EvaluatePath(*path, scope);
  return CallIntrinsic(*std::get<std::unique_ptr<IntrinsicCall>>(argument), scope);
}

bool HasType(const json::value& value, char type) {
  switch (type) {
    case 's':
      return value.is_string();
    case 'n':
      return value.is_number();
    case 'b':
      return value.is_bool();
    case 'a':
      return value.is_array();
    default:
      return true;
  }
}

}  // namespace

Error IntrinsicFailure(std::string message) {
  return Error(Code::kInvalid, "States.IntrinsicFailure", std::move(message));
}

Result<IntrinsicCall> ParseIntrinsic(std::string_view text) {
  static constexpr std::size_t kMaxLength = 32 * 1024;
  if (text.size() > kMaxLength) return Error(Code::kInvalid, "an intrinsic call of over 32 KiB");
  return Parser(text).ParseAll();
}

Result<json::value> CallIntrinsic(const IntrinsicCall& call, const Scope& scope) {
  IntrinsicArguments arguments;
  arguments.reserve(call.arguments.size());
  std::size_t type = 0;
  for (const auto& argument : call.arguments) {
    TRY(json::value value, EvaluateArgument(argument, scope));
    const std::string_view signature = call.function->signature;
    if (type < signature.size() && signature[type] == '?') ++type;
    if (type < signature.size() && signature[type] != '*' && !HasType(value, signature[type])) {
      return IntrinsicFailure(fmt::format("States.{}: argument {} has the wrong type: {}",
                                          call.function->name, arguments.size() + 1,
                                          ToJson(value)));
    }
    ++type;
    arguments.push_back(std::move(value));
  }
  if (call.function->name == "Format") {
    const auto* literal = std::get_if<IntrinsicCall::Literal>(&call.arguments[0]);
    TRY(std::string text,
        FormatIntrinsic(literal != nullptr ? std::string_view(literal->raw)
                                           : std::string_view(arguments[0].get_string()),
                        arguments));
    return json::value(json::string(text));
  }
  return call.function->run(arguments, scope);
}

}  // namespace scones::asl
