// String functions. Positions and lengths are in code points.

#include <locale.h>
#include <wctype.h>

#include <algorithm>
#include <cmath>

#include "jsonata/detail/evaluator.h"
#include "jsonata/detail/failure.h"
#include "jsonata/detail/format_number.h"
#include "jsonata/detail/text.h"

namespace scones::jsonata::detail {
namespace {

Value ToText(Evaluator& evaluator, const Call& call) {
  if (call[0].is_undefined()) return Value();
  if (call[0].is_string()) return call[0];
  const bool pretty = call[1].is_bool() && call[1].boolean();
  return evaluator.make().Text(evaluator.Text(call[0], pretty));
}

// What Array.prototype.slice makes of an index.
std::size_t SliceIndex(double index, std::size_t length) {
  const double end = static_cast<double>(length);
  index = std::trunc(index);
  if (index < 0) index = std::max(0.0, end + index);
  return static_cast<std::size_t>(std::min(index, end));
}

Value Substring(Evaluator&, const Call& call) {
  if (call[0].is_undefined()) return Value();
  const std::string_view text = call[0].text();
  const std::size_t length = CountCodePoints(text);
  double start = call[1].is_number() ? call[1].number() : 0;
  if (static_cast<double>(length) + start < 0) start = 0;
  double end = static_cast<double>(length);
  if (call[2].is_number()) {
    if (call[2].number() <= 0) return Value::String("");
    end = (start >= 0 ? start : end + start) + call[2].number();
  }
  const std::size_t from = SliceIndex(start, length);
  const std::size_t to = SliceIndex(end, length);
  if (from >= to) return Value::String("");
  const std::size_t begin = ByteOffset(text, from);
  return Value::String(text.substr(begin, ByteOffset(text.substr(begin), to - from)));
}

Value SubstringBefore(Evaluator&, const Call& call) {
  if (call[0].is_undefined() || !call[1].is_string()) return call[0];
  const std::string_view text = call[0].text();
  return Value::String(text.substr(0, std::min(text.find(call[1].text()), text.size())));
}

Value SubstringAfter(Evaluator&, const Call& call) {
  if (call[0].is_undefined() || !call[1].is_string()) return call[0];
  const std::string_view text = call[0].text();
  const std::size_t found = text.find(call[1].text());
  if (found == std::string_view::npos) return call[0];
  return Value::String(text.substr(found + call[1].text().size()));
}

// Unicode's simple case mappings, which the C library's UTF-8 locale has.
locale_t UnicodeLocale() {
  static const locale_t kLocale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return kLocale;
}

Value MapCase(Evaluator& evaluator, const Value& value, bool upper) {
  if (value.is_undefined()) return Value();
  const std::string_view text = value.text();
  const locale_t locale = UnicodeLocale();
  std::string out;
  out.reserve(text.size());
  for (std::size_t position = 0; position < text.size();) {
    const char32_t c = NextCodePoint(text, position);
    if (upper && c == U'\u00DF') {
      out += "SS";
    } else if (c < 0x80 || locale == nullptr) {
      const bool changes = upper ? (c >= 'a' && c <= 'z') : (c >= 'A' && c <= 'Z');
      AppendUtf8(changes ? c ^ 0x20 : c, out);
    } else {
      const auto wide = static_cast<wint_t>(c);
      AppendUtf8(static_cast<char32_t>(upper ? towupper_l(wide, locale) : towlower_l(wide, locale)),
                 out);
    }
  }
  evaluator.Charge(text.size() / 64);
  return evaluator.make().Text(out);
}

Value Lowercase(Evaluator& evaluator, const Call& call) {
  return MapCase(evaluator, call[0], false);
}

Value Uppercase(Evaluator& evaluator, const Call& call) {
  return MapCase(evaluator, call[0], true);
}

Value Length(Evaluator&, const Call& call) {
  if (call[0].is_undefined()) return Value();
  return Value::Number(static_cast<double>(CountCodePoints(call[0].text())));
}

// Runs of white space become one space; none at either end.
Value Trim(Evaluator& evaluator, const Call& call) {
  if (call[0].is_undefined()) return Value();
  std::string out;
  bool space = false;
  for (const char c : call[0].text()) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      space = !out.empty();
      continue;
    }
    if (space) out += ' ';
    space = false;
    out += c;
  }
  return evaluator.make().Text(out);
}

