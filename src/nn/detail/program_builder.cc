#include "nn/detail/program_builder.h"

#include <algorithm>
#include <utility>

namespace scones::nn {

using dnnl::memory;

constexpr auto kFloat32 = memory::data_type::f32;

namespace {

// Without VNNI the products of u8 and s8 are added in pairs to 16 bits, where two of 255 * 64 still
// fit.
int WeightSteps() {
  const auto isa = dnnl::get_effective_cpu_isa();
  const bool plain = isa == dnnl::cpu_isa::sse41 || isa == dnnl::cpu_isa::avx ||
                     isa == dnnl::cpu_isa::avx2 || isa == dnnl::cpu_isa::avx512_core;
  return plain ? 63 : 127;
}

// What dense layers of an int8 program read: half the bytes, and twice the speed, of fp32.
memory::data_type DenseType(const QuantPlan* plan, memory::data_type type) {
  return plan != nullptr && HasBFloat16() ? memory::data_type::bf16 : type;
}

}  // namespace

memory::desc WithType(memory::desc desc, memory::data_type type) {
  desc.data.data_type = memory::convert_to_c(type);
  return desc;
}

memory::desc Any(const memory::dims& dims, memory::data_type type) {
  return {dims, type, memory::format_tag::any};
}

memory::desc Vector(std::size_t size) {
  return {{static_cast<memory::dim>(size)}, kFloat32, memory::format_tag::x};
}

memory::dims PairOf(const std::int64_t (&pair)[2]) { return {pair[0], pair[1]}; }

memory::desc Plain(const memory::dims& dims, memory::data_type type) {
  using Tag = memory::format_tag;
  static constexpr Tag kTags[] = {Tag::a, Tag::ab, Tag::abc, Tag::abcd, Tag::abcde, Tag::abcdef};
  return {dims, type, kTags[dims.size() - 1]};
}

ProgramBuilder::ProgramBuilder(const Graph& graph, int batch, Precision precision,
                               const QuantPlan* plan, const dnnl::engine& engine,
                               WeightStore& weights)
    : graph_(graph),
      plan_(plan),
      weight_steps_(WeightSteps()),
      type_(precision == Precision::kBFloat16 ? memory::data_type::bf16 : kFloat32),
      dense_type_(DenseType(plan, type_)),
      engine_(engine),
      weights_(weights),
      placed_(graph.values.size()),
      real_(graph.values.size()),
      last_use_(graph.values.size(), -1),
      exact_(graph.values.size(), false) {
  program_.batch_ = batch;
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    const auto use = [&](ValueId value) {
      last_use_[static_cast<std::size_t>(value)] = static_cast<int>(i);
    };
    for (const ValueId input : graph.ops[i].inputs) use(input);
    if (graph.ops[i].residual) use(*graph.ops[i].residual);
    if (std::holds_alternative<Softmax>(graph.ops[i].kind)) {
      exact_[static_cast<std::size_t>(graph.ops[i].inputs[0])] = true;
    }
  }
  exact_[static_cast<std::size_t>(graph.output)] = true;
  placed_[0] = {Plain(DimsOf(0), kFloat32), kInputBuffer};
}

memory::dims ProgramBuilder::DimsOf(ValueId value) const {
  const Dims& dims = graph_.values[static_cast<std::size_t>(value)];
  memory::dims all = {program_.batch_};
  all.insert(all.end(), dims.begin(), dims.end());
  return all;
}

memory::data_type ProgramBuilder::TypeOf(ValueId value) const {
  return exact_[static_cast<std::size_t>(value)] ? kFloat32 : type_;
}

ProgramBuilder::Placed ProgramBuilder::At(ValueId value) {
  const Placed& stored = Stored(value);
  if (!stored.is_int8()) return stored;
  Placed& real = real_[static_cast<std::size_t>(value)];
  if (real.buffer < 0) real = InLayout(stored, WithType(stored.desc, type_));
  return real;
}

ProgramBuilder::Placed ProgramBuilder::Float32(ValueId value) {
  const Placed& stored = Stored(value);
  return InLayout(stored, WithType(stored.desc, kFloat32));
}

ProgramBuilder::Placed ProgramBuilder::InLayout(const Placed& value, const memory::desc& desc,
                                                float scale) {
  if (value.desc == desc && value.scale == scale) return value;
  const Placed copy = NewBuffer(desc, scale);
  Copy(value, copy);
  return copy;
}

