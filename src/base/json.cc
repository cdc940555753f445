#include "base/json.h"

#include <fmt/format.h>

#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cmath>
#include <cstring>
#include <set>

namespace scones {
namespace {

// Builds a value from the parser's events. Differs from Boost's own handler in two ways: a double
// is converted from its text (Boost 1.81 can be off in the last bit), and duplicate keys can be
// refused.
class Builder {
 public:
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  explicit Builder(bool refuse_duplicate_keys) : refuse_duplicate_keys_(refuse_duplicate_keys) {}

  json::value TakeRoot() { return stack_.release(); }
  const std::string& duplicate_key() const { return duplicate_key_; }

  bool on_document_begin(boost::system::error_code&) {
    stack_.reset();
    return true;
  }
  bool on_document_end(boost::system::error_code&) { return true; }
  bool on_object_begin(boost::system::error_code&) {
    if (refuse_duplicate_keys_) keys_.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t members, boost::system::error_code&) {
    if (refuse_duplicate_keys_) keys_.pop_back();
    stack_.push_object(members);
    return true;
  }
  bool on_array_begin(boost::system::error_code&) { return true; }
  bool on_array_end(std::size_t elements, boost::system::error_code&) {
    stack_.push_array(elements);
    return true;
  }
  bool on_key_part(boost::json::string_view part, std::size_t, boost::system::error_code&) {
    if (refuse_duplicate_keys_) text_.append(part.data(), part.size());
    stack_.push_chars(part);
    return true;
  }
  bool on_key(boost::json::string_view part, std::size_t, boost::system::error_code& error) {
    if (refuse_duplicate_keys_) {
      text_.append(part.data(), part.size());
      const auto [place, fresh] = keys_.back().insert(std::exchange(text_, {}));
      if (!fresh) {
        duplicate_key_ = *place;
        error = boost::json::error::extra_data;
        return false;
      }
    }
    stack_.push_key(part);
    return true;
  }
  bool on_string_part(boost::json::string_view part, std::size_t, boost::system::error_code&) {
    stack_.push_chars(part);
    return true;
  }
  bool on_string(boost::json::string_view part, std::size_t, boost::system::error_code&) {
    stack_.push_string(part);
    return true;
  }
  bool on_number_part(boost::json::string_view part, boost::system::error_code&) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_int64(std::int64_t value, boost::json::string_view, boost::system::error_code&) {
    stack_.push_int64(value);
    text_.clear();
    return true;
  }
  bool on_uint64(std::uint64_t value, boost::json::string_view, boost::system::error_code&) {
    stack_.push_uint64(value);
    text_.clear();
    return true;
  }
  bool on_double(double value, boost::json::string_view part, boost::system::error_code&) {
    text_.append(part.data(), part.size());
    double exact = value;
    const auto parsed = std::from_chars(text_.data(), text_.data() + text_.size(), exact);
    stack_.push_double(parsed.ec == std::errc() ? exact : value);
    text_.clear();
    return true;
  }
  bool on_bool(bool value, boost::system::error_code&) {
    stack_.push_bool(value);
    return true;
  }
  bool on_null(boost::system::error_code&) {
    stack_.push_null();
    return true;
  }
  bool on_comment_part(boost::json::string_view, boost::system::error_code&) { return true; }
  bool on_comment(boost::json::string_view, boost::system::error_code&) { return true; }

