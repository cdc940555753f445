// Operators on rows of vectors (tokens) and those that move elements.
#include <vector>

#include "nn/detail/program_builder.h"

namespace scones::nn {
namespace {

using dnnl::algorithm;
using dnnl::memory;
using Tag = dnnl::memory::format_tag;

constexpr auto kFloat32 = memory::data_type::f32;
constexpr auto kInference = dnnl::prop_kind::forward_inference;

algorithm AlgorithmOf(Arithmetic arithmetic) {
  switch (arithmetic) {
    case Arithmetic::kAdd:
      return algorithm::binary_add;
    case Arithmetic::kSubtract:
      return algorithm::binary_sub;
    case Arithmetic::kMultiply:
      return algorithm::binary_mul;
    case Arithmetic::kDivide:
      return algorithm::binary_div;
    case Arithmetic::kMinimum:
      return algorithm::binary_min;
    case Arithmetic::kMaximum:
      return algorithm::binary_max;
  }
  return algorithm::undef;
}

// Channels in a block of the layout of `desc`, a picture's: 16, 8, 1 for channels last, 0 else.
memory::dim BlockOf(const memory::desc& desc) {
  if (desc.dims().size() != 4) return 0;
  for (const auto& [tag, block] :
       {std::pair(Tag::nChw16c, 16), std::pair(Tag::nChw8c, 8), std::pair(Tag::nhwc, 1)}) {
    if (desc == memory::desc(desc.dims(), desc.data_type(), tag)) return block;
  }
  return 0;
}

// The layout of `desc`, as far as pictures have one, for other dimensions.
memory::desc LayoutLike(const memory::desc& desc, const memory::dims& dims) {
  const memory::dim block = dims.size() == 4 ? BlockOf(desc) : 0;
  if (block == 0) return Plain(dims, desc.data_type());
  return {dims, desc.data_type(),
          block == 16  ? Tag::nChw16c
          : block == 8 ? Tag::nChw8c
                       : Tag::nhwc};
}

}  // namespace

memory::dims Rows(const memory::dims& dims) {
  memory::dim rows = 1;
  for (std::size_t i = 0; i + 1 < dims.size(); ++i) rows *= dims[i];
  return {rows, dims.back()};
}

ProgramBuilder::Placed ProgramBuilder::InOrder(ValueId value) {
  const Placed& placed = At(value);
  return InLayout(placed, Plain(DimsOf(value), placed.type()));
}

void ProgramBuilder::AddBinary(const Op& op, const Binary& binary) {
  const Placed first = At(op.inputs[0]);
  const memory::dims dims = DimsOf(op.inputs[1]);
  const memory::desc layout = dims == first.desc.dims() ? first.desc : LayoutLike(first.desc, dims);
  const Placed second = InLayout(At(op.inputs[1]), layout);
  const dnnl::binary::desc desc(AlgorithmOf(binary.arithmetic), first.desc, second.desc,
                                first.desc);
  const dnnl::binary::primitive_desc chosen(desc, Attributes(op), engine_);
  const Placed result = Place(op.output, first.desc);
  Emit(dnnl::binary(chosen), chosen.scratchpad_desc(),
       {{DNNL_ARG_SRC_0, first}, {DNNL_ARG_SRC_1, second}, {DNNL_ARG_DST, result}});
}

// Each picture as one row.
void ProgramBuilder::AddCombine(const Op& op, const Combine& combine) {
  const auto count = static_cast<memory::dim>(combine.constants.size());
  const Placed source = InOrder(op.inputs[0]);
  const Placed row{Plain({program_.batch_, count}, source.type()), source.buffer};
  const memory::desc constants = Plain({1, count}, kFloat32);
  const dnnl::binary::desc desc(combine.multiply ? algorithm::binary_mul : algorithm::binary_add,
                                row.desc, constants, row.desc);
  const dnnl::binary::primitive_desc chosen(desc, Attributes(op), engine_);
  const Placed result = Place(op.output, source.desc);
  Emit(dnnl::binary(chosen), chosen.scratchpad_desc(),
       {{DNNL_ARG_SRC_0, row}, {DNNL_ARG_DST, {row.desc, result.buffer}}},
       {{DNNL_ARG_SRC_1, weights_.Get(combine.constants, constants, constants)}});
}

void ProgramBuilder::AddMatMul(const Op& op, const MatMul& product) {
  const memory::dims out = DimsOf(op.output);
  const auto operand = [&](ValueId value) {
    return InLayout(At(value), Plain(DimsOf(value), type_));
  };
  // All matrices of all pictures in one list.
  const auto merged = [](const memory::dims& dims) {
    return memory::dims{dims[0] * dims[1], dims[2], dims[3]};
  };
  const Placed a = operand(op.inputs[0]);
  const Placed b = operand(op.inputs[1]);
  const Placed left{Plain(merged(a.desc.dims()), type_), a.buffer};
  const Placed right{Plain(merged(b.desc.dims()), type_), b.buffer};
  const memory::desc wanted = Plain(merged(out), TypeOf(op.output));
  dnnl::primitive_attr attributes = Attributes(op);
  if (product.scale != 1) attributes.set_output_scales(0, {product.scale});
  const dnnl::matmul::desc desc(left.desc, right.desc, wanted);
  const dnnl::matmul::primitive_desc chosen(desc, attributes, engine_);
  const Placed result = Place(op.output, Plain(out, TypeOf(op.output)));
  Emit(dnnl::matmul(chosen), chosen.scratchpad_desc(),
       {{DNNL_ARG_SRC, left}, {DNNL_ARG_WEIGHTS, right}, {DNNL_ARG_DST, {wanted, result.buffer}}});
}

void ProgramBuilder::AddLayerNorm(const Op& op, const LayerNorm& norm) {
  using Flags = dnnl::normalization_flags;
  const Placed source = InOrder(op.inputs[0]);
  const memory::dims rows = Rows(source.desc.dims());
  const Placed from{Plain(rows, source.type()), source.buffer};
  const memory::desc vector = Plain({rows[1]}, kFloat32);
  const dnnl::layer_normalization_forward::desc desc(kInference, from.desc, norm.epsilon,
                                                     Flags::use_scale | Flags::use_shift);
  const dnnl::layer_normalization_forward::primitive_desc chosen(desc, Attributes(op), engine_);
  const Placed result = Place(op.output, source.desc);
  Emit(dnnl::layer_normalization_forward(chosen), chosen.scratchpad_desc(),
       {{DNNL_ARG_SRC, from}, {DNNL_ARG_DST, {from.desc, result.buffer}}},
       {{DNNL_ARG_SCALE, weights_.Get(norm.scale, vector, vector)},
        {DNNL_ARG_SHIFT, weights_.Get(norm.shift, vector, vector)}});
}

void ProgramBuilder::AddMean(const Op& op) {
  const Placed source = InOrder(op.inputs[0]);
  const memory::desc wanted = Plain(DimsOf(op.output), source.type());
  const dnnl::reduction::desc desc(algorithm::reduction_mean, source.desc, wanted, 0.0f, 0.0f);
  const dnnl::reduction::primitive_desc chosen(desc, Attributes(op), engine_);
  const Placed result = Place(op.output, wanted);
  Emit(dnnl::reduction(chosen), chosen.scratchpad_desc(),
       {{DNNL_ARG_SRC, source}, {DNNL_ARG_DST, result}});
}

void ProgramBuilder::AddPermute(const Op& op, const Permute& permute) {
  const Placed source = InOrder(op.inputs[0]);
  std::vector<int> places(permute.axes.size() + 1, 0);  // where each axis goes
  for (std::size_t i = 0; i < permute.axes.size(); ++i) {
    places[static_cast<std::size_t>(permute.axes[i]) + 1] = static_cast<int>(i) + 1;
  }
  Copy({source.desc.permute_axes(places), source.buffer},
       Place(op.output, Plain(DimsOf(op.output), source.type())));
}

void ProgramBuilder::AddSlice(const Op& op, const Slice& slice) {
  const memory::dims dims = DimsOf(op.output);
  memory::dims offsets(dims.size(), 0);
  offsets[static_cast<std::size_t>(slice.axis) + 1] = slice.start;
  Placed source = At(op.inputs[0]);
  // Not every part of a blocked layout has one; a part of a plain one does.
  memory::desc part = source.desc.submemory_desc(dims, offsets, true);
  if (part.is_zero()) {
    source = InOrder(op.inputs[0]);
    part = source.desc.submemory_desc(dims, offsets);
  }
  Copy({part, source.buffer}, Place(op.output, LayoutLike(source.desc, dims)));
}

void ProgramBuilder::AddConcat(const Op& op, const Concat& concat) {
  const memory::desc first = At(op.inputs[0]).desc;
  const memory::dims dims = DimsOf(op.output);
  const memory::dim block = BlockOf(first);
  bool blocked = block > 0;  // and every part has whole blocks
  for (const ValueId input : op.inputs) {
    blocked = blocked && (concat.axis != 0 || DimsOf(input)[1] % block == 0);
  }
  const auto layout = [&](const memory::dims& part) {
    return blocked ? LayoutLike(first, part) : Plain(part, first.data_type());
  };
  std::vector<Argument> arguments;
  std::vector<memory::desc> sources;
  for (const ValueId input : op.inputs) {
    const Placed source = InLayout(At(input), layout(DimsOf(input)));
    sources.push_back(source.desc);
    arguments.push_back({DNNL_ARG_MULTIPLE_SRC + static_cast<int>(arguments.size()), source});
  }
  const dnnl::concat::primitive_desc chosen(layout(dims), concat.axis + 1, sources, engine_,
                                            Attributes(op));
  arguments.push_back({DNNL_ARG_DST, Place(op.output, layout(dims))});
  Emit(dnnl::concat(chosen), chosen.scratchpad_desc(), arguments);
}

// Written anew in each run, once for each picture: the arena is shared.
void ProgramBuilder::AddLiteral(const Op& op, const Literal& literal) {
  const Placed result = Place(op.output, Plain(DimsOf(op.output), TypeOf(op.output)));
  const auto count = static_cast<memory::dim>(literal.values.size());
  const memory::desc row = Plain({1, count}, kFloat32);
  const memory values = weights_.Get(literal.values, row, row);
  const memory::desc all = Plain({program_.batch_, count}, result.type());
  for (int picture = 0; picture < program_.batch_; ++picture) {
    const Placed to{all.submemory_desc({1, count}, {picture, 0}), result.buffer};
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    const dnnl::reorder::primitive_desc chosen(engine_, row, engine_, to.desc, attributes);
    Emit(dnnl::reorder(chosen), chosen.scratchpad_desc(), {{DNNL_ARG_TO, to}},
         {{DNNL_ARG_FROM, values}});
  }
}

}  // namespace scones::nn
