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
// the activation follows. Rounding to u8 cuts at zero, which is all that relu would do.
bool ProgramBuilder::AddConvInt8(const Op& op, const Conv& conv, int op_index) {
  const Shape shape(conv, DimsOf(op.inputs[0]), DimsOf(op.output));
  const auto type_of = [](const Int8Format& format) {
    return format.is_signed ? Type::s8 : Type::u8;
  };
  Placed source = Stored(op.inputs[0]);
  const Int8Format& in = plan_->FormatOf(op.inputs[0]);
  const Type source_type = source.is_int8() ? source.type() : type_of(in);
  const float source_scale = source.is_int8() ? source.scale : in.scale;
  const bool stored = plan_->IsStored(op.output);
  const Int8Format& out = plan_->FormatOf(op.output);
  const Type result_type = stored ? type_of(out) : type_;
  const float result_scale = stored ? out.scale : 1.0f;

  Placed residual;
  if (op.residual) residual = stored ? Stored(*op.residual) : At(*op.residual);
  if (stored && op.residual && !residual.is_int8()) {
    const Int8Format& format = plan_->FormatOf(*op.residual);
    residual = InLayout(residual, WithType(residual.desc, type_of(format)), format.scale);
  }

  // In the steps of the result where the activation allows, else in real numbers until then.
  const bool cuts_at_zero = op.activation == Relu() && result_type == Type::u8;
  const bool in_steps = !op.activation || op.activation->function == Function::kClip;
  const float sum_scale = in_steps ? result_scale : 1.0f;
  std::vector<float> scales = ChannelScales(conv.weights, conv.bias.size(), weight_steps_);
  const std::vector<float> weight_scales = scales;
  std::vector<float> bias = conv.bias;
  for (std::size_t c = 0; c < scales.size(); ++c) {
    bias[c] /= source_scale * scales[c];
    scales[c] *= source_scale / sum_scale;
  }
  dnnl::post_ops after;
  if (op.residual) after.append_sum(residual.scale / sum_scale, 0, residual.type());
  if (op.activation && !cuts_at_zero) {
    std::vector<Eltwise> parts = EltwisesOf(*op.activation);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const bool last = i + 1 == parts.size();
      const float limits = in_steps ? 1 / result_scale : 1.0f;
      const bool clips = parts[i].function == algorithm::eltwise_clip && in_steps;
      after.append_eltwise(last && !in_steps ? 1 / result_scale : 1.0f, parts[i].function,
                           clips ? parts[i].alpha * limits : parts[i].alpha,
                           clips ? parts[i].beta * limits : parts[i].beta);
    }
  }
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  attributes.set_output_scales(2, scales);
  attributes.set_post_ops(after);

  const auto chosen =
      Find(shape, {.source = source_type, .weights = Type::s8, .result = result_type}, attributes,
           engine_);
  if (!IsGenerated(chosen)) return false;
  source = InLayout(source, WithType(chosen.src_desc(), source_type), source_scale);
  Placed result;
  if (op.residual) {
    const memory::desc wanted = WithType(chosen.dst_desc(), residual.type());
    result = PlaceOnResidual(op, residual, wanted, op_index);
    result.desc = chosen.dst_desc();
    result.scale = result_scale;
    placed_[static_cast<std::size_t>(op.output)] = result;
  } else {
    result = Place(op.output, chosen.dst_desc(), result_scale);
  }
  Emit(dnnl::convolution_forward(chosen), chosen.scratchpad_desc(),
       {{DNNL_ARG_SRC, source}, {DNNL_ARG_DST, result}},
       {{DNNL_ARG_WEIGHTS,
         weights_.Quantized(conv.weights, shape.PlainWeights(), chosen.weights_desc(),
                            shape.ChannelMask(), weight_scales)},
        {DNNL_ARG_BIAS, weights_.Derived(conv.bias, std::move(bias))}});
  return true;
}

}  // namespace scones::nn