// A positive width pads on the right, a negative one on the left.
Value Pad(Evaluator& evaluator, const Call& call) {
  if (call[0].is_undefined()) return Value();
  const std::string_view text = call[0].text();
  const double width = call[1].is_number() ? call[1].number() : 0;
  const std::string_view filler =
      call[2].is_string() && !call[2].text().empty() ? call[2].text() : " ";
  const double missing = std::trunc(std::fabs(width)) - static_cast<double>(CountCodePoints(text));
  if (missing <= 0) return call[0];
  if (missing > static_cast<double>(evaluator.environment().limits.max_bytes))
    throw LimitFailure("The expression needs too much memory");
  const auto count = static_cast<std::size_t>(missing);
  const std::size_t filler_length = CountCodePoints(filler);
  evaluator.CheckSize(count / filler_length * filler.size());
  std::string padding;
  for (std::size_t i = 0; i < count / filler_length; ++i) padding += filler;
  padding += filler.substr(0, ByteOffset(filler, count % filler_length));
  std::string padded = width > 0 ? std::string(text) + padding : padding + std::string(text);
  return evaluator.make().Text(padded);
}

Value Join(Evaluator& evaluator, const Call& call) {
  if (call[0].is_undefined()) return Value();
  const std::string_view separator = call[1].is_string() ? call[1].text() : "";
  std::string joined;
  bool first = true;
  for (const Value& item : evaluator.Items(call[0]).all()) {
    if (!first) joined += separator;
    first = false;
    joined += item.text();
    evaluator.CheckSize(joined.size());
  }
  return evaluator.make().Text(joined);
}

Value TextOrFailure(Evaluator& evaluator, const Result<std::string>& text) {
  if (!text) throw FromError(text.error());
  return evaluator.make().Text(*text);
}

Value NumberPicture(Evaluator& evaluator, const Call& call) {
  if (call[0].is_undefined()) return Value();
  const std::string_view picture = call[1].is_string() ? call[1].text() : "";
  json::value options;
  if (call[2].is_object()) options = evaluator.ToJson(call[2]);
  return TextOrFailure(evaluator, FormatNumber(call[0].number(), picture, options.if_object()));
}

Value IntegerPicture(Evaluator& evaluator, const Call& call) {
  if (call[0].is_undefined()) return Value();
  const std::string_view picture = call[1].is_string() ? call[1].text() : "";
  return TextOrFailure(evaluator, FormatInteger(call[0].number(), picture));
}

Value IntegerFromPicture(Evaluator&, const Call& call) {
  if (call[0].is_undefined()) return Value();
  const std::string_view picture = call[1].is_string() ? call[1].text() : "";
  const Result<std::optional<double>> number = ParseInteger(call[0].text(), picture);
  if (!number) throw FromError(number.error());
  return *number ? Value::Number(**number) : Value();
}

Value Base(Evaluator& evaluator, const Call& call) {
  if (call[0].is_undefined()) return Value();
  const double radix = call[1].is_number() ? std::nearbyint(call[1].number()) : 10;
  return TextOrFailure(
      evaluator, FormatBase(call[0].number(), static_cast<int>(std::clamp(radix, -1e6, 1e6))));
}

constexpr LibraryFunction kFunctions[] = {
    {"string", "<x-b?:s>", 1, ToText},
    {"substring", "<s-nn?:s>", 3, Substring},
    {"substringBefore", "<s-s:s>", 2, SubstringBefore},
    {"substringAfter", "<s-s:s>", 2, SubstringAfter},
    {"lowercase", "<s-:s>", 1, Lowercase},
    {"uppercase", "<s-:s>", 1, Uppercase},
    {"length", "<s-:n>", 1, Length},
    {"trim", "<s-:s>", 1, Trim},
    {"pad", "<s-ns?:s>", 3, Pad},
    {"join", "<a<s>s?:s>", 2, Join},
    {"formatNumber", "<n-so?:s>", 3, NumberPicture},
    {"formatBase", "<n-n?:s>", 2, Base},
    {"formatInteger", "<n-s:s>", 2, IntegerPicture},
    {"parseInteger", "<s-s:n>", 2, IntegerFromPicture},
};

}  // namespace

std::span<const LibraryFunction> StringFunctions() { return kFunctions; }

}  // namespace scones::jsonata::detail
