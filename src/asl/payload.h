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

inline constexpr int kMaxPayloadDepth = 120;

class Payload {
 public:
  // null.
  Payload();
  // Precondition: `text` is JSON .
  static Payload FromText(std::string text);
  static Payload FromValue(json::value value);
  // Precondition: `value` is what `text` says.
  static Payload FromBoth(std::string text, json::value value);
  // The array of these documents.
  static Payload ArrayOf(const std::vector<Payload>& elements);

  const std::string& text() const;
  const json::value& value() const;
  // Nested deeper than kMaxPayloadDepth: it could not be read back once stored.
  bool TooDeep() const;
  // The value, moved out if this is the only handle, else copied.
  json::value TakeValue() &&;

 private:
  struct Node;
  explicit Payload(std::shared_ptr<Node> node) : node_(std::move(node)) {}

  std::shared_ptr<Node> node_;
};

// Bytes that a copy of `value` takes, roughly; stops counting beyond `limit`.
std::size_t WeightOf(const json::value& value, std::size_t limit);

}  // namespace scones::asl
