// A JSON document that travels between states: its text, its parsed value, or both, each made from
// the other when first asked for. Text that came in is kept as it came (AWS shows an input with the
// spaces that its caller wrote), and a document that no state looks into is never parsed.
// A cheap shared handle; copies belong to the same thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace scones::asl {

class Payload {
 public:
  // null.
  Payload();
  // Precondition: `text` is JSON (see IsJson).
  static Payload FromText(std::string text);
  static Payload FromValue(json::value value);
  // Precondition: `value` is what `text` says.
  static Payload FromBoth(std::string text, json::value value);
  // The array of these documents.
  static Payload ArrayOf(const std::vector<Payload>& elements);

  const std::string& text() const;
  const json::value& value() const;
  // The value, moved out if this is the only handle, else copied.
  json::value TakeValue() &&;

 private:
  struct Node;
  explicit Payload(std::shared_ptr<Node> node) : node_(std::move(node)) {}

  std::shared_ptr<Node> node_;
};

}  // namespace scones::asl
