// What evaluation asks of values: members, items, truth, equality, and their forms as text and
// JSON.

#include <cmath>

#include "jsonata/detail/evaluator.h"
#include "jsonata/detail/failure.h"
#include "jsonata/detail/text.h"

namespace scones::jsonata::detail {
namespace {

// Up to here integral numbers are written as integers.
constexpr double kInt64Bound = 9223372036854775808.0;

void CheckDepth(int depth) {
  if (depth > kMaxValueDepth) throw LimitFailure("A value is nested too deeply");
}

json::string JsonText(std::string_view text) {
  // A lone surrogate starts with the byte ED.
  if (text.find('\xED') == std::string_view::npos) return json::string(text);
  return json::string(ValidUtf8(text));
}

std::size_t BytesOf(const json::value& value) {
  std::size_t bytes = sizeof(json::value);
  if (value.is_string()) bytes += value.get_string().size();
  if (value.is_array()) {
    for (const json::value& item : value.get_array()) bytes += BytesOf(item);
  }
  if (value.is_object()) {
    for (const auto& [key, member] : value.get_object()) bytes += key.size() + BytesOf(member);
  }
  return bytes;
}

// Writes JSON as JavaScript's JSON.stringify does.
class Writer {
 public:
  Writer(Evaluator& evaluator, bool pretty) : evaluator_(evaluator), pretty_(pretty) {}

  std::string Take() { return std::move(out_); }

  void Write(const Value& value, int depth) {
    CheckDepth(depth);
    evaluator_.Charge(1);
    evaluator_.CheckSize(out_.size());
    switch (value.kind()) {
      case Value::Kind::kNull:
      case Value::Kind::kUndefined:
        out_ += "null";
        break;
      case Value::Kind::kBool:
        out_ += value.boolean() ? "true" : "false";
        break;
      case Value::Kind::kNumber:
        out_ += evaluator_.IsNumeric(value) ? RoundedNumberText(value.number()) : "null";
        break;
      case Value::Kind::kString:
        AppendJsonString(value.text(), out_);
        break;
      case Value::Kind::kArray:
        WriteArray(value, depth);
        break;
      case Value::Kind::kObject:
        WriteObject(value, depth);
        break;
      case Value::Kind::kFunction:
        out_ += "\"\"";
        break;
      case Value::Kind::kTuple:
        Write(value.tuple().value, depth + 1);
        break;
    }
  }

 private:
  void Line(int depth) {
    if (pretty_) out_.append("\n").append(static_cast<std::size_t>(depth) * 2, ' ');
  }

  void WriteArray(const Value& value, int depth) {
    const Array& array = evaluator_.Items(value);
    out_ += '[';
    for (std::size_t i = 0; i < array.size; ++i) {
      if (i > 0) out_ += ',';
      Line(depth + 1);
      Write(array.items[i], depth + 1);
    }
    if (array.size > 0) Line(depth);
    out_ += ']';
  }

  void WriteObject(const Value& value, int depth) {
    out_ += '{';
    bool first = true;
    evaluator_.EachMember(value, [&](std::string_view key, const Value& member) {
      if (!first) out_ += ',';
      first = false;
      Line(depth + 1);
      AppendJsonString(key, out_);
      out_ += pretty_ ? ": " : ":";
      Write(member, depth + 1);
    });
    if (!first) Line(depth);
    out_ += '}';
  }

