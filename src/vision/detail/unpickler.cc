#include "vision/detail/unpickler.h"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>

namespace scones::vision::detail {
namespace {

// What a refused opcode would do in Python, for the message.
std::string_view RefusedOpcode(std::uint8_t opcode) {
  switch (opcode) {
    case 'i':
      return "INST (make an instance of a class)";
    case 'o':
      return "OBJ (make an instance of a class)";
    case 'P':
    case 'Q':
      return "PERSID (load an object from elsewhere)";
    case 0x81:
    case 0x92:
      return "NEWOBJ (make an instance of a class)";
    case 0x82:
    case 0x83:
    case 0x84:
      return "EXT (load a registered class)";
    case 0x96:
    case 0x97:
    case 0x98:
      return "BYTEARRAY8 or a buffer of protocol 5 (save it with protocol 2 to 4)";
    default:
      return "";
  }
}

}  // namespace

Error Unpickler::Bad(std::string_view message) const {
  return Error(Code::kInvalid, fmt::format("at byte {} {}", input_.position(), message));
}

Result<PickleObject*> Unpickler::NewObject() {
  if (result_.objects_.size() >= limits_.max_objects) {
    return Error(Code::kExhausted,
                 fmt::format("it holds more than the limit of {} objects", limits_.max_objects));
  }
  return &result_.objects_.emplace_back();
}

Result<void> Unpickler::Push(PickleValue value) {
  if (pushed_ >= limits_.max_values) {
    return Error(Code::kExhausted,
                 fmt::format("it holds more than the limit of {} values", limits_.max_values));
  }
  ++pushed_;
  stack_.push_back(value);
  return {};
}

Result<void> Unpickler::PushString(Kind kind, Result<std::string> bytes) {
  if (!bytes) return std::move(bytes).error();
  TRY(PickleObject* const object, NewObject());
  object->bytes = std::move(*bytes);
  return Push(PickleValue(kind, object));
}

// Replaces the stack from `from` on by one container of those values.
Result<void> Unpickler::PushCollected(Kind kind, std::size_t from) {
  if (from > stack_.size()) return Bad("the stack is empty");
  if (kind == Kind::kDict && (stack_.size() - from) % 2 != 0) return Bad("a dictionary is uneven");
  TRY(PickleObject* const object, NewObject());
  object->items.assign(stack_.begin() + static_cast<std::ptrdiff_t>(from), stack_.end());
  stack_.resize(from);
  return Push(PickleValue(kind, object));
}

// A value below the last mark belongs to an outer container and can't be taken.
Result<PickleValue> Unpickler::Pop() {
  TRY(const PickleValue value, Top());
  stack_.pop_back();
  return value;
}

Result<PickleValue> Unpickler::Top() const {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) return Bad("the stack is empty");
  return stack_.back();
}

Result<std::size_t> Unpickler::PopMark() {
  if (marks_.empty()) return Bad("a mark is missing");
  const std::size_t from = marks_.back();
  marks_.pop_back();
  return from;
}

// Appends the values from `from` on to the list or dictionary below them.
Result<void> Unpickler::MoveInto(Kind kind, std::size_t from) {
  const std::size_t floor = marks_.empty() ? 0 : marks_.back();
  if (from <= floor || from > stack_.size() || !stack_[from - 1].Is(kind)) {
    return Bad("values are added to something that can't hold them");
  }
  if (kind == Kind::kDict && (stack_.size() - from) % 2 != 0) return Bad("a dictionary is uneven");
  std::vector<PickleValue>& items = stack_[from - 1].object()->items;
  items.insert(items.end(), stack_.begin() + static_cast<std::ptrdiff_t>(from), stack_.end());
  stack_.resize(from);
  return {};
}

Result<void> Unpickler::Put(std::uint64_t key) {
  TRY(const PickleValue value, Top());
  if (memo_.size() >= limits_.max_memo) {
    return Error(Code::kExhausted,
                 fmt::format("it remembers more than the limit of {} values", limits_.max_memo));
  }
  memo_[key] = value;
  return {};
}

Result<void> Unpickler::Get(std::uint64_t key) {
  const auto found = memo_.find(key);
  if (found == memo_.end()) return Bad("it uses a value that was not remembered");
  return Push(found->second);
}

