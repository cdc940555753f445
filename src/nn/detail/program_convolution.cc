// Convolutions: the fastest that oneDNN has for a shape and data type.
#include <string_view>
#include <vector>

#include "nn/detail/eltwise.h"
#include "nn/detail/program_builder.h"

namespace scones::nn {
namespace {

using dnnl::algorithm;
using dnnl::memory;
using Tag = dnnl::memory::format_tag;
using PrimitiveDesc = dnnl::convolution_forward::primitive_desc;
using Type = memory::data_type;

// What oneDNN asks for, in its own terms.
struct Shape {
  Shape(const Conv& conv, memory::dims input, memory::dims result)
      : window(conv.window), in(std::move(input)), out(std::move(result)) {
    const std::int64_t per_group = in[1] / conv.groups;
    grouped = conv.groups > 1;
    if (grouped) weights.push_back(conv.groups);
    for (const std::int64_t dim :
         {out[1] / conv.groups, per_group, window.kernel[0], window.kernel[1]}) {
      weights.push_back(dim);
    }
  }
  memory::desc PlainWeights() const {
    return {weights, Type::f32, grouped ? Tag::goihw : Tag::oihw};
  }
  // The dimensions of the weights that count output channels.
  int ChannelMask() const { return grouped ? 3 : 1; }
  bool SuitsWinograd() const {
    const Window& w = window;
    return !grouped && in[1] >= 32 && out[1] >= 32 && w.kernel[0] == 3 && w.kernel[1] == 3 &&
           w.stride[0] == 1 && w.stride[1] == 1 && w.dilation[0] == 1 && w.dilation[1] == 1;
  }

  Window window;
  bool grouped;
  memory::dims in, out, weights;
};

struct Request {
  algorithm method = algorithm::convolution_direct;
  Type source, weights, result;
  Tag source_tag = Tag::any;
  Tag result_tag = Tag::any;
};

// Without a primitive when oneDNN has none.
PrimitiveDesc Find(const Shape& shape, const Request& request,
                   const dnnl::primitive_attr& attributes, const dnnl::engine& engine) {
  const Window& w = shape.window;
  const dnnl::convolution_forward::desc desc(
      dnnl::prop_kind::forward_inference, request.method,
      {shape.in, request.source, request.source_tag}, Any(shape.weights, request.weights),
      Vector(static_cast<std::size_t>(shape.out[1])),
      {shape.out, request.result, request.result_tag}, PairOf(w.stride),
      {w.dilation[0] - 1, w.dilation[1] - 1}, PairOf(w.pad_begin), PairOf(w.pad_end));
  return PrimitiveDesc(desc, attributes, engine, true);
}

// Code made for the shape, rather than a plain loop or a detour over a matrix product.
bool IsGenerated(const PrimitiveDesc& found) {
  const std::string_view name = found.get(true) == nullptr ? "" : found.impl_info_str();
  return name.starts_with("jit") || name.starts_with("brgconv");
}

Type StoredType(const Int8Format& format) { return format.is_signed ? Type::s8 : Type::u8; }

// Where an int8 convolution's sums end: its result, and the residual that it finds there.
struct Joint {
  Type result = Type::f32;
  float scale = 1;  // of the result
  Type residual = Type::undef;
  float residual_scale = 1;
};

// Rounding to u8 cuts at zero, which is all that relu would do. Clipping works in the steps of the
// result; other functions need real numbers, which are brought to steps after them.
dnnl::primitive_attr Int8Attributes(const Op& op, const Joint& joint, float source_scale,
                                    std::vector<float> scales) {
  const bool in_steps = !op.activation || op.activation->function == Function::kClip;
  const float unit = in_steps ? joint.scale : 1.0f;
  for (float& scale : scales) scale *= source_scale / unit;
  dnnl::post_ops after;
  if (op.residual) after.append_sum(joint.residual_scale / unit, 0, joint.residual);
  const bool cut_anyway = op.activation == Relu() && joint.result == Type::u8;
  if (op.activation && !cut_anyway) {
    const std::vector<Eltwise> parts = EltwisesOf(*op.activation);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const float limits = in_steps ? 1 / unit : 1.0f;
      const float last = i + 1 == parts.size() && !in_steps ? 1 / joint.scale : 1.0f;
      after.append_eltwise(last, parts[i].function, parts[i].alpha * limits,
                           parts[i].beta * limits);
    }
  }
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  attributes.set_output_scales(2, scales);
  attributes.set_post_ops(after);
  return attributes;
}

}  // namespace

