#include "asl/payload.h"

namespace scones::asl {

namespace {

bool IsDeeper(const json::value& value, int levels) {
  if (!value.is_structured()) return false;
  if (levels == 0) return true;
  if (const json::array* array = value.if_array()) {
    for (const json::value& element : *array) {
      if (IsDeeper(element, levels - 1)) return true;
    }
    return false;
  }
  for (const auto& member : value.get_object()) {
    if (IsDeeper(member.value(), levels - 1)) return true;
  }
  return false;
}

// Brackets within strings are skipped. Precondition: `text` is JSON.
bool IsDeeper(std::string_view text, int levels) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') quoted = !quoted;
    if (quoted && c == '\\') ++i;
    if (quoted) continue;
    if ((c == '{' || c == '[') && ++depth > levels) return true;
    if (c == '}' || c == ']') --depth;
  }
  return false;
}

}  // namespace

struct Payload::Node {
  std::string text;  // empty when not made yet: no JSON text is empty
  json::value value;
  bool has_value = false;
  bool depth_known = false;  // and in bounds
};

Payload::Payload() : Payload(FromText("null")) {}

Payload Payload::FromText(std::string text) {
  auto node = std::make_shared<Node>();
  node->text = std::move(text);
  return Payload(std::move(node));
}

Payload Payload::FromValue(json::value value) {
  auto node = std::make_shared<Node>();
  node->value = std::move(value);
  node->has_value = true;
  return Payload(std::move(node));
}

Payload Payload::FromBoth(std::string text, json::value value) {
  Payload payload = FromValue(std::move(value));
  payload.node_->text = std::move(text);
  return payload;
}

Payload Payload::ArrayOf(const std::vector<Payload>& elements) {
  std::string text = "[";
  for (const Payload& element : elements) {
    if (text.size() > 1) text.push_back(',');
    text.append(element.text());
  }
  text.push_back(']');
  return FromText(std::move(text));
}

const std::string& Payload::text() const {
  if (node_->text.empty()) node_->text = ToJson(node_->value);
  return node_->text;
}

const json::value& Payload::value() const {
  if (!node_->has_value) {
    // Text was checked where it came in, so this can only be a parse that succeeds.
    if (auto parsed = ParseJson(node_->text)) node_->value = *std::move(parsed);
    node_->has_value = true;
  }
  return node_->value;
}

bool Payload::TooDeep() const {
  if (node_->depth_known) return false;
  const bool deep = node_->has_value ? IsDeeper(node_->value, kMaxPayloadDepth)
                                     : IsDeeper(std::string_view(node_->text), kMaxPayloadDepth);
  node_->depth_known = !deep;
  return deep;
}

json::value Payload::TakeValue() && {
  const json::value& current = value();
  if (node_.use_count() > 1) return current;
  return std::move(node_->value);
}

std::size_t WeightOf(const json::value& value, std::size_t limit) {
  static constexpr std::size_t kNode = 24;
  std::size_t weight = kNode;
  if (const json::string* text = value.if_string()) return weight + text->size();
  if (const json::array* array = value.if_array()) {
    for (const json::value& element : *array) {
      if (weight > limit) break;
      weight += WeightOf(element, limit - weight);
    }
  } else if (const json::object* object = value.if_object()) {
    for (const auto& member : *object) {
      if (weight > limit) break;
      weight += member.key().size() + WeightOf(member.value(), limit - weight);
    }
  }
  return weight;
}

}  // namespace scones::asl
