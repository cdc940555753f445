#include "nn/detail/import.h"

#include <utility>

#include "nn/detail/importer.h"
#include "nn/detail/shape.h"

namespace scones::nn {

const std::unordered_map<std::string_view, Importer::Rule>& Importer::Rules() {
  static const auto& rules = *new std::unordered_map<std::string_view, Rule>{
      {"Constant", &Importer::OnConstant},
      {"ConstantOfShape", &Importer::OnConstantOfShape},
      {"Shape", &Importer::OnShape},
      {"Size", &Importer::OnShape},
      {"Range", &Importer::OnRange},
      {"Where", &Importer::OnWhere},
      {"Cast", &Importer::OnCast},
      {"Equal", &Importer::OnComparison},
      {"Less", &Importer::OnComparison},
      {"LessOrEqual", &Importer::OnComparison},
      {"Greater", &Importer::OnComparison},
      {"GreaterOrEqual", &Importer::OnComparison},
      {"And", &Importer::OnComparison},
      {"Or", &Importer::OnComparison},
      {"Mod", &Importer::OnComparison},
      {"Identity", &Importer::OnIdentity},
      {"Dropout", &Importer::OnIdentity},
      {"Reshape", &Importer::OnReshape},
      {"Flatten", &Importer::OnFlatten},
      {"Squeeze", &Importer::OnSqueeze},
      {"Unsqueeze", &Importer::OnUnsqueeze},
      {"Transpose", &Importer::OnTranspose},
      {"Expand", &Importer::OnExpand},
      {"Tile", &Importer::OnTile},
      {"Slice", &Importer::OnSlice},
      {"Gather", &Importer::OnGather},
      {"Split", &Importer::OnSplit},
      {"Concat", &Importer::OnConcat},
      {"Pad", &Importer::OnPad},
      {"Relu", &Importer::OnFunction},
      {"LeakyRelu", &Importer::OnFunction},
      {"Elu", &Importer::OnFunction},
      {"Sigmoid", &Importer::OnFunction},
      {"HardSigmoid", &Importer::OnFunction},
      {"HardSwish", &Importer::OnFunction},
      {"Gelu", &Importer::OnFunction},
      {"Tanh", &Importer::OnFunction},
      {"Softplus", &Importer::OnFunction},
      {"Mish", &Importer::OnFunction},
      {"Erf", &Importer::OnFunction},
      {"Exp", &Importer::OnFunction},
      {"Log", &Importer::OnFunction},
      {"Sqrt", &Importer::OnFunction},
      {"Abs", &Importer::OnFunction},
      {"Neg", &Importer::OnFunction},
      {"Reciprocal", &Importer::OnFunction},
      {"Sin", &Importer::OnFunction},
      {"Cos", &Importer::OnFunction},
      {"Floor", &Importer::OnFunction},
      {"Ceil", &Importer::OnFunction},
      {"Round", &Importer::OnFunction},
      {"Not", &Importer::OnFunction},
      {"Clip", &Importer::OnClip},
      {"Add", &Importer::OnArithmetic},
      {"Sub", &Importer::OnArithmetic},
      {"Mul", &Importer::OnArithmetic},
      {"Div", &Importer::OnArithmetic},
      {"Pow", &Importer::OnArithmetic},
      {"Min", &Importer::OnArithmetic},
      {"Max", &Importer::OnArithmetic},
      {"ReduceMean", &Importer::OnReduce},
      {"ReduceSum", &Importer::OnReduce},
      {"Softmax", &Importer::OnSoftmax},
      {"LogSoftmax", &Importer::OnSoftmax},
      {"LayerNormalization", &Importer::OnLayerNorm},
      {"Conv", &Importer::OnConv},
      {"BatchNormalization", &Importer::OnBatchNorm},
      {"MaxPool", &Importer::OnPool},
      {"AveragePool", &Importer::OnPool},
      {"GlobalAveragePool", &Importer::OnGlobalPool},
      {"GlobalMaxPool", &Importer::OnGlobalPool},
      {"Gemm", &Importer::OnGemm},
      {"MatMul", &Importer::OnMatMul},
  };
  return rules;
}

Result<Graph> Importer::Run() {
  for (const onnx::Tensor& tensor : file_.initializers) {
    const bool is_int = tensor.data_type == static_cast<int>(onnx::DataType::kInt64) ||
                        tensor.data_type == static_cast<int>(onnx::DataType::kInt32) ||
                        tensor.data_type == static_cast<int>(onnx::DataType::kBool);
    constants_.push_back({tensor.dims, !is_int, {}, {}, &tensor});
    operands_[tensor.name] = {&constants_.back(), -1, tensor.dims};
  }
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
    if (operands_.contains(input.name)) continue;
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
  file_batch_ = dims[0];
  graph_.values.push_back({dims[1], dims[2], dims[3]});
  operands_[found->name] = {nullptr, 0, {1, dims[1], dims[2], dims[3]}};
  return {};
}

Result<void> Importer::ReadOutput() {
  if (file_.outputs.size() != 1) {
    return Refuse(
        fmt::format("the ONNX graph has {} outputs; a classifier has one", file_.outputs.size()));
  }
  const auto found = operands_.find(file_.outputs[0].name);
  if (found == operands_.end() || found->second.constant != nullptr) {
    return Refuse(fmt::format("no node computes the graph's output '{}'",
                              onnx::Printable(file_.outputs[0].name)));
  }
  const Dims& dims = found->second.dims;
  if (dims.size() != 2 || dims[0] != 1 || dims[1] > limits_.max_classes) {
    return Refuse(fmt::format("the output has shape {} for a picture; needed is [classes] up to {}",
                              Show(dims), limits_.max_classes));
  }
  graph_.class_count = static_cast<int>(dims[1]);
  Node end;
  end.name = file_.outputs[0].name;
  TRY(graph_.output, As(end, found->second, {dims[1]}));
  return {};
}

Result<void> Importer::Import(const Node& node) {
  const auto rule = Rules().find(node.op_type);
  const bool own_domain = node.domain.empty() || node.domain == "ai.onnx";
  if (rule == Rules().end() || !own_domain) return Refuse("this operator is not supported");
  if (node.outputs.empty() || node.outputs[0].empty()) return Refuse("it has no output");
  for (std::size_t i = 1; i < node.outputs.size() && node.op_type != "Split"; ++i) {
    if (!node.outputs[i].empty() && consumed_.contains(node.outputs[i])) {
      return Refuse("only its first output is supported");
    }
  }
  return (this->*rule->second)(node);
}

const Importer::Operand* Importer::Find(const Node& node, std::size_t index) const {
  if (Input(node, index).empty()) return nullptr;
  const auto found = operands_.find(Input(node, index));
  return found == operands_.end() ? nullptr : &found->second;
}

const Constant* Importer::FindConstant(const Node& node, std::size_t index) const {
  const Operand* found = Find(node, index);
  return found == nullptr ? nullptr : found->constant;
}

Result<Importer::Operand> Importer::Read(const Node& node, std::size_t index) const {
  const Operand* found = Find(node, index);
  if (found == nullptr) {
    return Refuse(fmt::format("input {} ('{}') is not computed by an earlier node", index,
                              onnx::Printable(Input(node, index))));
  }
  return *found;
}

Result<Importer::Operand> Importer::Value(const Node& node, std::size_t index) const {
  TRY(const Operand found, Read(node, index));
  if (found.constant != nullptr) {
    return Refuse(fmt::format("input {} ('{}') is a constant, which is not supported", index,
                              onnx::Printable(Input(node, index))));
  }
  return found;
}

Result<const Constant*> Importer::Known(const Node& node, std::size_t index) const {
  const Constant* constant = FindConstant(node, index);
  if (constant == nullptr) {
    return Refuse(fmt::format("input {} ('{}') must be a constant", index,
                              onnx::Printable(Input(node, index))));
  }
  return constant;
}

Result<std::vector<std::int64_t>> Importer::Ints(const Node& node, std::size_t index) {
  TRY(const Constant* constant, Known(node, index));
  if (constant->is_float) return Refuse(fmt::format("input {} must hold integers", index));
  TRY(Constant decoded, Decode(*constant, scratch_));
  return std::move(decoded.ints);
}

Result<std::vector<float>> Importer::Floats(const Node& node, std::size_t index,
                                            std::int64_t count) {
  TRY(const Constant* constant, Known(node, index));
  if (!constant->is_float) return Refuse(fmt::format("input {} must hold floats", index));
  TRY(const std::int64_t elements, CheckedCount(constant->dims));
  if (elements != count) {
    return Refuse(fmt::format("input {} has {} values; needed are {}", index, elements, count));
  }
  TRY(Constant decoded, Decode(*constant, weights_));
  return std::move(decoded.floats);
}

Result<float> Importer::Scalar(const Node& node, std::size_t index, float fallback) {
  if (Input(node, index).empty()) return fallback;
  TRY(const std::vector<float> values, Floats(node, index, 1));
  return values[0];
}

Result<std::optional<std::vector<std::int64_t>>> Importer::IntsOf(const Node& node,
                                                                  std::string_view attribute,
                                                                  std::size_t index) {
  std::optional<std::vector<std::int64_t>> result;
  if (const onnx::Attribute* found = node.Find(attribute); found != nullptr) {
    result = found->ints;
  } else if (!Input(node, index).empty()) {
    TRY(result, Ints(node, index));
  }
  return result;
}

Result<Dims> Importer::ImageDims(const Operand& operand) const {
  if (!IsImage(operand.dims)) {
    return Refuse(
        fmt::format("its input has shape {}; needed is [N, C, H, W]", Show(operand.dims)));
  }
  return Dims(operand.dims.begin() + 1, operand.dims.end());
}

Dims Importer::Natural(const Dims& dims) {
  Dims result = dims;
  if (result.size() > 1 && result[0] == 1) result.erase(result.begin());
  if (result.empty() || result.size() > 5) return {ElementCount(dims)};
  return result;
}

Result<ValueId> Importer::Append(const Node& node, Op op, Dims dims) {
  if (dims.empty() || dims.size() > 5) {
    return Refuse(fmt::format("a result of shape {} has too many dimensions", Show(dims)));
  }
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
  graph_.ops.push_back(std::move(op));
  return graph_.ops.back().output;
}

Result<ValueId> Importer::As(const Node& node, const Operand& operand, const Dims& dims) {
  if (DimsOf(operand.id) == dims) return operand.id;
  return Emit(node, nn::Reshape{}, {operand.id}, dims);
}

Result<void> Importer::Bind(const Node& node, Operand operand, std::size_t index) {
  if (index >= node.outputs.size() || node.outputs[index].empty()) return {};
  if (operand.dims.size() > kMaxRank) {
    return Refuse(fmt::format("its result would have {} dimensions", operand.dims.size()));
  }
  if (!operands_.emplace(node.outputs[index], std::move(operand)).second) {
    return Refuse("its output has the name of another value");
  }
  return {};
}

Result<void> Importer::BindConstant(const Node& node, Constant constant, std::size_t index) {
  constants_.push_back(std::move(constant));
  return Bind(node, {&constants_.back(), -1, constants_.back().dims}, index);
}

Result<void> Importer::Rename(const Node& node, const Operand& operand, Dims dims) {
  if (operand.constant == nullptr) return Bind(node, {nullptr, operand.id, std::move(dims)});
  TRY_VOID(scratch_.Take(static_cast<std::int64_t>(operand.constant->floats.size() +
                                                   2 * operand.constant->ints.size())));
  Constant renamed = *operand.constant;
  renamed.dims = std::move(dims);
  return BindConstant(node, std::move(renamed));
}

Result<Graph> ImportOnnx(const onnx::File& file, const ModelLimits& limits) {
  return Importer(file, limits).Run();
}

}  // namespace scones::nn
