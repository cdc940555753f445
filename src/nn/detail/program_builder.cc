#include "nn/detail/program_builder.h"

#include <algorithm>
#include <vector>

namespace scones::nn {
namespace {

using dnnl::algorithm;
using dnnl::memory;
using Tag = dnnl::memory::format_tag;

constexpr auto kFloat = memory::data_type::f32;
constexpr auto kInference = dnnl::prop_kind::forward_inference;

memory::desc Any(const memory::dims& dims) { return {dims, kFloat, Tag::any}; }
memory::desc Plain(const memory::dims& dims) {
  static constexpr Tag kTags[] = {Tag::a, Tag::ab, Tag::abc, Tag::abcd, Tag::abcde, Tag::abcdef};
  return {dims, kFloat, kTags[dims.size() - 1]};
}
memory::desc Vector(std::size_t size) { return {{static_cast<memory::dim>(size)}, kFloat, Tag::x}; }
memory::dims Pair(const std::int64_t (&pair)[2]) { return {pair[0], pair[1]}; }

// One or two oneDNN functions in a row that make up an activation.
struct Eltwise {
  algorithm function;
  float alpha = 0;
  float beta = 0;
};
std::vector<Eltwise> EltwisesOf(const Activation& activation) {
  const float a = activation.alpha;
  const float b = activation.beta;
  switch (activation.function) {
    case Function::kClip:
      // relu's parameter is its slope below zero.
      if (activation == Relu()) return {{algorithm::eltwise_relu}};
      return {{algorithm::eltwise_clip, a, b}};
    case Function::kLeakyRelu:
      return {{algorithm::eltwise_relu, a}};
    case Function::kElu:
      return {{algorithm::eltwise_elu, a}};
    case Function::kSigmoid:
      return {{algorithm::eltwise_logistic}};
    case Function::kSwish:
      return {{algorithm::eltwise_swish, a}};
    case Function::kHardSigmoid:
      return {{algorithm::eltwise_linear, a, b}, {algorithm::eltwise_clip, 0, 1}};
    case Function::kHardSwish:
      return {{algorithm::eltwise_hardswish}};
    case Function::kGelu:
      return {{algorithm::eltwise_gelu_erf}};
    case Function::kGeluTanh:
      return {{algorithm::eltwise_gelu_tanh}};
    case Function::kTanh:
      return {{algorithm::eltwise_tanh}};
    case Function::kSoftplus:
      return {{algorithm::eltwise_soft_relu}};
    case Function::kMish:
      return {{algorithm::eltwise_mish}};
    case Function::kErf:  // oneDNN has it only as part of gelu; Model::FromOnnx refuses what is
                          // left
      break;
    case Function::kExp:
      return {{algorithm::eltwise_exp}};
    case Function::kLog:
      return {{algorithm::eltwise_log}};
    case Function::kSqrt:
      return {{algorithm::eltwise_sqrt}};
    case Function::kAbs:
      return {{algorithm::eltwise_abs}};
    case Function::kLinear:
      return {{algorithm::eltwise_linear, a, b}};
    case Function::kPower:
      return {{algorithm::eltwise_pow, a, b}};
  }
  throw dnnl::error(dnnl_unimplemented, "there is no such function");
}

}  // namespace

ProgramBuilder::ProgramBuilder(const Graph& graph, int batch, const dnnl::engine& engine,
                               WeightStore& weights)
    : graph_(graph),
      engine_(engine),
      weights_(weights),
      placed_(graph.values.size()),
      last_use_(graph.values.size(), -1) {
  program_.batch_ = batch;
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    const auto use = [&](ValueId value) {
      last_use_[static_cast<std::size_t>(value)] = static_cast<int>(i);
    };
    for (const ValueId input : graph.ops[i].inputs) use(input);
    if (graph.ops[i].residual) use(*graph.ops[i].residual);
  }
  placed_[0] = {Plain(DimsOf(0)), kInputBuffer};
}

memory::dims ProgramBuilder::DimsOf(ValueId value) const {
  const Dims& dims = graph_.values[static_cast<std::size_t>(value)];
  memory::dims all = {program_.batch_};
  all.insert(all.end(), dims.begin(), dims.end());
  return all;
}

