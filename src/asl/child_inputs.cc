#include "asl/child_inputs.h"

#include <fmt/format.h>

#include "asl/engine.h"
#include "asl/program.h"

namespace scones::asl {
namespace {

// {"BatchInput":…,"Items":[…]} without what varies.
std::size_t EnvelopeBytes(const MapRunSpec& spec) {
  constexpr std::size_t kItems = std::string_view(R"({"Items":[]})").size();
  constexpr std::size_t kInput = std::string_view(R"("BatchInput":,)").size();
  return kItems + (spec.batch_input.empty() ? 0 : kInput + spec.batch_input.size());
}

Error TooLarge(const MapRunSpec& spec) {
  return Error(Code::kInvalid, "States.DataLimitExceeded",
               fmt::format("The state/task '{}' was given an input with a size exceeding the "
                           "maximum number of bytes service limit.",
                           spec.state_name));
}

}  // namespace

Result<ChildInputs> ChildInputs::Make(const Definition& definition, const MapRunSpec& spec,
                                      Sink sink) {
  if (spec.state < 0 ||
      static_cast<std::size_t>(spec.state) >= definition.program().states.size()) {
    return Error(Code::kDataLoss, "a stored map run is of another definition");
  }
  ChildInputs made(definition, spec, std::move(sink));
  if (!spec.input.empty()) {
    TRY(made.input_, ParseJson(spec.input));
    TRY(made.context_, ParseJson(spec.context));
    TRY(made.variables_, ParseJson(spec.variables));
  }
  return made;
}

Result<std::string> ChildInputs::Selected(MapItem item) {
  const State& state = definition_.program().states[static_cast<std::size_t>(spec_.state)];
  const std::int64_t index = index_++;
  if (!state.parameters || !context_.is_object()) return ToJson(item.value);
  json::object about{{"Index", index}, {"Value", std::move(item.value)}};
  if (item.key) about["Key"] = *item.key;
  about["Source"] = item.source;
  context_.get_object()["Map"] = {{"Item", std::move(about)}};
  std::size_t budget = Path::kMaxResultBytes;
  Scope scope{.input = &input_,
              .context = [this]() -> const json::value& { return context_; },
              .random = [this] { return MixedBits(spec_.random_seed, ++draws_); },
              .budget = &budget,
              .variable = [this](std::string_view name) -> const json::value* {
                const json::object* variables = variables_.if_object();
                return variables == nullptr ? nullptr : FindMember(*variables, name);
              }};
  scope.now = spec_.now;
  // $states is made once: only the item in it changes.
  if (state.jsonata) {
    if (!states_.is_object()) states_ = {{"input", input_}, {"context", context_}};
    json::object& context = states_.get_object().at("context").get_object();
    context["Map"] = context_.get_object().at("Map");
    scope.states = std::move(states_);
  }
  auto value = state.parameters->Evaluate(scope);
  if (state.jsonata) states_ = std::move(scope.states);
  if (!value) return WrappedError(spec_.state_name, spec_.entered_event, value.error());
  return ToJson(*value);
}

Result<void> ChildInputs::Add(MapItem item) {
  TRY(std::string input, Selected(std::move(item)));
  if (!spec_.batched) {
    if (input.size() > kMaxPayloadBytes) return TooLarge(spec_);
    return sink_(std::move(input), 1);
  }
  const auto most = static_cast<std::size_t>(spec_.max_bytes_per_batch);
  const std::size_t envelope = EnvelopeBytes(spec_);
  if (batch_items_ > 0 && envelope + batch_.size() + 1 + input.size() > most) TRY_VOID(Emit());
  if (envelope + input.size() > kMaxPayloadBytes) return TooLarge(spec_);
  if (batch_items_ > 0) batch_ += ',';
  batch_ += input;
  ++batch_items_;
  if (batch_items_ == spec_.max_items_per_batch) TRY_VOID(Emit());
  return {};
}

Result<void> ChildInputs::Emit() {
  std::string input = "{";
  if (!spec_.batch_input.empty()) input += "\"BatchInput\":" + spec_.batch_input + ",";
  input += "\"Items\":[" + batch_ + "]}";
  const std::int64_t items = batch_items_;
  batch_.clear();
  batch_items_ = 0;
  return sink_(std::move(input), items);
}

Result<void> ChildInputs::AddStateItems() {
  TRY(json::value items, ParseJson(spec_.items));
  if (json::object* object = items.if_object()) {
    for (auto& member : *object) {
      json::object pair{{"Key", member.key()}, {"Value", std::move(member.value())}};
      TRY_VOID(Add({std::move(pair), std::string(member.key()), "STATE_DATA"}));
    }
    return {};
  }
  for (json::value& item : items.get_array()) {
    TRY_VOID(Add({std::move(item), std::nullopt, "STATE_DATA"}));
  }
  return {};
}

Result<void> ChildInputs::Finish() {
  if (batch_items_ > 0) return Emit();
  return {};
}

}  // namespace scones::asl
