// Arena: one page-aligned block of memory for the intermediate results of a program.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

#include "base/result.h"

namespace scones::nn {

inline constexpr std::align_val_t kArenaAlignment{4096};

struct ArenaDeleter {
  void operator()(std::byte* arena) const { ::operator delete(arena, kArenaAlignment); }
};
using Arena = std::unique_ptr<std::byte, ArenaDeleter>;

// Errors: kExhausted.
inline Result<Arena> MakeArena(std::size_t bytes) {
  void* memory = ::operator new(bytes == 0 ? 1 : bytes, kArenaAlignment, std::nothrow);
  if (memory == nullptr) return Error(Code::kExhausted, "not enough memory for the model");
  return Arena(static_cast<std::byte*>(memory));
}

}  // namespace scones::nn
