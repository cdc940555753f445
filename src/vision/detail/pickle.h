// Reads Python pickles as data. Nothing that a pickle names is imported or called: the only names
// taken are those that numpy arrays and bytes need, and they build values of ours. Everything else
// (opcode or global) is refused by its name. Reads protocols 0 to 4. Pure; one thread a Pickle.
// Source: CPython's pickletools documentation; numpy's ndarray.__reduce__ and dtype.__reduce__.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "vision/detail/byte_source.h"

namespace scones::vision::detail {

struct PickleLimits {
  std::uint64_t max_bytes = 512u << 20;
  std::uint32_t max_objects = 1'500'000;  // strings, lists, tuples, dictionaries, arrays
  std::uint32_t max_values = 8'000'000;   // pushes to the stack
  std::uint32_t max_memo = 4'000'000;
  std::uint32_t max_depth = 100;  // of open marks
};

class PickleValue;

// What a value points to. Owned by its Pickle; it may be part of a cycle, so walk it by known
// depth.
struct PickleObject {
  std::string bytes;               // text (UTF-8), bytes, or the name of a global
  std::vector<PickleValue> items;  // list, tuple; dictionary: key, value, …; dtype and array: state
};

class PickleValue {
 public:
  enum class Kind : std::uint8_t {
    kNone,
    kBool,
    kInteger,
    kFloat,  // plain
    kText,
    kBytes,
    kList,
    kTuple,
    kDict,
    kGlobal,
    kDtype,
    kArray  // with an object
  };

  PickleValue() = default;
  PickleValue(Kind kind, std::int64_t integer) : kind_(kind), integer_(integer) {}
  explicit PickleValue(double number) : kind_(Kind::kFloat), number_(number) {}
  PickleValue(Kind kind, PickleObject* object) : kind_(kind), object_(object) {}

  Kind kind() const { return kind_; }
  bool Is(Kind kind) const { return kind_ == kind; }
  bool IsString() const { return kind_ == Kind::kText || kind_ == Kind::kBytes; }
  std::int64_t integer() const { return integer_; }  // kBool, kInteger
  double number() const { return number_; }          // kFloat
  PickleObject* object() const { return object_; }   // the kinds with an object
  std::string_view text() const { return object_->bytes; }
  std::span<const PickleValue> items() const { return object_->items; }

  // The entry of a dictionary under a text or bytes key; null where there is none or no dictionary.
  const PickleValue* Find(std::string_view key) const;

 private:
  Kind kind_ = Kind::kNone;
  union {
    std::int64_t integer_ = 0;
    double number_;
    PickleObject* object_;
  };
};

// A matrix of bytes in row order, viewing the Pickle that holds it.
struct ByteMatrix {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::string_view bytes;
};

class Pickle {
 public:
  // Errors: kInvalid, naming the byte and the opcode or global; kExhausted past a limit; the
  // source's.
  static Result<Pickle> Read(ByteSource& source, const PickleLimits& limits = {});

  Pickle() = default;
  // Values point into objects_, so a copy would point into the original.
  Pickle(const Pickle&) = delete;
  Pickle& operator=(const Pickle&) = delete;
  Pickle(Pickle&&) = default;
  Pickle& operator=(Pickle&&) = default;

  const PickleValue& root() const { return root_; }

 private:
  friend class Unpickler;
  std::deque<PickleObject> objects_;  // addresses stay, also when the deque moves
  PickleValue root_;
};

// Errors: kInvalid: not an array of unsigned bytes with two dimensions in C order, or its shape and
// its data differ.
Result<ByteMatrix> ToByteMatrix(const PickleValue& value);

}  // namespace scones::vision::detail