  Evaluator& evaluator_;
  bool pretty_;
  std::string out_;
};

}  // namespace

void Evaluator::CheckSize(std::size_t bytes) const {
  if (bytes > std::min(environment_.limits.max_bytes, kMaxBytes))
    throw LimitFailure("The expression needs too much memory");
}

Value Evaluator::Keep(const json::value& value) {
  arena_.Account(BytesOf(value));
  host_results_.push_back(value);
  return Value::View(host_results_.back());
}

const Array& Evaluator::Items(const Value& array) {
  if (const Array* own = array.own_array()) return *own;
  const json::value* viewed = array.viewed();
  const auto found = viewed_arrays_.find(viewed);
  if (found != viewed_arrays_.end()) return *found->second;
  const json::array& items = viewed->get_array();
  Array* made = make_.NewArray(items.size());
  for (const json::value& item : items) make_.Append(*made, Value::View(item));
  viewed_arrays_.emplace(viewed, made);
  return *made;
}

std::span<const Value> Evaluator::AsItems(const Value& value, Value& storage) {
  if (value.is_undefined()) return {};
  if (value.is_array()) return Items(value).all();
  storage = value;
  return {&storage, 1};
}

Value Evaluator::Member(const Value& value, std::string_view key) {
  if (!value.is_object()) return Value();
  if (const json::value* viewed = value.viewed()) {
    const json::value* member = viewed->get_object().if_contains(key);
    return member != nullptr ? Value::View(*member) : Value();
  }
  const Value* member = Find(*value.own_object(), key);
  return member != nullptr ? *member : Value();
}

Value Evaluator::Lookup(const Value& value, std::string_view key, int depth) {
  if (!value.is_array()) return Member(value, key);
  CheckDepth(depth);
  Array* found = make_.NewSequence();
  const Array& items = Items(value);
  Charge(items.size);
  for (const Value& item : items.all()) {
    Value storage;
    make_.AppendAll(*found, AsItems(Lookup(item, key, depth + 1), storage));
  }
  return Value::Of(found);
}

Value Evaluator::Concatenate(const Value& left, const Value& right) {
  if (left.is_undefined()) return right;
  if (right.is_undefined()) return left;
  Value storage;
  const std::span<const Value> front = AsItems(left, storage);
  Array* joined = make_.NewArray(front.size() + 1);
  make_.AppendAll(*joined, front);
  Value other;
  make_.AppendAll(*joined, AsItems(right, other));
  Charge(joined->size / 16);
  return Value::Of(joined);
}

std::optional<bool> Evaluator::Boolean(const Value& value, int depth) {
  switch (value.kind()) {
    case Value::Kind::kUndefined:
      return std::nullopt;
    case Value::Kind::kBool:
      return value.boolean();
    case Value::Kind::kNumber:
      return IsNumeric(value) && value.number() != 0;
    case Value::Kind::kString:
      return !value.text().empty();
    case Value::Kind::kObject:
      return value.viewed() != nullptr ? !value.viewed()->get_object().empty()
                                       : value.own_object()->size > 0;
    case Value::Kind::kArray: {
      CheckDepth(depth);
      const Array& items = Items(value);
      if (items.size == 1) return Boolean(items.items[0], depth + 1);
      return std::ranges::any_of(
          items.all(), [&](const Value& item) { return Boolean(item, depth + 1).value_or(false); });
    }
    default:
      return false;
  }
}

bool Evaluator::Equal(const Value& left, const Value& right, int depth) {
  CheckDepth(depth);
  if (left.kind() != right.kind()) return false;
  switch (left.kind()) {
    case Value::Kind::kBool:
      return left.boolean() == right.boolean();
    case Value::Kind::kNumber:
      return left.number() == right.number();
    case Value::Kind::kString:
      return left.text() == right.text();
    case Value::Kind::kFunction:
      return &left.function() == &right.function();
    case Value::Kind::kArray: {
      const Array& a = Items(left);
      const Array& b = Items(right);
      if (a.size != b.size) return false;
      Charge(a.size);
      for (std::size_t i = 0; i < a.size; ++i) {
        if (!Equal(a.items[i], b.items[i], depth + 1)) return false;
      }
      return true;
    }
    case Value::Kind::kObject: {
      std::size_t count = 0;
      std::size_t other_count = 0;
      bool equal = true;
      EachMember(right, [&](std::string_view, const Value&) { ++other_count; });
      EachMember(left, [&](std::string_view key, const Value& value) {
        ++count;
        const Value other = equal ? Member(right, key) : Value();
        equal = equal && !other.is_undefined() && Equal(value, other, depth + 1);
      });
      Charge(count);
      return equal && count == other_count;
    }
    default:
      return true;
  }
}

std::string Evaluator::Text(const Value& value, bool pretty) {
  if (value.is_string()) return std::string(value.text());
  if (value.is_function()) return "";
  if (value.is_number() && !std::isfinite(value.number())) {
    Failure failure = MakeFailure("D3001");
    failure.value = "null";
    throw failure;
  }
  Writer writer(*this, pretty);
  writer.Write(value, 0);
  std::string text = writer.Take();
  Charge(text.size() / 64);
  return text;
}

std::string Evaluator::Shown(const Value& value) {
  if (value.is_undefined()) return "undefined";
  if (value.is_number() && !std::isfinite(value.number())) return "null";
  if (value.is_string()) return ToJsonString(value.text());
  return value.is_function() ? "\"\"" : Text(value);
}

json::value Evaluator::ToJson(const Value& value, int depth) {
  CheckDepth(depth);
  if (const json::value* viewed = value.viewed()) {
    arena_.Account(BytesOf(*viewed));
    return *viewed;
  }
  arena_.Account(sizeof(json::value) + (value.is_string() ? value.text().size() : 0));
  switch (value.kind()) {
    case Value::Kind::kBool:
      return value.boolean();
    case Value::Kind::kNumber: {
      const double number = value.number();
      if (number == std::floor(number) && number >= -kInt64Bound && number < kInt64Bound)
        return static_cast<std::int64_t>(number);
      return number;
    }
    case Value::Kind::kString:
      return JsonText(value.text());
    case Value::Kind::kFunction:
      return json::string();
    case Value::Kind::kTuple:
      return ToJson(value.tuple().value, depth + 1);
    case Value::Kind::kArray: {
      json::array array;
      array.reserve(value.own_array()->size);
      for (const Value& item : value.own_array()->all()) array.push_back(ToJson(item, depth + 1));
      return array;
    }
    case Value::Kind::kObject: {
      json::object object;
      object.reserve(value.own_object()->size);
      for (const auto& member : value.own_object()->all())
        object.emplace(member.key, ToJson(member.value, depth + 1));
      return object;
    }
    default:
      return nullptr;
  }
}

Value Evaluator::Clone(const Value& value, int depth) {
  CheckDepth(depth);
  Charge(1);
  if (value.is_array()) {
    const Array& from = Items(value);
    Array* copy = make_.NewArray(from.size);
    for (const Value& item : from.all()) make_.Append(*copy, Clone(item, depth + 1));
    return Value::Of(copy);
  }
  if (value.is_object()) {
    Object* copy = make_.NewObject();
    EachMember(value, [&](std::string_view key, const Value& member) {
      make_.Set(*copy, key, Clone(member, depth + 1));
    });
    return Value::Of(copy);
  }
  return value.is_undefined() ? Value::Null() : value;
}

}  // namespace scones::jsonata::detail
