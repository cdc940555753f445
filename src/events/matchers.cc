#include "events/matchers.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

namespace scones::events {
namespace {

constexpr double kMostNumber = 5.0e9;
constexpr std::array<std::string_view, 8> kMatcherNames = {
    "prefix", "suffix",  "anything-but", "numeric", "exists", "equals-ignore-case",
    "cidr",   "wildcard"};

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return lower;
}

// '*' stands for any characters, "\*" and "\\" for themselves. Time is at most the product of the
// lengths, since only the last '*' is ever tried again.
bool MatchesWildcard(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = pattern.npos, resume = 0;
  const auto literal_size = [&](std::size_t at) -> std::size_t {
    return pattern[at] == '\\' && at + 1 < pattern.size() ? 2 : 1;
  };
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p + literal_size(p) - 1] == text[t]) {
      p += literal_size(p);
      ++t;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool HasConsecutiveStars(std::string_view pattern) {
  for (std::size_t i = 0; i + 1 < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
    } else if (pattern[i] == '*' && pattern[i + 1] == '*') {
      return true;
    }
  }
  return false;
}

bool Holds(const TextMatch& match, const json::value& value) {
  const json::string* given = value.if_string();
  if (given == nullptr) return false;
  const std::string lowered = match.ignore_case ? Lower(*given) : std::string();
  const std::string_view text = match.ignore_case ? lowered : std::string_view(*given);
  switch (match.kind) {
    case TextMatch::Kind::kEquals:
      return text == match.text;
    case TextMatch::Kind::kPrefix:
      return text.starts_with(match.text);
    case TextMatch::Kind::kSuffix:
      return text.ends_with(match.text);
    case TextMatch::Kind::kWildcard:
      return MatchesWildcard(match.text, text);
  }
  return false;
}

// Numbers compare as they are written: 300 and 300.0 differ.
bool Holds(const ExactMatch& match, const json::value& value) {
  if (match.value.is_number() && value.is_number()) {
    return match.value.is_double() == value.is_double() &&
           match.value.to_number<double>() == value.to_number<double>();
  }
  return match.value == value;
}

bool Holds(const NumericMatch& match, const json::value& value) {
  using Operator = NumericMatch::Operator;
  if (!value.is_number()) return false;
  const double number = value.to_number<double>();
  return std::all_of(match.bounds.begin(), match.bounds.end(), [number](const auto& bound) {
    switch (bound.first) {
      case Operator::kLess:
        return number < bound.second;
      case Operator::kLessOrEqual:
        return number <= bound.second;
      case Operator::kEqual:
        return number == bound.second;
      case Operator::kGreaterOrEqual:
        return number >= bound.second;
      case Operator::kGreater:
        return number > bound.second;
    }
    return false;
  });
}

bool Holds(const ExistsMatch& match, const json::value& /*value*/) { return match.wanted; }

bool ParseAddress(const std::string& text, CidrMatch& into) {
  into.family = text.find(':') == text.npos ? AF_INET : AF_INET6;
  return ::inet_pton(into.family, text.c_str(), into.address.data()) == 1;
}

bool Holds(const CidrMatch& match, const json::value& value) {
  CidrMatch given;
  if (!value.is_string() || value.get_string().size() > INET6_ADDRSTRLEN) return false;
  if (!ParseAddress(std::string(value.get_string()), given)) return false;
  if (given.family != match.family) return false;
  const unsigned whole = match.bits / 8;
  if (std::memcmp(given.address.data(), match.address.data(), whole) != 0) return false;
  const unsigned rest = match.bits % 8;
  if (rest == 0) return true;
  const unsigned mask = 0xffU << (8 - rest);
  return ((given.address[whole] ^ match.address[whole]) & mask) == 0;
}

bool Holds(const AnythingBut& match, const json::value& value) {
  return std::none_of(match.excluded.begin(), match.excluded.end(), [&](const auto& excluded) {
    return std::visit([&](const auto& one) { return Holds(one, value); }, excluded);
  });
}

