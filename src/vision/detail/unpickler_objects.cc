// The opcodes that name and make objects, and the few objects that they may make.
#include <fmt/format.h>

#include "vision/detail/unpickler.h"

namespace scones::vision::detail {
namespace {

// numpy's states have up to nine values. A bound, because each use copies them.
constexpr std::size_t kMaxStateItems = 16;

struct GlobalName {
  std::string_view module;
  std::string_view name;
};
constexpr GlobalName kAllowedGlobals[] = {
    {"numpy.core.multiarray", "_reconstruct"},
    {"numpy._core.multiarray", "_reconstruct"},
    {"numpy", "ndarray"},
    {"numpy", "dtype"},
    {"_codecs", "encode"},
};

}  // namespace

Result<bool> Unpickler::DoObject(std::uint8_t opcode) {
  switch (opcode) {
    case 'c': {
      TRY(const std::string module, input_.Line());
      TRY(const std::string name, input_.Line());
      TRY_VOID(PushGlobal(module, name));
      return true;
    }
    case 0x93: {
      TRY(const PickleValue name, Pop());
      TRY(const PickleValue module, Pop());
      if (!name.IsString() || !module.IsString()) return Bad("a global has no name");
      TRY_VOID(PushGlobal(module.text(), name.text()));
      return true;
    }
    case 'R':
      TRY_VOID(Reduce());
      return true;
    case 'b':
      TRY_VOID(Build());
      return true;
    case '0':
      // Python pops a mark this way too; no pickler writes that.
      TRY_VOID(Pop());
      return true;
    case '1': {
      TRY(const std::size_t from, PopMark());
      stack_.resize(from);
      return true;
    }
    case '2': {
      TRY(const PickleValue value, Top());
      TRY_VOID(Push(value));
      return true;
    }
    default:
      return false;
  }
}

Result<void> Unpickler::PushGlobal(std::string_view module, std::string_view name) {
  for (const GlobalName& allowed : kAllowedGlobals) {
    if (allowed.module == module && allowed.name == name)
      return PushString(Kind::kGlobal, std::string(name));
  }
  return Bad(
      fmt::format("it asks for {}.{}, which a data set has no need of; nothing was run. Use "
                  "this file only if you know why it does so",
                  module.substr(0, 80), name.substr(0, 80)));
}

Result<void> Unpickler::Reduce() {
  TRY(const PickleValue arguments, Pop());
  TRY(const PickleValue callable, Pop());
  if (!callable.Is(Kind::kGlobal) || !arguments.Is(Kind::kTuple)) {
    return Bad("it calls something that is no function");
  }
  const std::span<const PickleValue> items = arguments.items();
  if (callable.text() == "encode") {
    const bool latin1 = items.size() == 2 && items[0].Is(Kind::kText) && items[1].IsString() &&
                        (items[1].text() == "latin1" || items[1].text() == "latin-1");
    if (!latin1) return Bad("it encodes text other than as Latin-1");
    // The same text can be encoded again and again, so what comes out counts too.
    encoded_bytes_ += items[0].text().size();
    if (encoded_bytes_ > limits_.max_bytes) {
      return Error(Code::kExhausted,
                   fmt::format("it encodes more than the limit of {} bytes", limits_.max_bytes));
    }
    return PushString(Kind::kBytes, Utf8ToLatin1(items[0].text()));
  }
  if (items.size() > kMaxStateItems) return Bad("it calls something with too many values");
  TRY(PickleObject* const object, NewObject());
  if (callable.text() == "_reconstruct") {
    const bool array =
        items.size() == 3 && items[0].Is(Kind::kGlobal) && items[0].text() == "ndarray";
    if (!array) return Bad("it makes an array of another class than numpy.ndarray");
    return Push(PickleValue(Kind::kArray, object));
  }
  if (callable.text() == "dtype") {
    object->items.assign(items.begin(), items.end());
    return Push(PickleValue(Kind::kDtype, object));
  }
  return Bad(fmt::format("it calls {} directly", callable.text()));
}

// The state of a dtype adds nothing for single bytes; the state of an array is the array.
Result<void> Unpickler::Build() {
  TRY(const PickleValue state, Pop());
  TRY(const PickleValue target, Top());
  if (!state.Is(Kind::kTuple) || state.items().size() > kMaxStateItems) {
    return Bad("it sets a state that is no short tuple");
  }
  if (target.Is(Kind::kArray)) {
    target.object()->items = state.object()->items;
  } else if (!target.Is(Kind::kDtype)) {
    return Bad("it sets the state of something that has none");
  }
  return {};
}

}  // namespace scones::vision::detail