// Direct convolutions are fastest on blocks of 16 channels, but for unusual shapes oneDNN has only
// a plain loop there. Winograd's method needs 2.25 to 4 times fewer multiplications for 3x3
// kernels; it costs about one decimal of fp32's seven.
PrimitiveDesc ProgramBuilder::ChooseConv(const Op& op, const Conv& conv) const {
  const Shape shape(conv, DimsOf(op.inputs[0]), DimsOf(op.output));
  const dnnl::primitive_attr attributes = Attributes(op);
  Request request{.source = type_, .weights = type_, .result = type_};
  if (type_ == Type::f32 && shape.SuitsWinograd()) {
    request.method = algorithm::convolution_winograd;
    const auto found = Find(shape, request, attributes, engine_);
    if (IsGenerated(found)) return found;
    request.method = algorithm::convolution_direct;
  }
  const bool reads_input = Stored(op.inputs[0]).desc == Plain(shape.in, Type::f32);
  request.source_tag = reads_input ? Tag::any : Tag::nChw16c;
  request.result_tag = Tag::nChw16c;
  const auto found = Find(shape, request, attributes, engine_);
  if (IsGenerated(found)) return found;
  request.source_tag = request.result_tag = Tag::any;
  return Find(shape, request, attributes, engine_);
}

void ProgramBuilder::AddConv(const Op& op, const Conv& conv, int op_index) {
  if (plan_ != nullptr && AddConvInt8(op, conv, op_index)) return;
  const PrimitiveDesc chosen = ChooseConv(op, conv);
  const Shape shape(conv, DimsOf(op.inputs[0]), DimsOf(op.output));
  const memory::desc bias = Vector(conv.bias.size());
  const Placed source = InLayout(At(op.inputs[0]), chosen.src_desc());
  const Placed result = op.residual
                            ? PlaceOnResidual(op, At(*op.residual), chosen.dst_desc(), op_index)
                            : Place(op.output, chosen.dst_desc());
  Emit(dnnl::convolution_forward(chosen), chosen.scratchpad_desc(),
       {{DNNL_ARG_SRC, source}, {DNNL_ARG_DST, result}},
       {{DNNL_ARG_WEIGHTS, weights_.Get(conv.weights, shape.PlainWeights(), chosen.weights_desc())},
        {DNNL_ARG_BIAS, weights_.Get(conv.bias, bias, bias)}});
}

// The sums are 32-bit integers in steps of (input's scale * weights' scale), to which the bias is
// brought; the output scales take them to the steps of the result, where the residual joins and
// the activation follows.
bool ProgramBuilder::AddConvInt8(const Op& op, const Conv& conv, int op_index) {
  const Shape shape(conv, DimsOf(op.inputs[0]), DimsOf(op.output));
  const Placed input = Stored(op.inputs[0]);
  const Int8Format in = input.is_int8() ? Int8Format{input.type() == Type::s8, input.scale}
                                        : plan_->FormatOf(op.inputs[0]);
  const bool stored = plan_->IsStored(op.output);
  Joint joint{.result = stored ? StoredType(plan_->FormatOf(op.output)) : type_,
              .scale = stored ? plan_->FormatOf(op.output).scale : 1.0f};
  if (op.residual) {
    const Placed& residual = Stored(*op.residual);
    const Int8Format& format = plan_->FormatOf(*op.residual);
    joint.residual = !stored ? type_ : residual.is_int8() ? residual.type() : StoredType(format);
    joint.residual_scale = !stored ? 1.0f : residual.is_int8() ? residual.scale : format.scale;
  }
  const std::vector<float> weight_scales =
      ChannelScales(conv.weights, conv.bias.size(), weight_steps_);
  const auto chosen =
      Find(shape, {.source = StoredType(in), .weights = Type::s8, .result = joint.result},
           Int8Attributes(op, joint, in.scale, weight_scales), engine_);
  if (!IsGenerated(chosen)) return false;

  const Placed source = InLayout(input, chosen.src_desc(), in.scale);
  Placed result;
  if (op.residual) {
    const memory::desc layout = WithType(chosen.dst_desc(), joint.residual);
    const Placed residual = InLayout(Stored(*op.residual), layout, joint.residual_scale);
    result = PlaceOnResidual(op, residual, layout, op_index);
    result.desc = chosen.dst_desc();
    result.scale = joint.scale;
    placed_[static_cast<std::size_t>(op.output)] = result;
  } else {
    result = Place(op.output, chosen.dst_desc(), joint.scale);
  }
  std::vector<float> bias = conv.bias;
  for (std::size_t c = 0; c < bias.size(); ++c) bias[c] /= in.scale * weight_scales[c];
  Emit(dnnl::convolution_forward(chosen), chosen.scratchpad_desc(),
       {{DNNL_ARG_SRC, source}, {DNNL_ARG_DST, result}},
       {{DNNL_ARG_WEIGHTS,
         weights_.Quantized(conv.weights, shape.PlainWeights(), chosen.weights_desc(),
                            shape.ChannelMask(), weight_scales)},
        {DNNL_ARG_BIAS, weights_.Derived(conv.bias, std::move(bias))}});
  return true;
}

}  // namespace scones::nn
