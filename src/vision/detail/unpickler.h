// The stack machine that a pickle's opcodes drive, holding only data. Private to pickle.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "vision/detail/pickle.h"
#include "vision/detail/pickle_input.h"

namespace scones::vision::detail {

class Unpickler {
 public:
  Unpickler(ByteSource& source, const PickleLimits& limits)
      : input_(source, limits.max_bytes), limits_(limits) {}

  // Call once.
  Result<Pickle> Run();

 private:
  using Kind = PickleValue::Kind;

  // Each returns false where the opcode is not one of its own.
  Result<bool> DoNumber(std::uint8_t opcode);
  Result<bool> DoString(std::uint8_t opcode);
  Result<bool> DoContainer(std::uint8_t opcode);
  Result<bool> DoMemo(std::uint8_t opcode);
  Result<bool> DoObject(std::uint8_t opcode);

  Error Bad(std::string_view message) const;
  Result<PickleObject*> NewObject();
  Result<void> Push(PickleValue value);
  Result<void> PushString(Kind kind, Result<std::string> bytes);
  Result<void> PushCollected(Kind kind, std::size_t from);
  Result<PickleValue> Pop();
  Result<PickleValue> Top() const;
  Result<std::size_t> PopMark();
  Result<void> MoveInto(Kind kind, std::size_t from);
  Result<void> Put(std::uint64_t key);
  Result<void> Get(std::uint64_t key);
  Result<std::int64_t> IntegerLine();
  Result<void> PushGlobal(std::string_view module, std::string_view name);
  Result<void> Reduce();
  Result<void> Build();

  PickleInput input_;
  PickleLimits limits_;
  Pickle result_;
  std::vector<PickleValue> stack_;
  std::vector<std::size_t> marks_;  // stack sizes
  std::unordered_map<std::uint64_t, PickleValue> memo_;
  std::uint32_t pushed_ = 0;
  std::uint64_t encoded_bytes_ = 0;
};

}  // namespace scones::vision::detail
