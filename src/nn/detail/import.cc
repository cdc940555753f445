#include "nn/detail/import.h"

#include <utility>

#include "nn/detail/importer.h"

namespace scones::nn {

const std::unordered_map<std::string_view, Importer::Rule>& Importer::Rules() {
  static const auto& rules = *new std::unordered_map<std::string_view, Rule>{
      {"Conv", &Importer::OnConv},
      {"BatchNormalization", &Importer::OnBatchNorm},
      {"Relu", &Importer::OnRelu},
      {"Clip", &Importer::OnClip},
      {"Add", &Importer::OnArithmetic},
      {"Sub", &Importer::OnArithmetic},
      {"Mul", &Importer::OnArithmetic},
      {"Div", &Importer::OnArithmetic},
      {"MaxPool", &Importer::OnPool},
      {"AveragePool", &Importer::OnPool},
      {"GlobalAveragePool", &Importer::OnGlobalPool},
      {"ReduceMean", &Importer::OnReduceMean},
      {"Flatten", &Importer::OnFlatten},
      {"Reshape", &Importer::OnReshape},
      {"Gemm", &Importer::OnGemm},
      {"MatMul", &Importer::OnMatMul},
      {"Softmax", &Importer::OnSoftmax},
      {"Identity", &Importer::OnIdentity},
      {"Dropout", &Importer::OnIdentity},
      {"Constant", &Importer::OnConstant},
  };
  return rules;
}

Result<Graph> Importer::Run() {
  for (const Tensor& tensor : file_.initializers) constants_[tensor.name] = &tensor;
  for (const Node& node : file_.nodes) consumed_.insert(node.inputs.begin(), node.inputs.end());
  TRY_VOID(ReadInput());
  for (const Node& node : file_.nodes) {
    if (auto imported = Import(node); !imported) {
      return std::move(imported).error().Within(node.Describe());
    }
  }
  TRY_VOID(ReadOutput());
  return std::move(graph_);
}

// The one input that no initializer provides (older files list those among the inputs).
Result<void> Importer::ReadInput() {
  const onnx::ValueInfo* found = nullptr;
  for (const onnx::ValueInfo& input : file_.inputs) {
    if (constants_.contains(input.name)) continue;
    if (found != nullptr) return Refuse("the ONNX graph has more than one input");
    found = &input;
  }
  if (found == nullptr) return Refuse("the ONNX graph has no input");
  const auto& dims = found->dims;
  const auto fits = [&](std::int64_t side) { return side > 0 && side <= limits_.max_image_side; };
  if (found->elem_type != static_cast<int>(onnx::DataType::kFloat) || dims.size() != 4 ||
      !fits(dims[1]) || !fits(dims[2]) || !fits(dims[3])) {
    return Refuse(fmt::format(
        "input '{}' has data type {} and shape {}; needed are floats [N, C, H, W] with fixed C, H, "
        "W "
        "up to {}",
        onnx::Printable(found->name), found->elem_type, Show(dims), limits_.max_image_side));
  }
  graph_.input_shape = {static_cast<int>(dims[1]), static_cast<int>(dims[2]),
                        static_cast<int>(dims[3])};
  if (graph_.input_shape.size() > limits_.max_activation_elements) {
    return Error(Code::kExhausted, "the model's input is too large");
  }
  graph_.values.push_back({dims[1], dims[2], dims[3]});
  values_[found->name] = 0;
  return {};
}

Result<void> Importer::ReadOutput() {
  if (file_.outputs.size() != 1) {
    return Refuse(
        fmt::format("the ONNX graph has {} outputs; a classifier has one", file_.outputs.size()));
  }
  const auto found = values_.find(file_.outputs[0].name);
  if (found == values_.end()) {
    return Refuse(fmt::format("no node computes the graph's output '{}'",
                              onnx::Printable(file_.outputs[0].name)));
  }
  graph_.output = found->second;
  const Dims& dims = DimsOf(graph_.output);
  if (dims.size() != 1 || dims[0] > limits_.max_classes) {
    return Refuse(fmt::format("the output has shape {} a picture; needed is [classes] up to {}",
                              Show(dims), limits_.max_classes));
  }
  graph_.class_count = static_cast<int>(dims[0]);
  return {};
}

Result<void> Importer::Import(const Node& node) {
  const auto rule = Rules().find(node.op_type);
  const bool own_domain = node.domain.empty() || node.domain == "ai.onnx";
  if (rule == Rules().end() || !own_domain) return Refuse("this operator is not supported");
  if (node.outputs.empty() || node.outputs[0].empty()) return Refuse("it has no output");
  for (std::size_t i = 1; i < node.outputs.size(); ++i) {
    if (!node.outputs[i].empty() && consumed_.contains(node.outputs[i])) {
      return Refuse("only its first output is supported");
    }
  }
  if (values_.contains(node.outputs[0])) return Refuse("its output has the name of another value");
  return (this->*rule->second)(node);
}

Result<ValueId> Importer::Value(const Node& node, std::size_t index) const {
  const auto found = values_.find(Input(node, index));
  if (found == values_.end()) {
    return Refuse(fmt::format("input {} ('{}') is not computed by an earlier node", index,
                              onnx::Printable(Input(node, index))));
  }
  return found->second;
}

const Tensor* Importer::FindConstant(const Node& node, std::size_t index) const {
  const auto found = constants_.find(Input(node, index));
  return found == constants_.end() || Input(node, index).empty() ? nullptr : found->second;
}

Result<const Tensor*> Importer::Constant(const Node& node, std::size_t index) const {
  const Tensor* tensor = FindConstant(node, index);
  if (tensor == nullptr) {
    return Refuse(fmt::format("input {} ('{}') must be a constant", index,
                              onnx::Printable(Input(node, index))));
  }
  return tensor;
}

Result<std::vector<float>> Importer::Floats(const Node& node, std::size_t index,
                                            std::int64_t count) {
  TRY(const Tensor* tensor, Constant(node, index));
  TRY_VOID(Charge(count));
  TRY(std::vector<float> values, tensor->Floats());
  if (std::cmp_not_equal(values.size(), count)) {
    return Refuse(
        fmt::format("input {} has {} values; needed are {}", index, values.size(), count));
  }
  return values;
}

Result<float> Importer::Scalar(const Node& node, std::size_t index, float fallback) {
  if (Input(node, index).empty()) return fallback;
  TRY(const std::vector<float> values, Floats(node, index, 1));
  return values[0];
}

Result<Dims> Importer::ImageDims(ValueId value) const {
  const Dims& dims = DimsOf(value);
  if (dims.size() != 3) return Refuse(fmt::format("its input has shape [N, {}]", dims[0]));
  return dims;
}

Result<void> Importer::Charge(std::int64_t count) {
  if (count > floats_left_) {
    return Error(Code::kExhausted, fmt::format("its weights pass the limit of {} bytes in all",
                                               limits_.max_weight_bytes));
  }
  floats_left_ -= count;
  return {};
}

Result<Op*> Importer::Append(const Node& node, Op op, Dims dims) {
  std::int64_t elements = 1;
  for (const std::int64_t dim : dims) {
    if (dim <= 0) return Refuse(fmt::format("its result would have shape {}", Show(dims)));
    if (elements > limits_.max_activation_elements / dim) {
      return Error(Code::kExhausted,
                   fmt::format("its result of shape {} is too large", Show(dims)));
    }
    elements *= dim;
  }
  op.name = node.Describe();
  op.output = static_cast<ValueId>(graph_.values.size());
  graph_.values.push_back(std::move(dims));
  values_[node.outputs[0]] = op.output;
  graph_.ops.push_back(std::move(op));
  return &graph_.ops.back();
}

Result<Graph> ImportOnnx(const onnx::File& file, const ModelLimits& limits) {
  return Importer(file, limits).Run();
}

}  // namespace scones::nn