 private:
  bool refuse_duplicate_keys_;
  json::value_stack stack_;
  std::string text_;                         // of a number, or of a key that must not come twice
  std::vector<std::set<std::string>> keys_;  // of the objects that are open
  std::string duplicate_key_;
};

struct Place {
  std::size_t line = 1;
  std::size_t column = 1;
};

Place PlaceOf(std::string_view text, std::size_t offset) {
  Place place;
  for (char c : text.substr(0, offset)) {
    ++place.column;
    if (c == '\n') place = {place.line + 1, 1};
  }
  return place;
}

void Append(const json::value& value, std::string& out, int indent);

void AppendNewline(std::string& out, int indent) {
  if (indent >= 0) out.append(1, '\n').append(static_cast<std::size_t>(indent) * 2, ' ');
}

void AppendObject(const json::object& object, std::string& out, int indent) {
  const int inner = indent < 0 ? indent : indent + 1;
  out.push_back('{');
  bool first = true;
  for (const auto& member : object) {
    if (!first) out.push_back(',');
    first = false;
    AppendNewline(out, inner);
    AppendJsonString(member.key(), out);
    out.append(indent < 0 ? ":" : ": ");
    Append(member.value(), out, inner);
  }
  if (!first) AppendNewline(out, indent);
  out.push_back('}');
}

void AppendArray(const json::array& array, std::string& out, int indent) {
  const int inner = indent < 0 ? indent : indent + 1;
  out.push_back('[');
  bool first = true;
  for (const auto& element : array) {
    if (!first) out.push_back(',');
    first = false;
    AppendNewline(out, inner);
    Append(element, out, inner);
  }
  if (!first) AppendNewline(out, indent);
  out.push_back(']');
}

void Append(const json::value& value, std::string& out, int indent) {
  switch (value.kind()) {
    case json::kind::null:
      out.append("null");
      return;
    case json::kind::bool_:
      out.append(value.get_bool() ? "true" : "false");
      return;
    case json::kind::int64:
      out.append(fmt::format_int(value.get_int64()).c_str());
      return;
    case json::kind::uint64:
      out.append(fmt::format_int(value.get_uint64()).c_str());
      return;
    case json::kind::double_:
      AppendJsonDouble(value.get_double(), out);
      return;
    case json::kind::string:
      AppendJsonString(value.get_string(), out);
      return;
    case json::kind::array:
      AppendArray(value.get_array(), out, indent);
      return;
    case json::kind::object:
      AppendObject(value.get_object(), out, indent);
      return;
  }
}

}  // namespace

namespace {

// Whether none of eight bytes needs an escape: the classic test for a small byte within a word.
bool IsPlain(const char* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  constexpr std::uint64_t kOnes = ~std::uint64_t{0} / 255;
  constexpr std::uint64_t kHighBits = kOnes * 0x80;
  const std::uint64_t quotes = word ^ (kOnes * '"');
  const std::uint64_t backslashes = word ^ (kOnes * '\\');
  const std::uint64_t found = ((word - kOnes * 0x20) & ~word) | ((quotes - kOnes) & ~quotes) |
                              ((backslashes - kOnes) & ~backslashes);
  return (found & kHighBits) == 0;
}

}  // namespace

Result<json::value> ParseJson(std::string_view text, const JsonParseOptions& options) {
  json::parse_options boost_options;
  boost_options.max_depth = options.max_depth;
  boost::json::basic_parser<Builder> parser(boost_options, options.refuse_duplicate_keys);
  boost::system::error_code error;
  const std::size_t parsed = parser.write_some(false, text.data(), text.size(), error);
  if (!error && parsed == text.size()) return parser.handler().TakeRoot();
  const Place place = PlaceOf(text, parsed);
  std::string what = error ? error.message() : "text after the end of the value";
  if (!parser.handler().duplicate_key().empty()) {
    what = fmt::format("duplicate key '{}'", parser.handler().duplicate_key());
  }
  return Error(Code::kInvalid, fmt::format("invalid JSON at line {}, column {}: {}", place.line,
                                           place.column, what));
}

void AppendJsonString(std::string_view text, std::string& out) {
  out.push_back('"');
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    while (i + sizeof(std::uint64_t) <= text.size() && IsPlain(text.data() + i)) {
      i += sizeof(std::uint64_t);
    }
    if (i == text.size()) break;
    const unsigned char c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text.substr(plain, i - plain));
    plain = i + 1;
    switch (c) {
      case '"':
        out.append("\\\"");
        break;
      case '\\':
        out.append("\\\\");
        break;
      case '\b':
        out.append("\\b");
        break;
      case '\f':
        out.append("\\f");
        break;
      case '\n':
        out.append("\\n");
        break;
      case '\r':
        out.append("\\r");
        break;
      case '\t':
        out.append("\\t");
        break;
      default:
        fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
    }
  }
  out.append(text.substr(plain));
  out.push_back('"');
}

void AppendJsonDouble(double value, std::string& out) {
  if (!std::isfinite(value)) {
    out.append("null");
    return;
  }
  // Plain digits in the range where Java and JavaScript print them, an exponent outside.
  const double magnitude = std::fabs(value);
  const bool plain = magnitude == 0 || (magnitude >= 1e-7 && magnitude < 1e21);
  std::array<char, 64> buffer;
  const auto printed =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                    plain ? std::chars_format::fixed : std::chars_format::scientific);
  const std::string_view digits(buffer.data(),
                                static_cast<std::size_t>(printed.ptr - buffer.data()));
  out.append(digits);
  if (plain && digits.find('.') == std::string_view::npos) out.append(".0");
}

std::string ToJson(const json::value& value) {
  std::string out;
  Append(value, out, -1);
  return out;
}

std::string ToPrettyJson(const json::value& value) {
  std::string out;
  Append(value, out, 0);
  return out;
}

std::string ToJsonString(std::string_view text) {
  std::string out;
  AppendJsonString(text, out);
  return out;
}

const json::value* FindMember(const json::object& object, std::string_view name) {
  return object.if_contains(name);
}

const json::string* FindString(const json::object& object, std::string_view name) {
  const json::value* member = object.if_contains(name);
  return member == nullptr ? nullptr : member->if_string();
}

const json::object* FindObject(const json::object& object, std::string_view name) {
  const json::value* member = object.if_contains(name);
  return member == nullptr ? nullptr : member->if_object();
}

const json::array* FindArray(const json::object& object, std::string_view name) {
  const json::value* member = object.if_contains(name);
  return member == nullptr ? nullptr : member->if_array();
}

std::optional<std::int64_t> FindInteger(const json::object& object, std::string_view name) {
  const json::value* member = object.if_contains(name);
  if (member == nullptr || !member->is_number()) return std::nullopt;
  boost::system::error_code error;
  const auto number = member->to_number<std::int64_t>(error);
  if (error) return std::nullopt;
  return number;
}

std::optional<bool> FindBool(const json::object& object, std::string_view name) {
  const json::value* member = object.if_contains(name);
  if (member == nullptr || !member->is_bool()) return std::nullopt;
  return member->get_bool();
}

std::string StringOr(const json::object& object, std::string_view name, std::string_view fallback) {
  const json::string* text = FindString(object, name);
  return std::string(text == nullptr ? fallback : std::string_view(*text));
}

}  // namespace scones
