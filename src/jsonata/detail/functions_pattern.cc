// Functions that look for a text, a regular expression, or what a function of the user finds.

#include <algorithm>
#include <cmath>

#include "jsonata/detail/evaluator.h"
#include "jsonata/detail/failure.h"
#include "jsonata/detail/text.h"

namespace scones::jsonata::detail {
namespace {

struct Found {
  std::size_t start = 0;  // in UTF-16 code units, as `end`
  std::size_t end = 0;
  Value object;  // {match, start, end, groups, next}
};

// The matches of a function in a text, one after the other. A matcher returns the object of the
// first match, whose "next" is a function that returns the next one.
class Matches {
 public:
  Matches(Evaluator& evaluator, const Value& matcher, const Value& subject)
      : evaluator_(evaluator),
        matcher_(matcher),
        subject_(subject),
        text_(ToUtf16(subject.text())) {}

  std::u16string_view text() const { return text_; }

  std::optional<Found> Next() {
    const bool first = next_.is_undefined();
    if (!first && !next_.is_function()) return std::nullopt;
    const Function& function = first ? matcher_.function() : next_.function();
    const std::span<const Value> arguments(&subject_, first ? 1 : 0);
    return Take(evaluator_.Apply(function, arguments, Value::Null()));
  }

 private:
  std::optional<Found> Take(const Value& result) {
    if (result.is_undefined()) return std::nullopt;
    const Value start = evaluator_.Member(result, "start");
    const Value end = evaluator_.Member(result, "end");
    const Value groups = evaluator_.Member(result, "groups");
    next_ = evaluator_.Member(result, "next");
    if (!start.is_number() && !groups.is_array() && !next_.is_function())
      throw MakeFailure("T1010");
    if (next_.is_undefined()) next_ = Value::Null();
    Found found;
    found.object = result;
    found.start = Position(start, 0);
    found.end = Position(end, found.start);
    return found;
  }

  std::size_t Position(const Value& value, std::size_t least) const {
    if (!value.is_number() || !(value.number() > static_cast<double>(least))) return least;
    return static_cast<std::size_t>(
        std::min(value.number(), static_cast<double>(std::max(text_.size(), least))));
  }