void ProgramBuilder::Add(const Op& op, int op_index) {
  if (const auto* conv = std::get_if<Conv>(&op.kind)) return AddConv(op, *conv, op_index);
  if (const auto* dense = std::get_if<Dense>(&op.kind)) return AddDense(op, *dense);
  if (const auto* affine = std::get_if<Affine>(&op.kind)) return AddAffine(op, *affine);
  if (const auto* pool = std::get_if<Pool>(&op.kind)) return AddPool(op, *pool);
  if (std::holds_alternative<nn::Add>(op.kind)) return AddAdd(op);
  if (std::holds_alternative<Reshape>(op.kind)) return AddReshape(op);
  if (std::holds_alternative<Softmax>(op.kind)) return AddSoftmax(op);
  AddActivate(op);
}

void ProgramBuilder::AddConv(const Op& op, const Conv& conv, int op_index) {
  const memory::dims in = DimsOf(op.inputs[0]);
  const memory::dims out = DimsOf(op.output);
  const Window& w = conv.window;
  const std::int64_t per_group = in[1] / conv.groups;
  const bool grouped = conv.groups > 1;
  const memory::dims weight_dims =
      grouped ? memory::dims{conv.groups, out[1] / conv.groups, per_group, w.kernel[0], w.kernel[1]}
              : memory::dims{out[1], per_group, w.kernel[0], w.kernel[1]};
  const memory::desc plain_weights(weight_dims, kFloat, grouped ? Tag::goihw : Tag::oihw);
  const memory::desc bias = Vector(conv.bias.size());
  const dnnl::convolution_forward::desc desc(
      kInference, algorithm::convolution_direct, Any(in), Any(weight_dims), bias, Any(out),
      Pair(w.stride), {w.dilation[0] - 1, w.dilation[1] - 1}, Pair(w.pad_begin), Pair(w.pad_end));
  const dnnl::convolution_forward::primitive_desc chosen(desc, Attributes(op), engine_);
  const Placed source = InLayout(At(op.inputs[0]), chosen.src_desc());
  const Placed result = op.residual ? PlaceOnResidual(op, chosen.dst_desc(), op_index)
                                    : Place(op.output, chosen.dst_desc());
  Emit(dnnl::convolution_forward(chosen), chosen.scratchpad_desc(),
       {{DNNL_ARG_SRC, source}, {DNNL_ARG_DST, result}},
       {{DNNL_ARG_WEIGHTS, weights_.Get(conv.weights, plain_weights, chosen.weights_desc())},
        {DNNL_ARG_BIAS, weights_.Get(conv.bias, bias, bias)}});
}

void ProgramBuilder::AddDense(const Op& op, const Dense& dense) {
  const memory::dims in = DimsOf(op.inputs[0]);
  const memory::dims out = DimsOf(op.output);
  const memory::dims weight_dims = {out[1], in[1]};
  const memory::desc bias = Vector(dense.bias.size());
  const dnnl::inner_product_forward::desc desc(kInference, Any(in), Any(weight_dims), bias,
                                               Any(out));
  const dnnl::inner_product_forward::primitive_desc chosen(desc, Attributes(op), engine_);
  const Placed source = InLayout(At(op.inputs[0]), chosen.src_desc());
  const Placed result = Place(op.output, chosen.dst_desc());
  const memory::desc plain_weights(weight_dims, kFloat, Tag::oi);
  Emit(dnnl::inner_product_forward(chosen), chosen.scratchpad_desc(),
       {{DNNL_ARG_SRC, source}, {DNNL_ARG_DST, result}},
       {{DNNL_ARG_WEIGHTS, weights_.Get(dense.weights, plain_weights, chosen.weights_desc())},
        {DNNL_ARG_BIAS, weights_.Get(dense.bias, bias, bias)}});
}

