#include "jsonata/detail/value.h"

#include <algorithm>
#include <functional>

#include "jsonata/detail/failure.h"

namespace scones::jsonata::detail {
namespace {

constexpr std::size_t kFirstBlock = 4096;
constexpr std::size_t kLargestBlock = std::size_t{1} << 20;
// Up to this many members are compared one by one.
constexpr std::size_t kUnindexedMembers = 8;
constexpr std::uint32_t kEmpty = 0xFFFFFFFF;
constexpr std::int64_t kExactIntegers = std::int64_t{1} << 53;

std::size_t TableSlot(const Object& object, std::string_view key) {
  std::size_t slot = std::hash<std::string_view>()(key) & (object.table_size - 1);
  while (object.table[slot] != kEmpty && object.members[object.table[slot]].key != key)
    slot = (slot + 1) & (object.table_size - 1);
  return slot;
}

}  // namespace

void Arena::Refill(std::size_t bytes) {
  const std::size_t size = std::max(bytes, std::min(kLargestBlock, std::max(kFirstBlock, used_)));
  if (bytes > limit_ - used_) throw LimitFailure("The expression needs too much memory");
  // The last block may be smaller than it would be, never larger than the limit allows.
  const std::size_t taken = std::min(size, limit_ - used_);
  blocks_.push_back(std::make_unique_for_overwrite<std::byte[]>(taken));
  next_ = blocks_.back().get();
  left_ = taken;
  used_ += taken;
}

void Arena::Account(std::size_t bytes) {
  if (bytes > limit_ - used_) throw LimitFailure("The expression needs too much memory");
  used_ += bytes;
}

std::string_view Arena::Copy(std::string_view text) {
  if (text.empty()) return {};
  char* copy = static_cast<char*>(Allocate(text.size()));
  std::memcpy(copy, text.data(), text.size());
  return {copy, text.size()};
}

Value Value::View(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return Null();
    case json::kind::bool_:
      return Bool(value.get_bool());
    case json::kind::double_:
      return Number(value.get_double());
    case json::kind::string:
      return String({value.get_string().data(), value.get_string().size()});
    case json::kind::uint64:
      return Number(static_cast<double>(value.get_uint64()));
    case json::kind::int64: {
      const std::int64_t number = value.get_int64();
      if (number >= -kExactIntegers && number <= kExactIntegers)
        return Number(static_cast<double>(number));
      break;
    }
    default:
      break;
  }
  Value view(value.is_array()    ? Kind::kArray
             : value.is_object() ? Kind::kObject
                                 : Kind::kNumber,
             &value);
  view.viewed_ = true;
  return view;
}

std::int64_t Value::ViewedInteger() const { return viewed()->get_int64(); }

Array* Maker::NewArray(std::size_t capacity) {
  Array* array = arena_.Make<Array>();
  if (capacity > 0) Grow(*array, capacity);
  return array;
}

Array* Maker::NewSequence(std::size_t capacity) {
  Array* array = NewArray(capacity);
  array->sequence = true;
  return array;
}

void Maker::Grow(Array& array, std::size_t size) {
  const std::size_t capacity = std::max({size, array.capacity * 2, std::size_t{2}});
  auto* items = static_cast<Value*>(arena_.Allocate(capacity * sizeof(Value)));
  std::uninitialized_copy_n(array.items, array.size, items);
  array.items = items;
  array.capacity = capacity;
}

void Maker::AppendAll(Array& array, std::span<const Value> items) {
  if (array.size + items.size() > array.capacity) Grow(array, array.size + items.size());
  std::uninitialized_copy(items.begin(), items.end(), array.items + array.size);
  array.size += items.size();
}

void Maker::Index(Object& object) {
  object.table_size = object.capacity * 2;
  object.table =
      static_cast<std::uint32_t*>(arena_.Allocate(object.table_size * sizeof(std::uint32_t)));
  std::fill_n(object.table, object.table_size, kEmpty);
  for (std::size_t i = 0; i < object.size; ++i)
    object.table[TableSlot(object, object.members[i].key)] = static_cast<std::uint32_t>(i);
}

void Maker::Set(Object& object, std::string_view key, Value value) {
  if (const Value* found = Find(object, key)) {
    *const_cast<Value*>(found) = value;
    return;
  }
  if (object.size == object.capacity) {
    const std::size_t capacity = std::max<std::size_t>(4, object.capacity * 2);
    auto* members = static_cast<Member*>(arena_.Allocate(capacity * sizeof(Member)));
    std::uninitialized_copy_n(object.members, object.size, members);
    object.members = members;
    object.capacity = capacity;
    if (capacity > kUnindexedMembers) Index(object);
  }
  new (&object.members[object.size]) Member{key, value};
  if (object.table != nullptr)
    object.table[TableSlot(object, key)] = static_cast<std::uint32_t>(object.size);
  ++object.size;
}

void Maker::Remove(Object& object, std::string_view key) {
  const Value* found = Find(object, key);
  if (found == nullptr) return;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < object.size; ++i) {
    if (&object.members[i].value != found) object.members[kept++] = object.members[i];
  }
  object.size = kept;
  if (object.table != nullptr) Index(object);
}

const Value* Find(const Object& object, std::string_view key) {
  if (object.table != nullptr) {
    const std::uint32_t member = object.table[TableSlot(object, key)];
    return member == kEmpty ? nullptr : &object.members[member].value;
  }
  for (const Member& member : object.all()) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

std::string_view TypeName(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kNull:
      return "null";
    case Value::Kind::kBool:
      return "boolean";
    case Value::Kind::kNumber:
      return "number";
    case Value::Kind::kString:
      return "string";
    case Value::Kind::kArray:
      return "array";
    case Value::Kind::kObject:
      return "object";
    case Value::Kind::kFunction:
      return "function";
    default:
      return "undefined";
  }
}

}  // namespace scones::jsonata::detail