ProgramBuilder::Placed ProgramBuilder::NewBuffer(const memory::desc& desc, float scale) {
  const int step = static_cast<int>(program_.steps_.size());
  lifetimes_.push_back({desc.get_size(), step, step});
  return {desc, kFirstPlanned + static_cast<int>(lifetimes_.size()) - 1, scale};
}

ProgramBuilder::Placed ProgramBuilder::Place(ValueId value, const memory::desc& desc, float scale) {
  const bool is_output = value == graph_.output && desc == Plain(DimsOf(value), kFloat32);
  const Placed placed = is_output ? Placed{desc, kOutputBuffer} : NewBuffer(desc, scale);
  placed_[static_cast<std::size_t>(value)] = placed;
  return placed;
}

ProgramBuilder::Placed ProgramBuilder::PlaceOnResidual(const Op& op, const Placed& residual,
                                                       const memory::desc& desc, int op_index) {
  bool in_place = residual.desc == desc && residual.buffer >= kFirstPlanned &&
                  Stored(op.inputs[0]).buffer != residual.buffer;
  for (std::size_t value = 0; value < placed_.size(); ++value) {
    const bool same =
        placed_[value].buffer == residual.buffer || real_[value].buffer == residual.buffer;
    if (same && last_use_[value] > op_index) in_place = false;
  }
  if (in_place) {
    placed_[static_cast<std::size_t>(op.output)] = residual;
    return residual;
  }
  const Placed result = Place(op.output, desc, residual.scale);
  Copy(residual, result);
  return result;
}

void ProgramBuilder::Copy(const Placed& from, const Placed& to) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (from.scale != to.scale) attributes.set_output_scales(0, {from.scale / to.scale});
  const dnnl::reorder::primitive_desc chosen(engine_, from.desc, engine_, to.desc, attributes);
  Emit(dnnl::reorder(chosen), chosen.scratchpad_desc(), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
}

void ProgramBuilder::Touch(int buffer) {
  if (buffer < kFirstPlanned) return;
  Lifetime& lifetime = lifetimes_[static_cast<std::size_t>(buffer - kFirstPlanned)];
  lifetime.last = static_cast<int>(program_.steps_.size());
}

void ProgramBuilder::Emit(const dnnl::primitive& primitive, const memory::desc& scratchpad,
                          const std::vector<Argument>& arguments,
                          const std::vector<std::pair<int, memory>>& weights) {
  Program::Step step{primitive, {}};
  const auto bind = [&](int id, const Placed& where) {
    memory bound(where.desc, engine_, DNNL_MEMORY_NONE);
    step.arguments.push_back({id, bound.get()});
    if (where.buffer == kInputBuffer) program_.inputs_.push_back(bound.get());
    if (where.buffer == kOutputBuffer) program_.outputs_.push_back(bound.get());
    program_.bindings_.push_back({std::move(bound), where.buffer});
    Touch(where.buffer);
  };
  for (const Argument& argument : arguments) bind(argument.id, argument.where);
  if (scratchpad.get_size() > 0) {
    bind(DNNL_ARG_SCRATCHPAD, {scratchpad, kScratchBuffer});
    program_.scratch_bytes_ = std::max(program_.scratch_bytes_, scratchpad.get_size());
  }
  for (const auto& [id, weight] : weights) {
    step.arguments.push_back({id, weight.get()});
    program_.weights_.push_back(weight);
  }
  program_.steps_.push_back(std::move(step));
}

void ProgramBuilder::Observe(ValueId value) {
  const Placed copy = NewBuffer(Plain(DimsOf(value), kFloat32));
  Copy(Stored(value), copy);
  program_.observed_.push_back({copy.buffer, copy.desc.get_size() / sizeof(float)});
}

Program ProgramBuilder::Finish() {
  const Placed& last = Stored(graph_.output);
  if (last.buffer != kOutputBuffer) {
    Copy(last, {Plain(DimsOf(graph_.output), kFloat32), kOutputBuffer});
  }
  for (const auto& observed : program_.observed_) Touch(observed.buffer);
  program_.plan_ = PlanMemory(lifetimes_);
  return std::move(program_);
}

}  // namespace scones::nn