Result<std::int64_t> Unpickler::IntegerLine() {
  TRY(const std::string line, input_.Line());
  std::string_view digits = line;
  if (digits.ends_with('L')) digits.remove_suffix(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || digits.empty()) {
    return Bad("a number can't be read");
  }
  return value;
}

Result<bool> Unpickler::DoNumber(std::uint8_t opcode) {
  const auto push = [this](Kind kind, std::int64_t value) -> Result<bool> {
    TRY_VOID(Push(PickleValue(kind, value)));
    return true;
  };
  switch (opcode) {
    case 'N':
      return push(Kind::kNone, 0);
    case 0x88:
    case 0x89:
      return push(Kind::kBool, opcode == 0x88);
    case 'I': {
      TRY(const std::string line, input_.Line());
      if (line == "00" || line == "01") return push(Kind::kBool, line == "01");
      std::int64_t value = 0;
      const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
      if (error != std::errc() || end != line.data() + line.size())
        return Bad("a number can't be read");
      return push(Kind::kInteger, value);
    }
    case 'L': {
      TRY(const std::int64_t value, IntegerLine());
      return push(Kind::kInteger, value);
    }
    case 'J': {
      TRY(const std::uint64_t value, input_.Unsigned(4));
      return push(Kind::kInteger, static_cast<std::int32_t>(value));
    }
    case 'K':
    case 'M': {
      TRY(const std::uint64_t value, input_.Unsigned(opcode == 'K' ? 1 : 2));
      return push(Kind::kInteger, static_cast<std::int64_t>(value));
    }
    case 0x8a: {
      TRY(const std::uint8_t size, input_.Byte());
      if (size > 8) return Bad("it holds a number of more than 64 bits");
      TRY(std::uint64_t value, input_.Unsigned(size));
      const bool negative = size > 0 && (value >> (8 * size - 1) & 1) != 0;
      if (negative && size < 8) value |= ~std::uint64_t{0} << (8 * size);
      return push(Kind::kInteger, static_cast<std::int64_t>(value));
    }
    case 'F': {
      TRY(const std::string line, input_.Line());
      char* end = nullptr;
      const double value = std::strtod(line.c_str(), &end);
      if (line.empty() || *end != '\0') return Bad("a number can't be read");
      TRY_VOID(Push(PickleValue(value)));
      return true;
    }
    case 'G': {
      std::uint64_t bits = 0;
      for (int i = 0; i < 8; ++i) {
        TRY(const std::uint8_t byte, input_.Byte());
        bits = bits << 8 | byte;
      }
      TRY_VOID(Push(PickleValue(std::bit_cast<double>(bits))));
      return true;
    }
    default:
      return false;
  }
}

Result<bool> Unpickler::DoString(std::uint8_t opcode) {
  int length_bytes = 0;
  Kind kind = Kind::kBytes;
  switch (opcode) {
    case 'S': {
      TRY(const std::string line, input_.Line());
      TRY_VOID(PushString(Kind::kBytes, ParsePythonString(line)));
      return true;
    }
    case 'V': {
      TRY(const std::string line, input_.Line());
      TRY_VOID(PushString(Kind::kText, ParseRawUnicodeEscape(line)));
      return true;
    }
    case 'U':  // SHORT_BINSTRING
    case 'C':  // SHORT_BINBYTES
      length_bytes = 1;
      break;
    case 'T':  // BINSTRING
    case 'B':  // BINBYTES
      length_bytes = 4;
      break;
    case 0x8e:  // BINBYTES8
      length_bytes = 8;
      break;
    case 0x8c:  // SHORT_BINUNICODE
      length_bytes = 1;
      kind = Kind::kText;
      break;
    case 'X':  // BINUNICODE
      length_bytes = 4;
      kind = Kind::kText;
      break;
    case 0x8d:  // BINUNICODE8
      length_bytes = 8;
      kind = Kind::kText;
      break;
    default:
      return false;
  }
  TRY(const std::uint64_t length, input_.Unsigned(length_bytes));
  TRY_VOID(PushString(kind, input_.Bytes(length)));
  return true;
}