// Batch normalization of mean 0 and variance 1.
void ProgramBuilder::AddAffine(const Op& op, const Affine& affine) {
  using Flags = dnnl::normalization_flags;
  const Placed source = At(op.inputs[0]);
  const std::size_t channels = affine.scale.size();
  const dnnl::batch_normalization_forward::desc desc(
      kInference, source.desc, 0.0f, Flags::use_global_stats | Flags::use_scale | Flags::use_shift);
  const dnnl::batch_normalization_forward::primitive_desc chosen(desc, Attributes(op), engine_);
  const Placed result = Place(op.output, chosen.dst_desc());
  Emit(dnnl::batch_normalization_forward(chosen), chosen.scratchpad_desc(),
       {{DNNL_ARG_SRC, source}, {DNNL_ARG_DST, result}},
       {{DNNL_ARG_SCALE, weights_.Get(affine.scale, Vector(channels), Vector(channels))},
        {DNNL_ARG_SHIFT, weights_.Get(affine.shift, Vector(channels), Vector(channels))},
        {DNNL_ARG_MEAN, weights_.Fill(channels, 0.0f)},
        {DNNL_ARG_VARIANCE, weights_.Fill(channels, 1.0f)}});
}

void ProgramBuilder::AddPool(const Op& op, const Pool& pool) {
  const auto kind = pool.kind == PoolKind::kMax       ? algorithm::pooling_max
                    : pool.kind == PoolKind::kAverage ? algorithm::pooling_avg_exclude_padding
                                                      : algorithm::pooling_avg_include_padding;
  const Placed source = At(op.inputs[0]);
  const Window& w = pool.window;
  const dnnl::pooling_forward::desc desc(kInference, kind, source.desc, Any(DimsOf(op.output)),
                                         Pair(w.stride), Pair(w.kernel), Pair(w.pad_begin),
                                         Pair(w.pad_end));
  const dnnl::pooling_forward::primitive_desc chosen(desc, Attributes(op), engine_);
  const Placed result = Place(op.output, chosen.dst_desc());
  Emit(dnnl::pooling_forward(chosen), chosen.scratchpad_desc(),
       {{DNNL_ARG_SRC, source}, {DNNL_ARG_DST, result}});
}

void ProgramBuilder::AddAdd(const Op& op) {
  const Placed first = At(op.inputs[0]);
  const Placed second = InLayout(At(op.inputs[1]), first.desc);
  const dnnl::binary::desc desc(algorithm::binary_add, first.desc, second.desc, first.desc);
  const dnnl::binary::primitive_desc chosen(desc, Attributes(op), engine_);
  const Placed result = Place(op.output, first.desc);
  Emit(dnnl::binary(chosen), chosen.scratchpad_desc(),
       {{DNNL_ARG_SRC_0, first}, {DNNL_ARG_SRC_1, second}, {DNNL_ARG_DST, result}});
}

// The same bytes under another shape, once they are in plain order.
void ProgramBuilder::AddReshape(const Op& op) {
  const memory::dims in = DimsOf(op.inputs[0]);
  const Placed source = At(op.inputs[0]);
  bool in_order = source.desc == Plain(in);
  if (in.size() == 4 && in[2] == 1 && in[3] == 1) {
    in_order = in_order || source.desc == memory::desc(in, kFloat, Tag::nhwc) ||
               (in[1] % 16 == 0 && source.desc == memory::desc(in, kFloat, Tag::nChw16c)) ||
               (in[1] % 8 == 0 && source.desc == memory::desc(in, kFloat, Tag::nChw8c));
  }
  const Placed ordered = in_order ? source : InLayout(source, Plain(in));
  placed_[static_cast<std::size_t>(op.output)] = {Plain(DimsOf(op.output)), ordered.buffer};
}

void ProgramBuilder::AddSoftmax(const Op& op) {
  const Placed source = InLayout(At(op.inputs[0]), Plain(DimsOf(op.inputs[0])));
  const dnnl::softmax_forward::desc desc(kInference, source.desc, 1);
  const dnnl::softmax_forward::primitive_desc chosen(desc, Attributes(op), engine_);
  const Placed result = Place(op.output, source.desc);
  Emit(dnnl::softmax_forward(chosen), chosen.scratchpad_desc(),
       {{DNNL_ARG_SRC, source}, {DNNL_ARG_DST, result}});
}

