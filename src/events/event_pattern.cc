#include "events/event_pattern.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "events/matchers.h"

namespace scones::events {
namespace {

constexpr std::size_t kMaxPattern = 4096;
constexpr std::size_t kMaxDepth = 32;

}  // namespace

// An object of the pattern: every field and every $or must hold.
struct EventPattern::Node {
  struct Field {
    std::string name;
    std::vector<Matcher> matchers;      // of a leaf
    std::shared_ptr<const Node> inner;  // of an object
  };
  std::vector<Field> fields;
  std::vector<std::vector<std::shared_ptr<const Node>>> alternatives;  // of each $or

  static Result<std::shared_ptr<const Node>> Parse(const json::object& object);
  bool Matches(const json::object& event) const;
  // Whether all that is asked of something absent holds.
  bool MatchesAbsence() const;
  static bool MatchesField(const Field& field, const json::value* value);
};

namespace {

using Node = EventPattern::Node;

// An array of two or more objects that could be patterns is a choice; anything else under that name
// is an ordinary field.
bool IsAlternatives(const json::value& value) {
  const json::array* items = value.if_array();
  if (items == nullptr || items->size() < 2) return false;
  for (const json::value& item : *items) {
    const json::object* object = item.if_object();
    if (object == nullptr || object->empty()) return false;
    for (const auto& [name, inner] : *object) {
      if (IsMatcherName(name)) return false;
    }
  }
  return true;
}

Result<Node::Field> ParseField(std::string_view name, const json::value& value) {
  Node::Field field{.name = std::string(name), .matchers = {}, .inner = {}};
  if (const json::object* object = value.if_object()) {
    TRY(field.inner, Node::Parse(*object));
    return field;
  }
  const json::array* items = value.if_array();
  if (items == nullptr) {
    return InvalidPattern(fmt::format("\"{}\" must be an object or an array", name));
  }
  if (items->empty()) {
    return InvalidPattern(fmt::format("Empty arrays are not allowed, at \"{}\"", name));
  }
  for (const json::value& item : *items) {
    TRY(Matcher matcher, ParseMatcher(name, item));
    field.matchers.push_back(std::move(matcher));
  }
  return field;
}

// `visit` with each value that isn't an array, of an array and of those within it; true at the
// first that says so.
template <class Visit>
bool AnyValue(const json::value& value, const Visit& visit) {
  const json::array* items = value.if_array();
  if (items == nullptr) return visit(value);
  for (const json::value& item : *items) {
    if (AnyValue(item, visit)) return true;
  }
  return false;
}

bool IsLeaf(const json::value& value) { return !value.is_object(); }

}  // namespace

Result<std::shared_ptr<const Node>> EventPattern::Node::Parse(const json::object& object) {
  if (object.empty()) return InvalidPattern("Empty objects are not allowed");
  auto node = std::make_shared<Node>();
  for (const auto& [name, value] : object) {
    if (name == "$or" && IsAlternatives(value)) {
      auto& choices = node->alternatives.emplace_back();
      for (const json::value& choice : value.get_array()) {
        TRY(std::shared_ptr<const Node> inner, Parse(choice.get_object()));
        choices.push_back(std::move(inner));
      }
      continue;
    }
    TRY(Field field, ParseField(name, value));
    node->fields.push_back(std::move(field));
  }
  return std::shared_ptr<const Node>(std::move(node));
}

bool EventPattern::Node::MatchesField(const Field& field, const json::value* value) {
  if (field.inner) {
    if (value == nullptr) return field.inner->MatchesAbsence();
    bool any_object = false;
    const bool matched = AnyValue(*value, [&](const json::value& one) {
      if (IsLeaf(one)) return false;
      any_object = true;
      return field.inner->Matches(one.get_object());
    });
    // What isn't an object has no fields.
    return matched || (!any_object && field.inner->MatchesAbsence());
  }
  // Only leaves can be there; an object, or an array without a leaf, counts as absent.
  const bool present = value != nullptr && AnyValue(*value, IsLeaf);
  for (const Matcher& matcher : field.matchers) {
    if (const auto wants = WantsExistence(matcher)) {
      if (*wants == present) return true;
      continue;
    }
    if (!present) continue;
    const auto matches = [&](const json::value& one) {
      return IsLeaf(one) && MatchesValue(matcher, one);
    };
    if (AnyValue(*value, matches)) return true;
  }
  return false;
}

bool EventPattern::Node::Matches(const json::object& event) const {
  for (const Field& field : fields) {
    if (!MatchesField(field, event.if_contains(field.name))) return false;
  }
  for (const auto& choices : alternatives) {
    bool any = false;
    for (const auto& choice : choices) any = any || choice->Matches(event);
    if (!any) return false;
  }
  return true;
}

bool EventPattern::Node::MatchesAbsence() const {
  static const json::object kNothing;
  return Matches(kNothing);
}

Result<EventPattern> EventPattern::Parse(std::string_view text) {
  if (text.size() > kMaxPattern) {
    return InvalidPattern(fmt::format("it is longer than {} bytes", kMaxPattern));
  }
  const Result<json::value> value =
      ParseJson(text, {.max_depth = kMaxDepth, .refuse_duplicate_keys = true});
  if (!value) return InvalidPattern(value.error().message());
  if (!value->is_object()) return InvalidPattern("Filter is not an object");
  TRY(std::shared_ptr<const Node> root, Node::Parse(value->get_object()));
  return EventPattern(std::move(root));
}

bool EventPattern::Matches(const json::object& event) const { return root_->Matches(event); }

}  // namespace scones::events
