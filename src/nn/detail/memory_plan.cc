#include "nn/detail/memory_plan.h"

#include <algorithm>
#include <numeric>

namespace scones::nn {
namespace {

constexpr std::size_t kAlignment = 64;  // a cache line, and the widest vector

std::size_t RoundUp(std::size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

bool Overlap(const Lifetime& a, const Lifetime& b) {
  return a.first <= b.last && b.first <= a.last;
}

}  // namespace

MemoryPlan PlanMemory(const std::vector<Lifetime>& lifetimes) {
  MemoryPlan plan;
  plan.offsets.assign(lifetimes.size(), 0);
  std::vector<std::size_t> order(lifetimes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return lifetimes[a].bytes > lifetimes[b].bytes;
  });
  std::vector<std::size_t> placed;  // by offset
  for (const std::size_t item : order) {
    const std::size_t size = RoundUp(lifetimes[item].bytes);
    std::size_t offset = 0;
    for (const std::size_t other : placed) {
      if (!Overlap(lifetimes[item], lifetimes[other])) continue;
      if (offset + size <= plan.offsets[other]) break;
      offset = std::max(offset, plan.offsets[other] + RoundUp(lifetimes[other].bytes));
    }
    plan.offsets[item] = offset;
    plan.total_bytes = std::max(plan.total_bytes, offset + size);
    const auto at = std::upper_bound(
        placed.begin(), placed.end(), offset,
        [&](std::size_t value, std::size_t other) { return value < plan.offsets[other]; });
    placed.insert(at, item);
  }
  return plan;
}

}  // namespace scones::nn
