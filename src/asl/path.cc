#include "asl/path.h"

#include <fmt/format.h>

#include <algorithm>

#include "asl/path_filter.h"
#include "asl/payload.h"

namespace scones::asl {
namespace {

// The element that `index` names, counted from the end when negative.
const json::value* ElementAt(const json::array& array, std::int64_t index) {
  const auto size = static_cast<std::int64_t>(array.size());
  if (index < 0) index += size;
  if (index < 0 || index >= size) return nullptr;
  return &array[static_cast<std::size_t>(index)];
}

bool NumbersEqual(const json::value& a, const json::value& b) {
  if (a.is_int64() && b.is_int64()) return a.get_int64() == b.get_int64();
  return a.to_number<double>() == b.to_number<double>();
}

constexpr int kMaxScanDepth = 256;

}  // namespace

bool JsonEquals(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number()) return NumbersEqual(a, b);
  if (a.kind() != b.kind()) return false;
  if (const json::array* left = a.if_array()) {
    const json::array& right = b.get_array();
    return std::equal(left->begin(), left->end(), right.begin(), right.end(), JsonEquals);
  }
  if (const json::object* left = a.if_object()) {
    const json::object& right = b.get_object();
    if (left->size() != right.size()) return false;
    return std::all_of(left->begin(), left->end(), [&](const auto& member) {
      const json::value* other = right.if_contains(member.key());
      return other != nullptr && JsonEquals(member.value(), *other);
    });
  }
  return a == b;
}

bool Path::is_reference() const {
  return definite_ && std::all_of(steps_.begin(), steps_.end(), [](const Step& step) {
           return !step.function && (step.kind == Step::Kind::kMembers || step.indexes[0] >= 0);
         });
}

const json::value* Path::Find(const json::value& root, std::string* why) const {
  const json::value* node = &root;
  std::string seen = "$";
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    const json::value* next = nullptr;
    if (step.kind == Step::Kind::kMembers) {
      const json::object* object = step.function ? nullptr : node->if_object();
      if (object != nullptr) next = object->if_contains(step.names[0]);
    } else if (const json::array* array = node->if_array()) {
      next = ElementAt(*array, step.indexes[0]);
    }
    if (next == nullptr) {
      if (why == nullptr) return nullptr;
      for (std::size_t j = 0; j <= i; ++j) {
        seen += steps_[j].kind == Step::Kind::kMembers ? fmt::format("['{}']", steps_[j].names[0])
                                                       : fmt::format("[{}]", steps_[j].indexes[0]);
      }
      const bool leaf = i + 1 == steps_.size();
      *why = (leaf ? "No results for path: " : "Missing property in path ") + seen;
      return nullptr;
    }
    node = next;
  }
  return node;
}

Result<json::value> Path::Evaluate(const json::value& root, std::size_t limit) const {
  const Error too_large(Code::kExhausted, fmt::format("The result of '{}' is too large", text_));
  if (definite_) {
    std::string why;
    const json::value* node = Find(root, &why);
    if (node == nullptr) return Error(Code::kNotFound, std::move(why));
    if (WeightOf(*node, limit) > limit) return too_large;
    return json::value(*node);
  }
  Search search{root, {}};
  Select(root, 0, search);
  if (search.visits_left <= 0) return too_large;
  json::array nodes;
  nodes.reserve(search.found.size());
  for (const json::value* node : search.found) {
    const std::size_t weight = WeightOf(*node, limit);
    if (weight > limit) return too_large;
    limit -= weight;
    nodes.push_back(*node);
  }
  return json::value(std::move(nodes));
}

void Path::Select(const json::value& node, std::size_t step, Search& search) const {
  if (--search.visits_left <= 0) return;
  if (step == steps_.size()) {
    search.found.push_back(&node);
    return;
  }
  const Step& current = steps_[step];
  if (!current.deep) {
    Apply(current, node, step + 1, search);
    return;
  }
  // Every node below, parents before children.
  std::vector<std::pair<const json::value*, int>> open = {{&node, 0}};
  while (!open.empty()) {
    const auto [visited, depth] = open.back();
    open.pop_back();
    if (--search.visits_left <= 0) return;
    Apply(current, *visited, step + 1, search);
    if (depth >= kMaxScanDepth) continue;
    const std::size_t first = open.size();
    if (const json::object* object = visited->if_object()) {
      for (const auto& member : *object) open.emplace_back(&member.value(), depth + 1);
    } else if (const json::array* array = visited->if_array()) {
      for (const json::value& element : *array) open.emplace_back(&element, depth + 1);
    }
    std::reverse(open.begin() + static_cast<std::ptrdiff_t>(first), open.end());
  }
}

void Path::Apply(const Step& step, const json::value& node, std::size_t next,
                 Search& search) const {
  const json::object* object = node.if_object();
  const json::array* array = node.if_array();
  const auto each = [&](auto&& visit) {
    if (object != nullptr) {
      for (const auto& member : *object) visit(member.value());
    } else if (array != nullptr) {
      for (const json::value& element : *array) visit(element);
    }
  };
  switch (step.kind) {
    case Step::Kind::kMembers:
      if (object == nullptr || step.function) return;
      for (const std::string& name : step.names) {
        const json::value* member = object->if_contains(name);
        if (member != nullptr) Select(*member, next, search);
      }
      return;
    case Step::Kind::kIndexes:
      if (array == nullptr) return;
      for (std::int64_t index : step.indexes) {
        const json::value* element = ElementAt(*array, index);
        if (element != nullptr) Select(*element, next, search);
      }
      return;
    case Step::Kind::kSlice: {
      if (array == nullptr) return;
      const auto size = static_cast<std::int64_t>(array->size());
      const auto clamp = [size](std::int64_t at) {
        return std::clamp<std::int64_t>(at < 0 ? at + size : at, 0, size);
      };
      const std::int64_t end = clamp(step.end.value_or(size));
      const std::int64_t stride = step.stride.value_or(1);
      for (std::int64_t i = clamp(step.begin.value_or(0)); i < end; i += stride) {
        Select((*array)[static_cast<std::size_t>(i)], next, search);
        if (stride > end - i) break;
      }
      return;
    }
    case Step::Kind::kWildcard:
      each([&](const json::value& child) { Select(child, next, search); });
      return;
    case Step::Kind::kFilter:
      each([&](const json::value& child) {
        if (step.filter->Matches(child, search.root)) Select(child, next, search);
      });
      return;
  }
}

Result<void> Path::Assign(json::value& root, json::value value) const {
  json::value* node = &root;
  for (const Step& step : steps_) {
    if (step.kind == Step::Kind::kMembers) {
      if (node->is_null()) node->emplace_object();
      json::object* object = node->if_object();
      if (object == nullptr) {
        return Error(Code::kInvalid, fmt::format("'{}' would be a member of something that is not "
                                                 "an object",
                                                 step.names[0]));
      }
      node = &(*object)[step.names[0]];
      continue;
    }
    json::array* array = node->if_array();
    const auto index = static_cast<std::size_t>(step.indexes[0]);
    if (array == nullptr || index >= array->size()) {
      return Error(Code::kInvalid, fmt::format("there is no element {}", index));
    }
    node = &(*array)[index];
  }
  *node = std::move(value);
  return {};
}

}  // namespace scones::asl