void ProgramBuilder::AddActivate(const Op& op) {
  const Placed source = At(op.inputs[0]);
  const std::vector<Eltwise> parts = EltwisesOf(op.activation.value_or(Relu()));
  const dnnl::eltwise_forward::desc desc(kInference, parts[0].function, source.desc, parts[0].alpha,
                                         parts[0].beta);
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  dnnl::post_ops after;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    after.append_eltwise(1.0f, parts[i].function, parts[i].alpha, parts[i].beta);
  }
  attributes.set_post_ops(after);
  const dnnl::eltwise_forward::primitive_desc chosen(desc, attributes, engine_);
  const Placed result = Place(op.output, source.desc);
  Emit(dnnl::eltwise_forward(chosen), chosen.scratchpad_desc(),
       {{DNNL_ARG_SRC, source}, {DNNL_ARG_DST, result}});
}

dnnl::primitive_attr ProgramBuilder::Attributes(const Op& op) const {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  dnnl::post_ops after;
  if (op.residual) after.append_sum(1.0f);
  if (op.activation) {
    for (const Eltwise& part : EltwisesOf(*op.activation)) {
      after.append_eltwise(1.0f, part.function, part.alpha, part.beta);
    }
  }
  attributes.set_post_ops(after);
  return attributes;
}

ProgramBuilder::Placed ProgramBuilder::InLayout(const Placed& value, const memory::desc& desc) {
  if (value.desc == desc) return value;
  const Placed copy = NewBuffer(desc);
  Copy(value, copy);
  return copy;
}

ProgramBuilder::Placed ProgramBuilder::NewBuffer(const memory::desc& desc) {
  const int step = static_cast<int>(program_.steps_.size());
  lifetimes_.push_back({desc.get_size(), step, step});
  return {desc, kFirstPlanned + static_cast<int>(lifetimes_.size()) - 1};
}

ProgramBuilder::Placed ProgramBuilder::Place(ValueId value, const memory::desc& desc) {
  const bool is_output = value == graph_.output && desc == Plain(DimsOf(value));
  const Placed placed = is_output ? Placed{desc, kOutputBuffer} : NewBuffer(desc);
  placed_[static_cast<std::size_t>(value)] = placed;
  return placed;
}

ProgramBuilder::Placed ProgramBuilder::PlaceOnResidual(const Op& op, const memory::desc& desc,
                                                       int op_index) {
  const Placed residual = At(*op.residual);
  bool in_place = residual.desc == desc && residual.buffer >= kFirstPlanned &&
                  At(op.inputs[0]).buffer != residual.buffer;
  for (std::size_t value = 0; value < placed_.size(); ++value) {
    if (placed_[value].buffer == residual.buffer && last_use_[value] > op_index) in_place = false;
  }
  if (in_place) {
    placed_[static_cast<std::size_t>(op.output)] = residual;
    return residual;
  }
  const Placed result = Place(op.output, desc);
  Copy(residual, result);
  return result;
}

void ProgramBuilder::Copy(const Placed& from, const Placed& to) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  const dnnl::reorder::primitive_desc chosen(engine_, from.desc, engine_, to.desc, attributes);
  Emit(dnnl::reorder(chosen), chosen.scratchpad_desc(), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
}

void ProgramBuilder::Touch(int buffer) {
  if (buffer < kFirstPlanned) return;
  Lifetime& lifetime = lifetimes_[static_cast<std::size_t>(buffer - kFirstPlanned)];
  lifetime.last = static_cast<int>(program_.steps_.size());
}

void ProgramBuilder::Emit(const dnnl::primitive& primitive, const memory::desc& scratchpad,
                          std::initializer_list<Argument> arguments,
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

Program ProgramBuilder::Finish() {
  const Placed& last = At(graph_.output);
  if (last.buffer != kOutputBuffer) {
    Copy(last, {Plain(DimsOf(graph_.output)), kOutputBuffer});
  }
  program_.plan_ = PlanMemory(lifetimes_);
  return std::move(program_);
}

}  // namespace scones::nn
