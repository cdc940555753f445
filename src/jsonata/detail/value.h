// The values of one evaluation. Everything that an evaluation makes lies in its arena and is freed
// with it, so values are plain, immutable once made, and copied in 16 bytes; values of the input
// and the host's variables are looked at where they are. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/json.h"
#include "jsonata/detail/ast.h"

namespace scones::jsonata::detail {

// Memory that is taken piece by piece and given back at once. Nothing in it is destroyed.
class Arena {
 public:
  explicit Arena(std::size_t limit) : limit_(limit) {}

  void* Allocate(std::size_t bytes) {
    bytes = (bytes + 7) & ~std::size_t{7};
    if (bytes > left_) Refill(bytes);
    void* memory = next_;
    next_ += bytes;
    left_ -= bytes;
    return memory;
  }
  template <class T, class... Arguments>
  T* Make(Arguments&&... arguments) {
    static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= 8);
    return new (Allocate(sizeof(T))) T{std::forward<Arguments>(arguments)...};
  }
  std::string_view Copy(std::string_view text);
  // Counts memory that is taken elsewhere.
  void Account(std::size_t bytes);

 private:
  void Refill(std::size_t bytes);

  std::size_t limit_;
  std::size_t used_ = 0;
  std::byte* next_ = nullptr;
  std::size_t left_ = 0;
  std::vector<std::unique_ptr<std::byte[]>> blocks_;
};

struct Array;
struct Object;
struct Function;
struct Tuple;

class Value {
 public:
  enum class Kind : std::uint8_t {
    kUndefined,
    kNull,
    kBool,
    kNumber,
    kString,
    kArray,
    kObject,
    kFunction,
    kTuple
  };

  Value() = default;
  static Value Null() { return Value(Kind::kNull); }
  static Value Bool(bool value) {
    Value made(Kind::kBool);
    made.size_ = value ? 1 : 0;
    return made;
  }
  static Value Number(double value) {
    Value made(Kind::kNumber);
    made.number_ = value;
    return made;
  }
  // `text` must live as long as the evaluation.
  static Value String(std::string_view text) {
    Value made(Kind::kString);
    made.pointer_ = text.data();
    made.size_ = static_cast<std::uint32_t>(text.size());
    return made;
  }
  static Value Of(const Array* array) { return Value(Kind::kArray, array); }
  static Value Of(const Object* object) { return Value(Kind::kObject, object); }
  static Value Of(const Function* function) { return Value(Kind::kFunction, function); }
  static Value Of(const Tuple* tuple) { return Value(Kind::kTuple, tuple); }
  // A look at `value`, which must live as long as the evaluation.
  static Value View(const json::value& value);

  Kind kind() const { return kind_; }
  bool is_undefined() const { return kind_ == Kind::kUndefined; }
  bool is_null() const { return kind_ == Kind::kNull; }
  bool is_bool() const { return kind_ == Kind::kBool; }
  bool is_number() const { return kind_ == Kind::kNumber; }
  bool is_string() const { return kind_ == Kind::kString; }
  bool is_array() const { return kind_ == Kind::kArray; }
  bool is_object() const { return kind_ == Kind::kObject; }
  bool is_function() const { return kind_ == Kind::kFunction; }

  bool boolean() const { return size_ != 0; }
  double number() const { return viewed_ ? static_cast<double>(ViewedInteger()) : number_; }
  std::string_view text() const { return {static_cast<const char*>(pointer_), size_}; }
  const Function& function() const { return *static_cast<const Function*>(pointer_); }
  const Tuple& tuple() const { return *static_cast<const Tuple*>(pointer_); }

  // An array or object of the evaluation's own; null where it is one of the input's.
  const Array* own_array() const { return viewed_ ? nullptr : static_cast<const Array*>(pointer_); }
  const Object* own_object() const {
    return viewed_ ? nullptr : static_cast<const Object*>(pointer_);
  }
  // The JSON value that this is a look at: of an array, an object or an integer beyond 2^53.
  const json::value* viewed() const {
    return viewed_ ? static_cast<const json::value*>(pointer_) : nullptr;
  }

 private:
  explicit Value(Kind kind) : kind_(kind) {}
  Value(Kind kind, const void* pointer) : kind_(kind), pointer_(pointer) {}
  std::int64_t ViewedInteger() const;

  Kind kind_ = Kind::kUndefined;
  bool viewed_ = false;
  std::uint32_t size_ = 0;
  union {
    const void* pointer_ = nullptr;
    double number_;
  };
};

// An array, or a sequence: what a path selects, where one item is the same as the item itself and
// none is undefined.
struct Array {
  Value* items = nullptr;
  std::size_t size = 0;
  std::size_t capacity = 0;
  bool sequence = false;
  bool keep_singleton = false;  // a sequence of one stays one
  bool constructed = false;     // by "[…]" as a step of a path: not to be flattened
  bool tuple_stream = false;    // its items are tuples
  bool outer_wrapper = false;   // around an input that is an array

  std::span<const Value> all() const { return {items, size}; }
};

struct Member {
  std::string_view key;
  Value value;
};

// Members in their order of insertion.
struct Object {
  Member* members = nullptr;
  std::size_t size = 0;
  std::size_t capacity = 0;
  std::uint32_t* table = nullptr;  // of member numbers, open addressing; only for many members
  std::size_t table_size = 0;

  std::span<const Member> all() const { return {members, size}; }
};

struct Binding {
  NameId name = kNoName;
  Value value;
  Binding* next = nullptr;
};

// Variables; what is not bound here is looked for in `parent`.
struct Frame {
  Frame* parent = nullptr;
  Binding* bindings = nullptr;
};

// A selected value with the variables bound on the way to it ("@$x", "#$i", "%").
struct Tuple {
  Value value;
  Binding* bindings = nullptr;  // an earlier one hides a later one of the same name
};

// Makes values. Arrays and objects may be added to until they are handed out.
class Maker {
 public:
  explicit Maker(Arena& arena) : arena_(arena) {}
  Arena& arena() { return arena_; }

  Value Text(std::string_view text) { return Value::String(arena_.Copy(text)); }

  Array* NewArray(std::size_t capacity = 0);
  Array* NewSequence(std::size_t capacity = 0);
  void Append(Array& array, Value item) {
    if (array.size == array.capacity) Grow(array, array.size + 1);
    array.items[array.size++] = item;
  }
  void AppendAll(Array& array, std::span<const Value> items);

  Object* NewObject() { return arena_.Make<Object>(); }
  // `key` must live as long as the evaluation.
  void Set(Object& object, std::string_view key, Value value);
  void Remove(Object& object, std::string_view key);

 private:
  void Grow(Array& array, std::size_t size);
  void Index(Object& object);

  Arena& arena_;
};

// The input itself, where it is an array with a sequence around it.
inline Value Unwrapped(const Value& value) {
  const Array* array = value.is_array() ? value.own_array() : nullptr;
  return array != nullptr && array->outer_wrapper ? array->items[0] : value;
}

const Value* Find(const Object& object, std::string_view key);

// JavaScript's typeof, by JSONata's names: "number", "array", "undefined" …
std::string_view TypeName(const Value& value);

}  // namespace scones::jsonata::detail
