// Path::Parse: a recursive-descent parser with bounded depth.
#include <fmt/format.h>

#include <charconv>

#include "asl/path.h"
#include "asl/path_filter.h"

namespace scones::asl {

class PathParser {
 public:
  PathParser(std::string_view text, int depth) : text_(text), depth_(depth) {}

  // Parses up to the end of the text, or, in a filter, to the first character that is no path.
  Result<Path> ParseFrom(std::size_t& at, bool whole) {
    at_ = at;
    const std::size_t start = at_;
    Path path;
    TRY_VOID(ParseRoot(path));
    while (at_ < text_.size()) {
      if (Take("..")) {
        TRY_VOID(ParseStep(path, true));
      } else if (Take(".")) {
        TRY_VOID(ParseStep(path, false));
      } else if (Peek() == '[') {
        TRY_VOID(ParseBracket(path, false));
      } else {
        break;
      }
    }
    if (whole && at_ != text_.size()) return Bad("unexpected character");
    at = at_;
    path.text_ = std::string(text_.substr(start, at_ - start));
    for (const Path::Step& step : path.steps_) {
      const bool one = (step.kind == Path::Step::Kind::kMembers && step.names.size() == 1) ||
                       (step.kind == Path::Step::Kind::kIndexes && step.indexes.size() == 1);
      if (step.deep || !one) path.definite_ = false;
    }
    return path;
  }

 private:
  using Step = Path::Step;
  static constexpr int kMaxDepth = 16;
  static constexpr std::size_t kMaxSteps = 256;

  static bool IsNameByte(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || std::isalnum(byte) != 0 || c == '_' || c == '-';
  }

  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool Take(std::string_view token) {
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }
  void SkipSpaces() {
    while (Peek() == ' ' || Peek() == '\t' || Peek() == '\n') ++at_;
  }
  Error Bad(std::string_view what) const {
    return Error(Code::kInvalid,
                 fmt::format("invalid JSONPath '{}': {} at offset {}", text_, what, at_));
  }

  Result<void> ParseRoot(Path& path) {
    if (Take("@")) return {};
    if (!Take("$")) return Bad("a path starts with '$'");
    if (Take("$")) {
      path.root_ = Path::Root::kContext;
    } else if (IsNameByte(Peek()) && std::isdigit(static_cast<unsigned char>(Peek())) == 0) {
      path.root_ = Path::Root::kVariable;
      path.variable_ = TakeName();
    }
    return {};
  }

  std::string TakeName() {
    const std::size_t start = at_;
    while (at_ < text_.size() && IsNameByte(text_[at_])) ++at_;
    return std::string(text_.substr(start, at_ - start));
  }

  Result<void> AddStep(Path& path, Step step, bool deep) {
    if (path.steps_.size() >= kMaxSteps) return Bad("too many steps");
    step.deep = deep;
    path.steps_.push_back(std::move(step));
    return {};
  }

  Result<void> ParseStep(Path& path, bool deep) {
    Step step;
    if (Take("*")) {
      step.kind = Step::Kind::kWildcard;
      return AddStep(path, std::move(step), deep);
    }
    if (deep && Peek() == '[') return ParseBracket(path, true);
    std::string name = TakeName();
    if (name.empty()) return Bad("a member name is missing");
    step.function = Take("()");
    if (step.function) name += "()";
    step.names.push_back(std::move(name));
    return AddStep(path, std::move(step), deep);
  }

  Result<void> ParseBracket(Path& path, bool deep) {
    ++at_;
    SkipSpaces();
    Step step;
    if (Take("*")) {
      step.kind = Step::Kind::kWildcard;
    } else if (Take("?")) {
      step.kind = Step::Kind::kFilter;
      TRY(PathFilter filter, ParseFilter());
      step.filter = std::make_shared<const PathFilter>(std::move(filter));
    } else if (Peek() == '\'' || Peek() == '"') {
      TRY_VOID(ParseNames(step));
    } else {
      TRY_VOID(ParseIndexes(step));
    }
    SkipSpaces();
    if (!Take("]")) return Bad("']' is missing");
    return AddStep(path, std::move(step), deep);
  }

  Result<void> ParseNames(Step& step) {
    do {
      SkipSpaces();
      TRY(std::string name, ParseQuoted());
      step.names.push_back(std::move(name));
      SkipSpaces();
    } while (Take(","));
    return {};
  }

  Result<std::string> ParseQuoted() {
    const char quote = Peek();
    if (quote != '\'' && quote != '"') return Bad("a quoted name is missing");
    ++at_;
    std::string name;
    while (at_ < text_.size() && text_[at_] != quote) {
      // A backslash escapes the quote in use and itself, nothing else.
      const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
      if (text_[at_] == '\\' && (next == quote || next == '\\')) ++at_;
      name.push_back(text_[at_++]);
    }
    if (!Take(std::string_view(&quote, 1))) return Bad("a quote is not closed");
    return name;
  }

  std::optional<std::int64_t> TakeInteger() {
    std::int64_t number = 0;
    const auto parsed = std::from_chars(text_.data() + at_, text_.data() + text_.size(), number);
    if (parsed.ec != std::errc()) return std::nullopt;
    at_ = static_cast<std::size_t>(parsed.ptr - text_.data());
    return number;
  }

