#include "train/onnx_writer.h"

#include <vector>

#include "train/detail/protobuf_writer.h"

namespace scones::train {
namespace {

// Field numbers and enum values of onnx.proto3 (ONNX 1.12, IR version 7).
constexpr int kIrVersion = 7;
constexpr int kOpset = 13;
constexpr int kFloatType = 1;
constexpr int kAttributeFloat = 1;
constexpr int kAttributeInt = 2;
constexpr int kAttributeInts = 7;

ProtobufWriter IntAttribute(const std::string& name, std::int64_t value) {
  ProtobufWriter attribute;
  attribute.Bytes(1, name);
  attribute.Integer(3, value);
  attribute.Integer(20, kAttributeInt);
  return attribute;
}

ProtobufWriter FloatAttribute(const std::string& name, float value) {
  ProtobufWriter attribute;
  attribute.Bytes(1, name);
  attribute.Float(2, value);
  attribute.Integer(20, kAttributeFloat);
  return attribute;
}

ProtobufWriter IntsAttribute(const std::string& name, const std::vector<int>& values) {
  ProtobufWriter attribute;
  attribute.Bytes(1, name);
  for (int value : values) attribute.Integer(8, value);
  attribute.Integer(20, kAttributeInts);
  return attribute;
}

struct Node {
  const char* type;
  std::vector<std::string> inputs;
  std::string output;
  std::vector<ProtobufWriter> attributes;
};

void WriteNode(const Node& node, ProtobufWriter& graph) {
  ProtobufWriter message;
  for (const std::string& input : node.inputs) message.Bytes(1, input);
  message.Bytes(2, node.output);
  message.Bytes(3, node.output);
  message.Bytes(4, node.type);
  for (const ProtobufWriter& attribute : node.attributes) message.Message(5, attribute);
  graph.Message(1, message);
}

void AddWindow(const Layer& layer, Node& node) {
  int p = layer.padding;
  node.attributes.push_back(IntsAttribute("kernel_shape", {layer.kernel, layer.kernel}));
  node.attributes.push_back(IntsAttribute("pads", {p, p, p, p}));
  node.attributes.push_back(IntsAttribute("strides", {layer.stride, layer.stride}));
}

Node MakeNode(const Graph& graph, const Layer& layer) {
  auto value = [&](int index) { return index == kPicture ? "data" : graph.layers[index].name; };
  const std::string& name = layer.name;
  Node node{"", {value(layer.input)}, name, {}};
  switch (layer.op) {
    case Op::kConv:
      node.type = "Conv";
      node.inputs.push_back(name + ".weight");
      AddWindow(layer, node);
      break;
    case Op::kBatchNorm:
      node.type = "BatchNormalization";
      for (const char* part : {".scale", ".bias", ".mean", ".variance"}) {
        node.inputs.push_back(name + part);
      }
      node.attributes.push_back(FloatAttribute("epsilon", kNormEpsilon));
      break;
    case Op::kRelu:
      node.type = "Relu";
      break;
    case Op::kAdd:
      node.type = "Add";
      node.inputs.push_back(value(layer.second_input));
      break;
    case Op::kMaxPool:
      node.type = "MaxPool";
      AddWindow(layer, node);
      break;
    case Op::kGlobalAveragePool:
      node.type = "GlobalAveragePool";
      break;
    case Op::kFlatten:
      node.type = "Flatten";
      node.attributes.push_back(IntAttribute("axis", 1));
      break;
    case Op::kGemm:
      node.type = "Gemm";
      node.inputs.push_back(name + ".weight");
      node.inputs.push_back(name + ".bias");
      node.attributes.push_back(IntAttribute("transB", 1));
      break;
  }
  return node;
}

// IEEE 754 little-endian: the byte order of every machine that this builds for.
ProtobufWriter MakeTensor(const ParameterSpec& spec, const std::vector<float>& values) {
  ProtobufWriter tensor;
  for (int size : spec.shape) tensor.Integer(1, size);
  tensor.Integer(2, kFloatType);
  tensor.Bytes(8, spec.name);
  tensor.Bytes(
      9, std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)));
  return tensor;
}

// The first dimension, the batch, is open.
ProtobufWriter MakeValue(const std::string& name, const std::vector<int>& sizes) {
  ProtobufWriter shape;
  ProtobufWriter batch;
  batch.Bytes(2, "N");
  shape.Message(1, batch);
  for (int size : sizes) {
    ProtobufWriter dimension;
    dimension.Integer(1, size);
    shape.Message(1, dimension);
  }
  ProtobufWriter tensor;
  tensor.Integer(1, kFloatType);
  tensor.Message(2, shape);
  ProtobufWriter type;
  type.Message(1, tensor);
  ProtobufWriter value;
  value.Bytes(1, name);
  value.Message(2, type);
  return value;
}

}  // namespace

std::string EncodeOnnx(const Graph& graph, const Parameters& parameters, int height, int width) {
  ProtobufWriter body;
  for (const Layer& layer : graph.layers) WriteNode(MakeNode(graph, layer), body);
  const Layer& last = graph.layers.back();
  WriteNode({"Softmax", {last.name}, "softmax", {IntAttribute("axis", 1)}}, body);
  body.Bytes(2, graph.network);
  for (const ParameterSpec& spec : ListParameters(graph)) {
    body.Message(5, MakeTensor(spec, parameters.at(spec.name)));
  }
  body.Message(11, MakeValue("data", {graph.layers.front().in_channels, height, width}));
  body.Message(12, MakeValue("softmax", {last.out_channels}));

  ProtobufWriter opset;
  opset.Bytes(1, "");
  opset.Integer(2, kOpset);
  ProtobufWriter model;
  model.Integer(1, kIrVersion);
  model.Bytes(2, "scones-train");
  model.Message(7, body);
  model.Message(8, opset);
  return model.bytes();
}

}  // namespace scones::train
