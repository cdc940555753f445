#include <vector>

#include "nn/detail/eltwise.h"
#include "nn/detail/program_builder.h"

namespace scones::nn {
namespace {

using dnnl::algorithm;
using dnnl::memory;
using Tag = dnnl::memory::format_tag;

constexpr auto kFloat32 = memory::data_type::f32;
constexpr auto kInference = dnnl::prop_kind::forward_inference;

}  // namespace

void ProgramBuilder::Add(const Op& op, int op_index) {
  if (const auto* conv = std::get_if<Conv>(&op.kind)) return AddConv(op, *conv, op_index);
  if (const auto* dense = std::get_if<Dense>(&op.kind)) return AddDense(op, *dense, op_index);
  if (const auto* affine = std::get_if<Affine>(&op.kind)) return AddAffine(op, *affine);
  if (const auto* pool = std::get_if<Pool>(&op.kind)) return AddPool(op, *pool);
  if (std::holds_alternative<nn::Add>(op.kind)) return AddAdd(op);
  if (std::holds_alternative<Reshape>(op.kind)) return AddReshape(op);
  if (const auto* softmax = std::get_if<Softmax>(&op.kind)) return AddSoftmax(op, *softmax);
  if (const auto* binary = std::get_if<Binary>(&op.kind)) return AddBinary(op, *binary);
  if (const auto* combine = std::get_if<Combine>(&op.kind)) return AddCombine(op, *combine);
  if (const auto* product = std::get_if<MatMul>(&op.kind)) return AddMatMul(op, *product);
  if (const auto* norm = std::get_if<LayerNorm>(&op.kind)) return AddLayerNorm(op, *norm);
  if (std::holds_alternative<Mean>(op.kind)) return AddMean(op);
  if (const auto* permute = std::get_if<Permute>(&op.kind)) return AddPermute(op, *permute);
  if (const auto* slice = std::get_if<Slice>(&op.kind)) return AddSlice(op, *slice);
  if (const auto* concat = std::get_if<Concat>(&op.kind)) return AddConcat(op, *concat);
  if (const auto* literal = std::get_if<Literal>(&op.kind)) return AddLiteral(op, *literal);
  AddActivate(op);
}

// Each row of each picture is one vector.
void ProgramBuilder::AddDense(const Op& op, const Dense& dense, int op_index) {
  const memory::dims in = DimsOf(op.inputs[0]);
  const memory::dims out = DimsOf(op.output);
  const bool has_rows = in.size() > 2;
  const memory::dim vectors = has_rows ? in[0] * in[1] : in[0];
  const memory::dims weight_dims = {out.back(), in.back()};
  const memory::desc bias = Vector(dense.bias.size());
  const auto wanted = [&](const memory::dims& dims, memory::data_type type) {
    const memory::dims rows = {vectors, dims.back()};
    return has_rows ? Plain(rows, type) : Any(rows, type);
  };
  const dnnl::inner_product_forward::desc desc(kInference, wanted(in, dense_type_),
                                               Any(weight_dims, dense_type_), bias,
                                               wanted(out, TypeOf(op.output)));
  const dnnl::inner_product_forward::primitive_desc chosen(desc, Attributes(op), engine_);
  const Placed source =
      InLayout(At(op.inputs[0]), has_rows ? Plain(in, dense_type_) : chosen.src_desc());
  const memory::desc layout = has_rows ? Plain(out, TypeOf(op.output)) : chosen.dst_desc();
  const Placed result = op.residual ? PlaceOnResidual(op, At(*op.residual), layout, op_index)
                                    : Place(op.output, layout);
  const memory::desc plain_weights(weight_dims, kFloat32, Tag::oi);
  Emit(dnnl::inner_product_forward(chosen), chosen.scratchpad_desc(),
       {{DNNL_ARG_SRC, {chosen.src_desc(), source.buffer}},
        {DNNL_ARG_DST, {chosen.dst_desc(), result.buffer}}},
       {{DNNL_ARG_WEIGHTS, weights_.Get(dense.weights, plain_weights, chosen.weights_desc())},
        {DNNL_ARG_BIAS, weights_.Get(dense.bias, bias, bias)}});
}

// Batch normalization of mean 0 and variance 1.
void ProgramBuilder::AddAffine(const Op& op, const Affine& affine) {
  using Flags = dnnl::normalization_flags;
  const bool of_rows = affine.axis > 0;
  const Placed placed = of_rows ? InOrder(op.inputs[0]) : At(op.inputs[0]);
  const std::size_t channels = affine.scale.size();
  Placed source = placed;
  if (of_rows) {
    source.desc = Plain(Rows(placed.desc.dims()), placed.type());
  }
  const dnnl::batch_normalization_forward::desc desc(
      kInference, source.desc, 0.0f, Flags::use_global_stats | Flags::use_scale | Flags::use_shift);
  const dnnl::batch_normalization_forward::primitive_desc chosen(desc, Attributes(op), engine_);
  const Placed result = Place(op.output, of_rows ? placed.desc : chosen.dst_desc());
  Emit(dnnl::batch_normalization_forward(chosen), chosen.scratchpad_desc(),
       {{DNNL_ARG_SRC, source}, {DNNL_ARG_DST, {chosen.dst_desc(), result.buffer}}},
       {{DNNL_ARG_SCALE, weights_.Get(affine.scale, Vector(channels), Vector(channels))},
        {DNNL_ARG_SHIFT, weights_.Get(affine.shift, Vector(channels), Vector(channels))},
        {DNNL_ARG_MEAN, weights_.Fill(channels, 0.0f)},
        {DNNL_ARG_VARIANCE, weights_.Fill(channels, 1.0f)}});
}

// A maximum is the same in 8 bits; a mean is not.
void ProgramBuilder::AddPool(const Op& op, const Pool& pool) {
  const auto kind = pool.kind == PoolKind::kMax       ? algorithm::pooling_max
                    : pool.kind == PoolKind::kAverage ? algorithm::pooling_avg_exclude_padding
                                                      : algorithm::pooling_avg_include_padding;
  const Placed source = pool.kind == PoolKind::kMax ? Stored(op.inputs[0]) : At(op.inputs[0]);
  const Window& w = pool.window;
  const dnnl::pooling_forward::desc desc(kInference, kind, source.desc,
                                         Any(DimsOf(op.output), source.type()), PairOf(w.stride),
                                         PairOf(w.kernel), PairOf(w.pad_begin), PairOf(w.pad_end));
  const dnnl::pooling_forward::primitive_desc chosen(desc, Attributes(op), engine_);
  const Placed result = Place(op.output, chosen.dst_desc(), source.scale);
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
  const Placed source = Stored(op.inputs[0]);
  const memory::data_type type = source.type();
  bool in_order = source.desc == Plain(in, type);
  if (in.size() == 4 && in[2] == 1 && in[3] == 1) {
    in_order = in_order || source.desc == memory::desc(in, type, Tag::nhwc) ||
               (in[1] % 16 == 0 && source.desc == memory::desc(in, type, Tag::nChw16c)) ||
               (in[1] % 8 == 0 && source.desc == memory::desc(in, type, Tag::nChw8c));
  }
  const Placed ordered = in_order ? source : InLayout(source, Plain(in, type), source.scale);
  placed_[static_cast<std::size_t>(op.output)] = {Plain(DimsOf(op.output), type), ordered.buffer,
                                                  source.scale};
}

void ProgramBuilder::AddSoftmax(const Op& op, const Softmax& softmax) {
  const Placed source = InLayout(At(op.inputs[0]), Plain(DimsOf(op.inputs[0]), kFloat32));
  const dnnl::softmax_forward::desc desc(kInference, source.desc, softmax.axis + 1);
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

}  // namespace scones::nn
