#include "objects/conditions.h"

#include <algorithm>

#include "objects/detail/faults.h"

namespace scones::objects {
namespace {

// A list of ETags, each with or without quotes, or "*".
bool Matches(std::string_view condition, std::string_view etag) {
  while (!condition.empty()) {
    const std::size_t comma = condition.find(',');
    std::string_view one = condition.substr(0, comma);
    condition.remove_prefix(comma == std::string_view::npos ? condition.size() : comma + 1);
    const auto is_decoration = [](char c) { return c == ' ' || c == '"' || c == '\t'; };
    while (!one.empty() && is_decoration(one.front())) one.remove_prefix(1);
    if (one.starts_with("W/\"")) one.remove_prefix(3);
    while (!one.empty() && is_decoration(one.back())) one.remove_suffix(1);
    if (one == "*" || one == etag) return true;
  }
  return false;
}

}  // namespace

Result<void> CheckRead(const ReadConditions& conditions, std::string_view etag,
                       Timestamp modified) {
  // HTTP dates have whole seconds.
  const auto seconds = std::chrono::floor<std::chrono::seconds>(modified);
  if (conditions.if_match) {
    if (!Matches(*conditions.if_match, etag)) return detail::PreconditionFailed("If-Match");
  } else if (conditions.if_unmodified_since && seconds > *conditions.if_unmodified_since) {
    return detail::PreconditionFailed("If-Unmodified-Since");
  }
  const Error not_modified(Code::kPrecondition, "NotModified", "Not Modified");
  if (conditions.if_none_match) {
    if (Matches(*conditions.if_none_match, etag)) return not_modified;
  } else if (conditions.if_modified_since && seconds <= *conditions.if_modified_since) {
    return not_modified;
  }
  return {};
}

Result<Extent> ResolveRange(const ByteRange& range, std::uint64_t size) {
  const Error unsatisfiable(Code::kInvalid, "InvalidRange",
                            "The requested range is not satisfiable");
  if (range.suffix) {
    const std::uint64_t length = std::min(*range.suffix, size);
    if (length == 0) return unsatisfiable;
    return Extent{.offset = size - length, .length = length};
  }
  const std::uint64_t first = range.first.value_or(0);
  if (first >= size) return unsatisfiable;
  const std::uint64_t last = std::min(range.last.value_or(size - 1), size - 1);
  return Extent{.offset = first, .length = last - first + 1};
}

}  // namespace scones::objects