  Result<void> ParseIndexes(Step& step) {
    step.kind = Step::Kind::kIndexes;
    const std::optional<std::int64_t> first = TakeInteger();
    SkipSpaces();
    if (Take(":")) {
      step.kind = Step::Kind::kSlice;
      step.begin = first;
      SkipSpaces();
      step.end = TakeInteger();
      SkipSpaces();
      if (Take(":")) step.stride = TakeInteger();
      if (step.stride && *step.stride < 1) return Bad("a slice's step must be positive");
      return {};
    }
    if (!first && Take("(@.length")) return ParseFromEnd(step);
    if (!first) return Bad("an index, a quoted name, '*' or '?' is missing");
    step.indexes.push_back(*first);
    while (Take(",")) {
      SkipSpaces();
      const std::optional<std::int64_t> index = TakeInteger();
      if (!index) return Bad("an index is missing");
      step.indexes.push_back(*index);
      SkipSpaces();
    }
    return {};
  }

  // The rest of "(@.length-1)", the one script that occurs: an index from the end.
  Result<void> ParseFromEnd(Step& step) {
    SkipSpaces();
    const bool minus = Peek() == '-';
    if (minus) {
      ++at_;
      SkipSpaces();
    }
    const std::optional<std::int64_t> back = minus ? TakeInteger() : std::nullopt;
    if (!back || *back < 1 || !Take(")")) return Bad("only (@.length-N) is known");
    step.indexes.push_back(-*back);
    return {};
  }

  Result<PathFilter> ParseFilter() {
    SkipSpaces();
    if (!Take("(")) return Bad("'(' is missing after '?'");
    TRY(PathFilter filter, ParseOr());
    SkipSpaces();
    if (!Take(")")) return Bad("')' is missing");
    return filter;
  }

  Result<PathFilter> ParseOr() { return ParseChain("||", PathFilter::Kind::kOr); }

  Result<PathFilter> ParseChain(std::string_view separator, PathFilter::Kind kind) {
    const bool outer = kind == PathFilter::Kind::kOr;
    PathFilter chain;
    chain.kind = kind;
    do {
      TRY(PathFilter part, outer ? ParseChain("&&", PathFilter::Kind::kAnd) : ParseTerm());
      chain.parts.push_back(std::move(part));
      SkipSpaces();
    } while (Take(separator));
    if (chain.parts.size() > 1) return chain;
    PathFilter only = std::move(chain.parts[0]);
    return only;
  }

  Result<PathFilter> ParseTerm() {
    SkipSpaces();
    if (++depth_ > kMaxDepth) return Bad("nested too deeply");
    PathFilter filter;
    if (Take("(")) {
      TRY(filter, ParseOr());
      SkipSpaces();
      if (!Take(")")) return Bad("')' is missing");
    } else if (Peek() == '!' && text_.substr(at_, 2) != "!=") {
      ++at_;
      filter.kind = PathFilter::Kind::kNot;
      TRY(PathFilter part, ParseTerm());
      filter.parts.push_back(std::move(part));
    } else {
      TRY(filter, ParseComparison());
    }
    --depth_;
    return filter;
  }

  Result<PathFilter> ParseComparison() {
    using Operator = PathFilter::Operator;
    static constexpr std::pair<std::string_view, Operator> kOperators[] = {
        {"==", Operator::kEqual},       {"!=", Operator::kNotEqual},
        {"<=", Operator::kLessOrEqual}, {">=", Operator::kGreaterOrEqual},
        {"<", Operator::kLess},         {">", Operator::kGreater},
        {"in ", Operator::kIn},         {"nin ", Operator::kNotIn}};
    PathFilter filter;
    TRY(filter.left, ParseOperand());
    SkipSpaces();
    for (const auto& [token, op] : kOperators) {
      if (!Take(token)) continue;
      filter.kind = PathFilter::Kind::kCompare;
      filter.op = op;
      SkipSpaces();
      TRY(filter.right, ParseOperand());
      return filter;
    }
    if (!filter.left.is_path) return Bad("a comparison is missing");
    return filter;
  }

  Result<PathFilter::Operand> ParseOperand() {
    PathFilter::Operand operand;
    SkipSpaces();
    if (Peek() == '@' || Peek() == '$') {
      operand.is_path = true;
      operand.relative = Peek() == '@';
      if (depth_ + 1 > kMaxDepth) return Bad("nested too deeply");
      TRY(operand.path, PathParser(text_, depth_ + 1).ParseFrom(at_, false));
      return operand;
    }
    if (Peek() == '\'' || Peek() == '"') {
      TRY(std::string literal, ParseQuoted());
      operand.literal = json::string(literal);
      return operand;
    }
    const std::size_t start = at_;
    if (Peek() == '[') {
      while (at_ < text_.size() && text_[at_] != ']') ++at_;
      if (at_ < text_.size()) ++at_;
    } else {
      while (at_ < text_.size() &&
             (IsNameByte(text_[at_]) || text_[at_] == '.' || text_[at_] == '+'))
        ++at_;
    }
    std::string literal(text_.substr(start, at_ - start));
    if (literal.starts_with('[')) {
      for (char& c : literal) c = c == '\'' ? '"' : c;
    }
    if (literal.empty()) return Bad("a value is missing");
    // A bare word stands for itself, as Jayway has it.
    auto parsed = ParseJson(literal);
    operand.literal = parsed ? *std::move(parsed) : json::value(json::string(literal));
    return operand;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

Result<Path> Path::Parse(std::string_view text) {
  static constexpr std::size_t kMaxLength = 8 * 1024;
  if (text.size() > kMaxLength) return Error(Code::kInvalid, "a JSONPath of over 8 KiB");
  if (!text.starts_with('$')) {
    return Error(Code::kInvalid,
                 fmt::format("invalid JSONPath '{}': a path starts with '$'", text));
  }
  std::size_t at = 0;
  return PathParser(text, 0).ParseFrom(at, true);
}

}  // namespace scones::asl