  Evaluator& evaluator_;
  Value matcher_;
  Value subject_;
  std::u16string text_;
  Value next_;
};

std::u16string_view Slice(std::u16string_view text, std::size_t from, std::size_t to) {
  from = std::min(from, text.size());
  return text.substr(from, std::max(to, from) - from);
}

// Whether one more is allowed. A missing limit allows any number.
bool Within(const Value& limit, double count) {
  return !limit.is_number() || count < limit.number();
}

void CheckLimit(const Value& limit, std::string_view code) {
  if (limit.is_number() && limit.number() < 0) throw ValueFailure(code, NumberText(limit.number()));
}

// A regular expression's match takes part as it is; a matcher of the user's must be one.
void CheckMatcher(const Value& pattern) {
  if (!pattern.is_function()) throw MakeFailure("T1006");
}

Value Contains(Evaluator& evaluator, const Call& call) {
  if (call[0].is_undefined()) return Value();
  if (call[1].is_string())
    return Value::Bool(call[0].text().find(call[1].text()) != std::string_view::npos);
  CheckMatcher(call[1]);
  return Value::Bool(Matches(evaluator, call[1], call[0]).Next().has_value());
}

Value Match(Evaluator& evaluator, const Call& call) {
  if (call[0].is_undefined()) return Value();
  CheckLimit(call[2], "D3040");
  CheckMatcher(call[1]);
  Maker& make = evaluator.make();
  Array* result = make.NewSequence();
  Matches matches(evaluator, call[1], call[0]);
  double count = 0;
  if (!Within(call[2], count)) return Value::Of(result);
  for (std::optional<Found> found = matches.Next(); found && Within(call[2], count);
       found = matches.Next(), ++count) {
    Object* object = make.NewObject();
    make.Set(*object, "match", evaluator.Member(found->object, "match"));
    make.Set(*object, "index", Value::Number(static_cast<double>(found->start)));
    make.Set(*object, "groups", evaluator.Member(found->object, "groups"));
    make.Append(*result, Value::Of(object));
  }
  return Value::Of(result);
}

// The group that "$" and the digits at `position` name, which moves behind them; "$12" is group 12
// only where there are as many, else group 1 and a "2".
std::optional<std::size_t> GroupNumber(std::string_view text, std::size_t groups,
                                       std::size_t& position) {
  const std::size_t most_digits = groups == 0 ? 1 : std::to_string(groups).size();
  std::size_t digits = 0;
  std::size_t number = 0;
  while (digits < most_digits && position + digits < text.size() &&
         text[position + digits] >= '0' && text[position + digits] <= '9')
    number = number * 10 + static_cast<std::size_t>(text[position + digits++] - '0');
  if (digits == 0) return std::nullopt;
  if (digits > 1 && number > groups) {
    number /= 10;
    --digits;
  }
  position += digits;
  return number;
}

// `replacement` with "$0", "$1" … filled in.
std::string Substitute(Evaluator& evaluator, std::string_view replacement, const Value& match) {
  std::string out;
  Value storage;
  const Value groups_value = evaluator.Member(match, "groups");
  const std::span<const Value> groups = evaluator.AsItems(groups_value, storage);
  std::size_t position = 0;
  while (position < replacement.size()) {
    const std::size_t dollar = std::min(replacement.find('$', position), replacement.size());
    evaluator.CheckSize(out.size());
    out += replacement.substr(position, dollar - position);
    position = dollar + 1;
    if (dollar == replacement.size()) break;
    const char next = position < replacement.size() ? replacement[position] : '\0';
    if (next == '$') {
      out += '$';
      ++position;
    } else if (next == '0') {
      const Value whole = evaluator.Member(match, "match");
      if (whole.is_string()) out += whole.text();
      ++position;
    } else if (const std::optional<std::size_t> group =
                   GroupNumber(replacement, groups.size(), position)) {
      if (*group >= 1 && *group <= groups.size() && groups[*group - 1].is_string())
        out += groups[*group - 1].text();
    } else {
      out += '$';
    }
  }
  return out;
}

Value ReplaceText(Evaluator& evaluator, const Call& call) {
  const std::string_view text = call[0].text();
  const std::string_view pattern = call[1].text();
  const std::string replacement = call[2].is_undefined() ? "" : evaluator.Text(call[2]);
  std::string out;
  std::size_t position = 0;
  double count = 0;
  for (std::size_t found = text.find(pattern);
       found != std::string_view::npos && Within(call[3], count);
       found = text.find(pattern, position), ++count) {
    out += text.substr(position, found - position);
    out += replacement;
    position = found + pattern.size();
    evaluator.CheckSize(out.size());
  }
  out += text.substr(position);
  evaluator.Charge(static_cast<std::uint64_t>(count) + out.size() / 64);
  return evaluator.make().Text(out);
}

Value Replace(Evaluator& evaluator, const Call& call) {
  if (call[0].is_undefined()) return Value();
  if (call[1].is_string() && call[1].text().empty()) throw ValueFailure("D3010", "\"\"");
  CheckLimit(call[3], "D3011");
  if (!Within(call[3], 0)) return call[0];
  if (call[1].is_string()) return ReplaceText(evaluator, call);
  CheckMatcher(call[1]);
  Matches matches(evaluator, call[1], call[0]);
  std::string out;
  std::size_t position = 0;
  double count = 0;
  for (std::optional<Found> found = matches.Next(); found && Within(call[3], count);
       found = matches.Next(), ++count) {
    out += FromUtf16(Slice(matches.text(), position, found->start));
    if (call[2].is_function()) {
      const Value made = evaluator.Apply(call[2].function(), {&found->object, 1}, Value::Null());
      if (!made.is_string()) throw ValueFailure("D3012", evaluator.Shown(made));
      out += made.text();
    } else if (call[2].is_string()) {
      out += Substitute(evaluator, call[2].text(), found->object);
    }
    const Value match = evaluator.Member(found->object, "match");
    position = match.is_string() ? found->start + ToUtf16(match.text()).size() : found->end;
    evaluator.CheckSize(out.size());
  }
  out += FromUtf16(Slice(matches.text(), position, matches.text().size()));
  return evaluator.make().Text(out);
}

void SplitByText(Evaluator& evaluator, const Call& call, Array& parts) {
  Maker& make = evaluator.make();
  const std::string_view text = call[0].text();
  const std::string_view separator = call[1].text();
  std::size_t position = 0;
  double count = 0;
  const Value limit = call[2].is_number() ? Value::Number(std::trunc(call[2].number())) : Value();
  while (Within(limit, count)) {
    std::size_t end = text.find(separator, position);
    if (separator.empty()) {
      if (position >= text.size()) return;
      end = position + ByteOffset(text.substr(position), 1);
    }
    evaluator.Charge(1);
    make.Append(parts, Value::String(text.substr(position, std::min(end, text.size()) - position)));
    if (end == std::string_view::npos) return;
    position = end + separator.size();
    ++count;
  }
}

Value Split(Evaluator& evaluator, const Call& call) {
  if (call[0].is_undefined()) return Value();
  CheckLimit(call[2], "D3020");
  Maker& make = evaluator.make();
  Array* parts = make.NewArray();
  if (!Within(call[2], 0)) return Value::Of(parts);
  if (call[1].is_string()) {
    SplitByText(evaluator, call, *parts);
    return Value::Of(parts);
  }
  CheckMatcher(call[1]);
  Matches matches(evaluator, call[1], call[0]);
  std::size_t position = 0;
  double count = 0;
  for (std::optional<Found> found = matches.Next(); found && Within(call[2], count);
       found = matches.Next(), ++count) {
    make.Append(*parts, make.Text(FromUtf16(Slice(matches.text(), position, found->start))));
    position = found->end;
  }
  if (Within(call[2], count))
    make.Append(*parts,
                make.Text(FromUtf16(Slice(matches.text(), position, matches.text().size()))));
  return Value::Of(parts);
}

constexpr LibraryFunction kFunctions[] = {
    {"match", "<s-f<s:o>n?:a<o>>", 3, Match},
    {"contains", "<s-(sf):b>", 2, Contains},
    {"replace", "<s-(sf)(sf)n?:s>", 4, Replace},
    {"split", "<s-(sf)n?:a<s>>", 3, Split},
};

}  // namespace

std::span<const LibraryFunction> PatternFunctions() { return kFunctions; }

}  // namespace scones::jsonata::detail
