#include "nn/detail/shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace scones::nn {
namespace {

Error Refuse(std::string message) { return Error(Code::kInvalid, std::move(message)); }

}  // namespace

Result<std::size_t> AxisOf(std::int64_t axis, std::size_t rank) {
  const auto count = static_cast<std::int64_t>(rank);
  if (axis < -count || axis >= count) {
    return Refuse(fmt::format("axis {} is not among {} axes", axis, rank));
  }
  return static_cast<std::size_t>(axis < 0 ? axis + count : axis);
}

Result<std::vector<std::size_t>> AxesOf(const std::vector<std::int64_t>& axes, std::size_t rank) {
  std::vector<std::size_t> result;
  for (const std::int64_t axis : axes) {
    TRY(const std::size_t found, AxisOf(axis, rank));
    if (std::find(result.begin(), result.end(), found) != result.end()) {
      return Refuse(fmt::format("axis {} is named twice", axis));
    }
    result.push_back(found);
  }
  std::sort(result.begin(), result.end());
  return result;
}

Result<Dims> BroadcastShape(const Dims& a, const Dims& b) {
  const std::size_t rank = std::max(a.size(), b.size());
  const Dims first = Aligned(a, rank);
  const Dims second = Aligned(b, rank);
  Dims result(rank);
  for (std::size_t i = 0; i < rank; ++i) {
    if (first[i] != second[i] && first[i] != 1 && second[i] != 1) {
      return Refuse(fmt::format("shapes [{}] and [{}] do not fit together", fmt::join(a, ", "),
                                fmt::join(b, ", ")));
    }
    result[i] = first[i] == 1 ? second[i] : first[i];
  }
  return result;
}

Dims Aligned(const Dims& dims, std::size_t rank) {
  Dims result(rank > dims.size() ? rank - dims.size() : 0, 1);
  result.insert(result.end(), dims.begin(), dims.end());
  return result;
}

Dims StridesOf(const Dims& dims) {
  Dims strides(dims.size(), 1);
  for (std::size_t i = dims.size(); i-- > 1;) strides[i - 1] = strides[i] * dims[i];
  return strides;
}

std::int64_t CountBetween(const Dims& dims, std::size_t first, std::size_t last) {
  std::int64_t count = 1;
  for (std::size_t i = first; i < last; ++i) count *= dims[i];
  return count;
}

Result<Dims> ReshapedTo(const Dims& from, const std::vector<std::int64_t>& shape, bool zero_is_zero,
                        std::int64_t batch) {
  const std::int64_t count = ElementCount(from);
  const auto refusal = [&] {
    return Refuse(fmt::format("shape [{}] is not supported for {} elements of shape [{}]",
                              fmt::join(shape, ", "), count, fmt::join(from, ", ")));
  };
  if (shape.size() > kMaxRank) return refusal();
  Dims result = shape;
  if (batch > 1 && !from.empty() && from[0] == 1 && !result.empty() && result[0] == batch) {
    result[0] = 1;
  }
  std::int64_t known = 1;
  std::int64_t* open = nullptr;
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (result[i] == 0 && !zero_is_zero && i < from.size()) result[i] = from[i];
    if (result[i] == -1 && open == nullptr) {
      open = &result[i];
      continue;
    }
    if (result[i] <= 0 || result[i] > count || known > count / result[i]) return refusal();
    known *= result[i];
  }
  if (open != nullptr) *open = count / known;
  if (ElementCount(result) != count) return refusal();
  return result;
}

Permutation Reduced(const Dims& dims, const std::vector<std::size_t>& axes) {
  std::vector<std::size_t> order;  // axes of the result that count
  for (const std::size_t axis : axes) {
    if (dims[axis] != 1) order.push_back(axis);
  }
  // Runs of axes that follow each other before and after, by their first axis.
  std::vector<std::size_t> heads;
  std::vector<std::int64_t> sizes;
  const auto follows = [&](std::size_t before, std::size_t after) {
    if (after <= before) return false;
    return std::all_of(dims.begin() + static_cast<std::ptrdiff_t>(before) + 1,
                       dims.begin() + static_cast<std::ptrdiff_t>(after),
                       [](std::int64_t dim) { return dim == 1; });
  };
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i > 0 && follows(order[i - 1], order[i])) {
      sizes.back() *= dims[order[i]];
    } else {
      heads.push_back(order[i]);
      sizes.push_back(dims[order[i]]);
    }
  }
  std::vector<std::size_t> sorted = heads;
  std::sort(sorted.begin(), sorted.end());
  Permutation result{Dims(heads.size()), {}};
  for (std::size_t i = 0; i < heads.size(); ++i) {
    const auto place = std::lower_bound(sorted.begin(), sorted.end(), heads[i]) - sorted.begin();
    result.axes.push_back(static_cast<int>(place));
    result.dims[static_cast<std::size_t>(place)] = sizes[i];
  }
  return result;
}

}  // namespace scones::nn