Result<TextMatch> MakeText(TextMatch::Kind kind, bool ignore_case, std::string_view field,
                           const json::value& value) {
  const json::string* text = value.if_string();
  if (text == nullptr) {
    return InvalidPattern(fmt::format("the match at \"{}\" must be a string", field));
  }
  if (kind == TextMatch::Kind::kWildcard && HasConsecutiveStars(*text)) {
    return InvalidPattern(
        fmt::format("consecutive wildcard characters at \"{}\" are not allowed", field));
  }
  return TextMatch{kind, ignore_case, ignore_case ? Lower(*text) : std::string(*text)};
}

std::optional<TextMatch::Kind> TextKindOf(std::string_view name) {
  if (name == "prefix") return TextMatch::Kind::kPrefix;
  if (name == "suffix") return TextMatch::Kind::kSuffix;
  if (name == "wildcard") return TextMatch::Kind::kWildcard;
  if (name == "equals-ignore-case") return TextMatch::Kind::kEquals;
  return std::nullopt;
}

// prefix, suffix, wildcard, equals-ignore-case; the first two also as
// {"prefix": {"equals-ignore-case": TEXT}}.
Result<TextMatch> ParseText(std::string_view name, TextMatch::Kind kind, std::string_view field,
                            const json::value& value) {
  const json::object* object = value.if_object();
  const bool affix = kind == TextMatch::Kind::kPrefix || kind == TextMatch::Kind::kSuffix;
  if (affix && object != nullptr && object->size() == 1 && object->contains("equals-ignore-case")) {
    return MakeText(kind, true, field, object->begin()->value());
  }
  return MakeText(kind, name == "equals-ignore-case", field, value);
}

Result<Matcher> ParseNumeric(std::string_view field, const json::value& value) {
  using Operator = NumericMatch::Operator;
  const json::array* items = value.if_array();
  const Error wrong = InvalidPattern(
      fmt::format("numeric at \"{}\" takes an operator and a number, once or as a range", field));
  if (items == nullptr || (items->size() != 2 && items->size() != 4)) return wrong;
  NumericMatch match;
  for (std::size_t i = 0; i < items->size(); i += 2) {
    const json::string* name = (*items)[i].if_string();
    if (name == nullptr || !(*items)[i + 1].is_number()) return wrong;
    const double number = (*items)[i + 1].to_number<double>();
    if (std::abs(number) > kMostNumber) {
      return InvalidPattern(
          fmt::format("the number at \"{}\" is not between -5.0e9 and +5.0e9", field));
    }
    Operator comparison = Operator::kEqual;
    if (*name == "<") {
      comparison = Operator::kLess;
    } else if (*name == "<=") {
      comparison = Operator::kLessOrEqual;
    } else if (*name == ">=") {
      comparison = Operator::kGreaterOrEqual;
    } else if (*name == ">") {
      comparison = Operator::kGreater;
    } else if (*name != "=") {
      return InvalidPattern(
          fmt::format("Unrecognized numeric range operator: {}", std::string_view(*name)));
    }
    match.bounds.emplace_back(comparison, number);
  }
  if (match.bounds.size() == 2) {
    const auto is_lower = [](Operator one) {
      return one == Operator::kGreater || one == Operator::kGreaterOrEqual;
    };
    const auto is_upper = [](Operator one) {
      return one == Operator::kLess || one == Operator::kLessOrEqual;
    };
    if (!is_lower(match.bounds[0].first) || !is_upper(match.bounds[1].first)) return wrong;
    if (match.bounds[0].second >= match.bounds[1].second) {
      return InvalidPattern(fmt::format("Bottom must be less than top at \"{}\"", field));
    }
  }
  return Matcher(std::move(match));
}

Result<Matcher> ParseCidr(std::string_view field, const json::value& value) {
  const Error wrong = InvalidPattern(fmt::format("Malformed CIDR at \"{}\"", field));
  const json::string* text = value.if_string();
  if (text == nullptr || text->size() > INET6_ADDRSTRLEN + 4) return wrong;
  const std::string_view whole(*text);
  const std::size_t slash = whole.find('/');
  CidrMatch match;
  if (slash == whole.npos || !ParseAddress(std::string(whole.substr(0, slash)), match)) {
    return wrong;
  }
  const unsigned most = match.family == AF_INET ? 32 : 128;
  const auto [end, error] =
      std::from_chars(whole.data() + slash + 1, whole.data() + whole.size(), match.bits);
  if (error != std::errc() || end != whole.data() + whole.size() || match.bits > most) return wrong;
  return Matcher(match);
}

