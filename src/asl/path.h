// JSONPath as the States Language uses it: Reference Paths (one node) and the wider query syntax
// (wildcards, slices, unions, deep scan, filters) that Step Functions takes from Jayway JsonPath.
// Parsed once, then immutable. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace scones::asl {

struct PathFilter;

class Path {
 public:
  enum class Root { kInput, kContext, kVariable };  // "$", "$$", "$name"

  // Errors: kInvalid, with what is wrong and where in `text`.
  static Result<Path> Parse(std::string_view text);

  const std::string& text() const { return text_; }
  Root root() const { return root_; }
  // The variable's name, for kVariable.
  const std::string& variable() const { return variable_; }
  // "$" or "$$" alone.
  bool is_root() const { return steps_.empty(); }
  // Names at most one node: its result is that node and not an array of nodes.
  bool definite() const { return definite_; }
  // Definite, and only member names and non-negative indexes: usable as ResultPath.
  bool is_reference() const;

  // The node of a definite path, or null and why ("Missing property in path $['a']").
  const json::value* Find(const json::value& root, std::string* why = nullptr) const;
  // A definite path's node, or the array of an indefinite path's nodes (empty when there are none).
  // Errors: kNotFound with Find's reason; kExhausted when the result would weigh more than `limit`
  // bytes or takes too long to find.
  static constexpr std::size_t kMaxResultBytes = 4 * 1024 * 1024;
  Result<json::value> Evaluate(const json::value& root, std::size_t limit = kMaxResultBytes) const;

  // Sets the node of a reference path in `root`, making objects on the way.
  // Errors: kInvalid when a step meets something that is no object or an index beyond its array.
  Result<void> Assign(json::value& root, json::value value) const;

 private:
  friend class PathParser;
  struct Step {
    enum class Kind { kMembers, kIndexes, kSlice, kWildcard, kFilter };
    Kind kind = Kind::kMembers;
    bool deep = false;      // after "..": applies at every depth
    bool function = false;  // "length()": read, but finds nothing, as in the service
    std::vector<std::string> names;
    std::vector<std::int64_t> indexes;
    std::optional<std::int64_t> begin, end, stride;
    std::shared_ptr<const PathFilter> filter;
  };
  friend struct PathFilter;

  // The nodes found so far, and how many more may be visited.
  struct Search {
    const json::value& root;
    std::vector<const json::value*> found;
    int visits_left = 1'000'000;
  };
  void Select(const json::value& node, std::size_t step, Search& search) const;
  void Apply(const Step& step, const json::value& node, std::size_t next, Search& search) const;

  std::string text_;
  Root root_ = Root::kInput;
  std::string variable_;
  std::vector<Step> steps_;
  bool definite_ = true;
};

// Equal as JSON: 1 and 1.0 are the same number, objects are equal in any order.
bool JsonEquals(const json::value& a, const json::value& b);

}  // namespace scones::asl
