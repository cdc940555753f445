#include "asl/payload.h"

namespace scones::asl {

struct Payload::Node {
  std::string text;  // empty when not made yet: no JSON text is empty
  json::value value;
  bool has_value = false;
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

json::value Payload::TakeValue() && {
  const json::value& current = value();
  if (node_.use_count() > 1) return current;
  return std::move(node_->value);
}

}  // namespace scones::asl
