// Where in one block of memory each intermediate result lives, so that those alive at the same time
// do not overlap. Pure.
#pragma once

#include <cstddef>
#include <vector>

namespace scones::nn {

// `bytes` needed from the step `first` that writes them to the step `last` that reads them last.
struct Lifetime {
  std::size_t bytes = 0;
  int first = 0;
  int last = 0;
};

struct MemoryPlan {
  std::vector<std::size_t> offsets;  // in the order of the lifetimes, multiples of 64
  std::size_t total_bytes = 0;
};

// Largest first, each at the lowest place that is free while it lives.
MemoryPlan PlanMemory(const std::vector<Lifetime>& lifetimes);

}  // namespace scones::nn
