// Turns the items of a map run into the inputs of its children: ItemSelector, then ItemBatcher.
// Pure; belongs to one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "asl/definition.h"
#include "asl/map_run.h"
#include "base/json.h"
#include "base/result.h"

namespace scones::asl {

struct MapItem {
  json::value value;
  std::optional<std::string> key;  // of a member, where an object's members are the items
  std::string source;              // $$.Map.Item.Source
};

class ChildInputs {
 public:
  // Takes each child's input (JSON text) and how many items are in it. An error ends the run.
  using Sink = std::function<Result<void>(std::string input, std::int64_t items)>;
  // The references outlive it. Errors: kDataLoss where `spec` is of another definition.
  static Result<ChildInputs> Make(const Definition& definition, const MapRunSpec& spec, Sink sink);

  // Errors carry the language's error name and cause: what the run fails with.
  Result<void> Add(MapItem item);
  // Every item of spec.items.
  Result<void> AddStateItems();
  // After the last item.
  Result<void> Finish();

 private:
  ChildInputs(const Definition& definition, const MapRunSpec& spec, Sink sink)
      : definition_(definition), spec_(spec), sink_(std::move(sink)) {}
  Result<std::string> Selected(MapItem item);
  Result<void> Emit();

  const Definition& definition_;
  const MapRunSpec& spec_;
  Sink sink_;
  json::value input_;
  json::value context_;
  json::value variables_;
  json::value states_;  // JSONata: $states
  std::int64_t index_ = 0;
  std::uint64_t draws_ = 0;
  std::string batch_;  // items so far, with commas
  std::int64_t batch_items_ = 0;
};

}  // namespace scones::asl