Result<Matcher> ParseAnythingBut(std::string_view field, const json::value& value) {
  AnythingBut match;
  const json::object* object = value.if_object();
  if (object != nullptr) {
    const auto kind = object->size() == 1 ? TextKindOf(object->begin()->key()) : std::nullopt;
    if (!kind) {
      return InvalidPattern(fmt::format("Unsupported anything-but pattern at \"{}\"", field));
    }
    const std::string_view name = object->begin()->key();
    const json::value& inner = object->begin()->value();
    const json::array* several = inner.if_array();
    const std::span<const json::value> texts =
        several != nullptr ? std::span(several->data(), several->size()) : std::span(&inner, 1);
    for (const json::value& text : texts) {
      TRY(TextMatch one, ParseText(name, *kind, field, text));
      match.excluded.emplace_back(std::move(one));
    }
  } else {
    const json::array* several = value.if_array();
    const std::span<const json::value> values =
        several != nullptr ? std::span(several->data(), several->size()) : std::span(&value, 1);
    for (const json::value& one : values) {
      if (one.kind() != values.front().kind() && !(one.is_number() && values[0].is_number())) {
        return InvalidPattern(
            fmt::format("the anything-but list at \"{}\" must hold values of one type", field));
      }
      if (!one.is_string() && !one.is_number()) {
        return InvalidPattern(
            fmt::format("anything-but at \"{}\" takes strings or numbers", field));
      }
      match.excluded.emplace_back(ExactMatch{one});
    }
  }
  if (match.excluded.empty()) {
    return InvalidPattern(fmt::format("Empty arrays are not allowed, at \"{}\"", field));
  }
  return Matcher(std::move(match));
}

}  // namespace

Error InvalidPattern(std::string_view reason) {
  return Error(Code::kInvalid, "InvalidEventPatternException",
               fmt::format("Event pattern is not valid. Reason: {}", reason));
}

bool IsMatcherName(std::string_view name) {
  return std::find(kMatcherNames.begin(), kMatcherNames.end(), name) != kMatcherNames.end();
}

Result<Matcher> ParseMatcher(std::string_view field, const json::value& item) {
  if (item.is_array()) {
    return InvalidPattern(fmt::format("the array at \"{}\" must not hold arrays", field));
  }
  const json::object* object = item.if_object();
  if (object == nullptr) return Matcher(ExactMatch{item});
  if (object->size() != 1) {
    return InvalidPattern(fmt::format("a match object at \"{}\" needs exactly one key", field));
  }
  const std::string_view name = object->begin()->key();
  const json::value& value = object->begin()->value();
  if (const auto kind = TextKindOf(name)) {
    TRY(TextMatch match, ParseText(name, *kind, field, value));
    return Matcher(std::move(match));
  }
  if (name == "exists") {
    if (!value.is_bool()) {
      return InvalidPattern(
          fmt::format("exists match pattern must be either true or false, at \"{}\"", field));
    }
    return Matcher(ExistsMatch{value.get_bool()});
  }
  if (name == "numeric") return ParseNumeric(field, value);
  if (name == "cidr") return ParseCidr(field, value);
  if (name == "anything-but") return ParseAnythingBut(field, value);
  return InvalidPattern(fmt::format("Unrecognized match type {}", name));
}

std::optional<bool> WantsExistence(const Matcher& matcher) {
  const ExistsMatch* exists = std::get_if<ExistsMatch>(&matcher);
  return exists == nullptr ? std::nullopt : std::optional(exists->wanted);
}

bool MatchesValue(const Matcher& matcher, const json::value& value) {
  return std::visit([&](const auto& one) { return Holds(one, value); }, matcher);
}

}  // namespace scones::events
