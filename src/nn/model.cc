#include "nn/model.h"

#include <fmt/format.h>

#include <utility>
#include <variant>

#include "nn/detail/graph.h"
#include "nn/detail/import.h"
#include "nn/detail/onnx.h"
#include "nn/detail/simplify.h"

namespace scones::nn {
namespace {

std::int64_t MultiplyAdds(const Graph& graph, const Op& op) {
  if (const auto* conv = std::get_if<Conv>(&op.kind)) {
    const Dims& dims = graph.values[static_cast<std::size_t>(op.output)];
    return static_cast<std::int64_t>(conv->weights.size()) * dims[1] * dims[2];
  }
  if (const auto* dense = std::get_if<Dense>(&op.kind)) {
    const Dims& dims = graph.values[static_cast<std::size_t>(op.output)];
    return static_cast<std::int64_t>(dense->weights.size()) * (dims.size() > 1 ? dims[0] : 1);
  }
  if (std::holds_alternative<MatMul>(op.kind)) {
    const Dims& dims = graph.values[static_cast<std::size_t>(op.output)];
    return ElementCount(dims) * graph.values[static_cast<std::size_t>(op.inputs[0])].back();
  }
  return 0;
}

std::size_t WeightCount(const Op& op) {
  if (const auto* conv = std::get_if<Conv>(&op.kind))
    return conv->weights.size() + conv->bias.size();
  if (const auto* dense = std::get_if<Dense>(&op.kind)) {
    return dense->weights.size() + dense->bias.size();
  }
  if (const auto* affine = std::get_if<Affine>(&op.kind)) return 2 * affine->scale.size();
  if (const auto* norm = std::get_if<LayerNorm>(&op.kind)) return 2 * norm->scale.size();
  if (const auto* combine = std::get_if<Combine>(&op.kind)) return combine->constants.size();
  if (const auto* literal = std::get_if<Literal>(&op.kind)) return literal->values.size();
  return 0;
}

}  // namespace

Result<std::shared_ptr<const Model>> Model::FromOnnx(std::string_view onnx,
                                                     const ModelLimits& limits) {
  TRY(const onnx::File file, onnx::Parse(onnx, limits));
  TRY(Graph graph, ImportOnnx(file, limits));
  Simplify(graph);
  std::int64_t work = 0;
  for (const Op& op : graph.ops) {
    if (op.activation && op.activation->function == Function::kErf) {
      return Error(Code::kInvalid, "the function erf is supported as part of GELU only")
          .Within(op.name);
    }
    const std::int64_t more = MultiplyAdds(graph, op);
    if (more > limits.max_multiply_adds - work) {
      return Error(Code::kExhausted,
                   fmt::format("the model needs more than {} multiply-adds a picture",
                               limits.max_multiply_adds))
          .Within(op.name);
    }
    work += more;
  }
  return std::shared_ptr<const Model>(new Model(std::make_unique<const Graph>(std::move(graph))));
}

Model::Model(std::unique_ptr<const Graph> graph) : graph_(std::move(graph)) {}
Model::~Model() = default;

ImageShape Model::input_shape() const { return graph_->input_shape; }
int Model::class_count() const { return graph_->class_count; }

bool Model::outputs_probabilities() const {
  for (const Op& op : graph_->ops) {
    if (op.output == graph_->output) return std::holds_alternative<Softmax>(op.kind);
  }
  return false;
}

std::int64_t Model::weight_bytes() const {
  std::size_t count = 0;
  for (const Op& op : graph_->ops) count += WeightCount(op);
  return static_cast<std::int64_t>(count * sizeof(float));
}

std::int64_t Model::multiply_adds() const {
  std::int64_t work = 0;
  for (const Op& op : graph_->ops) work += MultiplyAdds(*graph_, op);
  return work;
}

}  // namespace scones::nn