Result<bool> Unpickler::DoContainer(std::uint8_t opcode) {
  switch (opcode) {
    case '(':
      if (marks_.size() >= limits_.max_depth) {
        return Error(Code::kExhausted,
                     fmt::format("it nests deeper than the limit of {}", limits_.max_depth));
      }
      marks_.push_back(stack_.size());
      return true;
    case ']':
    case '}':
    case ')': {
      const Kind kind = opcode == ']' ? Kind::kList : opcode == '}' ? Kind::kDict : Kind::kTuple;
      TRY_VOID(PushCollected(kind, stack_.size()));
      return true;
    }
    case 'l':
    case 'd':
    case 't': {
      const Kind kind = opcode == 'l' ? Kind::kList : opcode == 'd' ? Kind::kDict : Kind::kTuple;
      TRY(const std::size_t from, PopMark());
      TRY_VOID(PushCollected(kind, from));
      return true;
    }
    case 0x85:
    case 0x86:
    case 0x87: {
      const std::size_t count = opcode - 0x84u;
      const std::size_t floor = marks_.empty() ? 0 : marks_.back();
      if (stack_.size() < floor + count) return Bad("the stack is empty");
      TRY_VOID(PushCollected(Kind::kTuple, stack_.size() - count));
      return true;
    }
    case 'a':
    case 's': {
      const std::size_t count = opcode == 'a' ? 1 : 2;
      if (stack_.size() <= count) return Bad("the stack is empty");
      TRY_VOID(MoveInto(opcode == 'a' ? Kind::kList : Kind::kDict, stack_.size() - count));
      return true;
    }
    case 'e':
    case 'u': {
      TRY(const std::size_t from, PopMark());
      TRY_VOID(MoveInto(opcode == 'e' ? Kind::kList : Kind::kDict, from));
      return true;
    }
    default:
      return false;
  }
}

Result<bool> Unpickler::DoMemo(std::uint8_t opcode) {
  switch (opcode) {
    case 'p':
    case 'g': {
      TRY(const std::int64_t key, IntegerLine());
      if (key < 0) return Bad("a memo key is negative");
      TRY_VOID(opcode == 'p' ? Put(static_cast<std::uint64_t>(key))
                             : Get(static_cast<std::uint64_t>(key)));
      return true;
    }
    case 'q':
    case 'r': {
      TRY(const std::uint64_t key, input_.Unsigned(opcode == 'q' ? 1 : 4));
      TRY_VOID(Put(key));
      return true;
    }
    case 'h':
    case 'j': {
      TRY(const std::uint64_t key, input_.Unsigned(opcode == 'h' ? 1 : 4));
      TRY_VOID(Get(key));
      return true;
    }
    case 0x94:
      TRY_VOID(Put(memo_.size()));
      return true;
    default:
      return false;
  }
}

Result<Pickle> Unpickler::Run() {
  for (bool first = true;; first = false) {
    TRY(const std::uint8_t opcode, input_.Byte());
    if (opcode == 0x80 && first) {
      TRY(const std::uint8_t protocol, input_.Byte());
      if (protocol > 5) return Bad(fmt::format("it has the unknown protocol {}", protocol));
      continue;
    }
    if (opcode == 0x95) {  // FRAME: a length to read ahead by, which this reader has no need of
      TRY(const std::uint64_t length, input_.Unsigned(8));
      (void)length;
      continue;
    }
    if (opcode == '.') break;
    TRY(bool done, DoNumber(opcode));
    for (auto step : {&Unpickler::DoString, &Unpickler::DoContainer, &Unpickler::DoMemo,
                      &Unpickler::DoObject}) {
      if (done) break;
      TRY(done, (this->*step)(opcode));
    }
    if (done) continue;
    const std::string_view name = RefusedOpcode(opcode);
    return Bad(name.empty()
                   ? fmt::format("it holds 0x{:02x}, which is no opcode of a data set", opcode)
                   : fmt::format("it holds the opcode {}, which is refused", name));
  }
  if (stack_.size() != 1 || !marks_.empty()) return Bad("it ends before its value is complete");
  result_.root_ = stack_[0];
  return std::move(result_);
}

}  // namespace scones::vision::detail
