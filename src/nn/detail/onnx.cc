#include "nn/detail/onnx.h"

#include <fmt/format.h>

#include <cstring>

#include "nn/detail/wire.h"

namespace scones::nn::onnx {
namespace {

constexpr std::size_t kMaxDims = 8;
constexpr std::int64_t kNewestOpset = 22;
constexpr std::size_t kMaxNodeEdges = 64;
constexpr std::size_t kMaxAttributes = 64;
constexpr std::size_t kMaxListLength = std::size_t{1} << 28;
constexpr std::int64_t kMaxElements = std::int64_t{1} << 40;

Error TooMany(std::string_view what) {
  return Error(Code::kExhausted, fmt::format("the ONNX file has too many {}", what));
}

// Calls `on_field` for each field of `message`, which returns Result<void>.
template <class F>
Result<void> ForEachField(std::string_view message, F on_field) {
  WireReader reader(message);
  while (!reader.done()) {
    TRY(const WireField field, reader.Next());
    TRY_VOID(on_field(field));
  }
  return {};
}

bool IsBytes(const WireField& field) { return field.type == WireType::kBytes; }
bool IsVarint(const WireField& field) { return field.type == WireType::kVarint; }

Result<Tensor> ParseTensor(std::string_view message) {
  Tensor tensor;
  TRY_VOID(ForEachField(message, [&](const WireField& field) -> Result<void> {
    switch (field.number) {
      case 1:
        return AppendInts(field, kMaxDims, tensor.dims);
      case 2:
        tensor.data_type = static_cast<int>(field.value & 0xff);
        return {};
      case 4:
        return AppendFloats(field, kMaxListLength, tensor.float_data);
      case 5:
      case 7:
        return AppendInts(field, kMaxListLength, tensor.int_data);
      case 8:
        tensor.name = field.bytes;
        return {};
      case 9:
        tensor.raw_data = field.bytes;
        return {};
      case 14:
        tensor.external = field.value == 1;
        return {};
      default:
        return {};
    }
  }));
  return tensor;
}

Result<Attribute> ParseAttribute(std::string_view message) {
  Attribute attribute;
  TRY_VOID(ForEachField(message, [&](const WireField& field) -> Result<void> {
    switch (field.number) {
      case 1:
        attribute.name = field.bytes;
        return {};
      case 2:
        attribute.f = field.AsFloat();
        return {};
      case 3:
        attribute.i = field.AsInt();
        return {};
      case 4:
        attribute.s = field.bytes;
        return {};
      case 5: {
        if (!IsBytes(field) || !attribute.tensors.empty())
          return TooMany("tensors in an attribute");
        TRY(Tensor tensor, ParseTensor(field.bytes));
        attribute.tensors.push_back(std::move(tensor));
        return {};
      }
      case 7:
        return AppendFloats(field, kMaxListLength, attribute.floats);
      case 8:
        return AppendInts(field, kMaxListLength, attribute.ints);
      default:
        return {};
    }
  }));
  return attribute;
}

Result<Node> ParseNode(std::string_view message) {
  Node node;
  TRY_VOID(ForEachField(message, [&](const WireField& field) -> Result<void> {
    switch (field.number) {
      case 1:
      case 2: {
        auto& edges = field.number == 1 ? node.inputs : node.outputs;
        if (edges.size() >= kMaxNodeEdges) return TooMany("edges at one node");
        edges.push_back(field.bytes);
        return {};
      }
      case 3:
        node.name = field.bytes;
        return {};
      case 4:
        node.op_type = field.bytes;
        return {};
      case 5: {
        if (node.attributes.size() >= kMaxAttributes) return TooMany("attributes at one node");
        TRY(Attribute attribute, ParseAttribute(field.bytes));
        node.attributes.push_back(std::move(attribute));
        return {};
      }
      case 7:
        node.domain = field.bytes;
        return {};
      default:
        return {};
    }
  }));
  return node;
}

// TensorShapeProto: dim = 1 { dim_value = 1, dim_param = 2 }.
Result<std::vector<std::int64_t>> ParseShape(std::string_view message) {
  std::vector<std::int64_t> dims;
  TRY_VOID(ForEachField(message, [&](const WireField& field) -> Result<void> {
    if (field.number != 1) return {};
    if (dims.size() >= kMaxDims) return TooMany("dimensions in a shape");
    std::int64_t dim = -1;
    TRY_VOID(ForEachField(field.bytes, [&](const WireField& part) -> Result<void> {
      if (part.number == 1 && IsVarint(part)) dim = part.AsInt();
      return {};
    }));
    dims.push_back(dim);
    return {};
  }));
  return dims;
}

// ValueInfoProto: name = 1, type = 2 { tensor_type = 1 { elem_type = 1, shape = 2 } }.
Result<ValueInfo> ParseValueInfo(std::string_view message) {
  ValueInfo value;
  const auto on_tensor = [&](const WireField& field) -> Result<void> {
    if (field.number == 1) value.elem_type = static_cast<int>(field.value & 0xff);
    if (field.number == 2) {
      TRY(value.dims, ParseShape(field.bytes));
    }
    return {};
  };
  const auto on_type = [&](const WireField& field) -> Result<void> {
    return field.number == 1 ? ForEachField(field.bytes, on_tensor) : Result<void>();
  };
  TRY_VOID(ForEachField(message, [&](const WireField& field) -> Result<void> {
    if (field.number == 1) value.name = field.bytes;
    return field.number == 2 ? ForEachField(field.bytes, on_type) : Result<void>();
  }));
  return value;
}

template <class T, class Parser>
Result<void> Append(const WireField& field, std::size_t max_count, std::string_view what,
                    Parser parse, std::vector<T>& out) {
  if (!IsBytes(field)) return Error(Code::kInvalid, "the ONNX file is not well formed");
  if (out.size() >= max_count) return TooMany(what);
  TRY(T item, parse(field.bytes));
  out.push_back(std::move(item));
  return {};
}

Result<void> ParseGraph(std::string_view message, const ModelLimits& limits, File& file) {
  const auto max_nodes = static_cast<std::size_t>(limits.max_nodes);
  return ForEachField(message, [&](const WireField& field) -> Result<void> {
    switch (field.number) {
      case 1:
        return Append(field, max_nodes, "nodes", ParseNode, file.nodes);
      case 5:
        return Append(field, max_nodes * 4, "initializers", ParseTensor, file.initializers);
      case 11:
        return Append(field, max_nodes * 4, "inputs", ParseValueInfo, file.inputs);
      case 12:
        return Append(field, 64, "outputs", ParseValueInfo, file.outputs);
      default:
        return {};
    }
  });
}

// OperatorSetIdProto: domain = 1, version = 2. Only the default domain counts.
Result<void> ParseOpset(std::string_view message, File& file) {
  std::string_view domain;
  std::int64_t version = 0;
  TRY_VOID(ForEachField(message, [&](const WireField& field) -> Result<void> {
    if (field.number == 1) domain = field.bytes;
    if (field.number == 2) version = field.AsInt();
    return {};
  }));
  if (domain.empty() || domain == "ai.onnx") file.opset = version;
  return {};
}

template <class Stored, class T>
std::vector<T> FromRaw(std::string_view raw) {
  std::vector<T> values(raw.size() / sizeof(Stored));
  for (std::size_t i = 0; i < values.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, raw.data() + i * sizeof(Stored), sizeof(Stored));
    values[i] = static_cast<T>(stored);
  }
  return values;
}

Error WrongTensor(const Tensor& tensor, std::string_view why) {
  return Error(Code::kInvalid, fmt::format("tensor '{}': {}", Printable(tensor.name), why));
}

}  // namespace

std::string Printable(std::string_view name) {
  std::string text(name.substr(0, 80));
  for (char& c : text) {
    if (c < 0x20 || c == 0x7f || c == '\'') c = '?';
  }
  return text;
}

Result<std::int64_t> Tensor::ElementCount() const {
  std::int64_t count = 1;
  for (const std::int64_t dim : dims) {
    if (dim < 0 || (dim > 0 && count > kMaxElements / dim)) {
      return WrongTensor(*this, "its dimensions are negative or too large");
    }
    count *= dim;
  }
  return count;
}

Result<std::vector<float>> Tensor::Floats() const {
  TRY(const std::int64_t count, ElementCount());
  if (external) return WrongTensor(*this, "its data is in another file, which is not supported");
  std::vector<float> values;
  if (data_type == static_cast<int>(DataType::kFloat)) {
    values = raw_data.empty() ? float_data : FromRaw<float, float>(raw_data);
    if (raw_data.size() % sizeof(float) != 0) return WrongTensor(*this, "its data is cut");
  } else if (data_type == static_cast<int>(DataType::kDouble)) {
    values = FromRaw<double, float>(raw_data);
  } else {
    return WrongTensor(*this, fmt::format("data type {} is not float", data_type));
  }
  if (std::cmp_not_equal(values.size(), count)) {
    return WrongTensor(
        *this, fmt::format("has {} values where its dimensions ask for {}", values.size(), count));
  }
  return values;
}

Result<std::vector<std::int64_t>> Tensor::Ints() const {
  TRY(const std::int64_t count, ElementCount());
  if (external) return WrongTensor(*this, "its data is in another file, which is not supported");
  std::vector<std::int64_t> values;
  if (data_type == static_cast<int>(DataType::kInt64)) {
    values = raw_data.empty() ? int_data : FromRaw<std::int64_t, std::int64_t>(raw_data);
  } else if (data_type == static_cast<int>(DataType::kInt32)) {
    values = raw_data.empty() ? int_data : FromRaw<std::int32_t, std::int64_t>(raw_data);
  } else if (data_type == static_cast<int>(DataType::kBool)) {
    values = raw_data.empty() ? int_data : FromRaw<std::uint8_t, std::int64_t>(raw_data);
  } else {
    return WrongTensor(*this, fmt::format("data type {} is not an integer's", data_type));
  }
  if (std::cmp_not_equal(values.size(), count)) {
    return WrongTensor(
        *this, fmt::format("has {} values where its dimensions ask for {}", values.size(), count));
  }
  return values;
}

const Attribute* Node::Find(std::string_view wanted) const {
  for (const Attribute& attribute : attributes) {
    if (attribute.name == wanted) return &attribute;
  }
  return nullptr;
}

std::int64_t Node::IntOr(std::string_view wanted, std::int64_t fallback) const {
  const Attribute* attribute = Find(wanted);
  return attribute == nullptr ? fallback : attribute->i;
}

float Node::FloatOr(std::string_view wanted, float fallback) const {
  const Attribute* attribute = Find(wanted);
  return attribute == nullptr ? fallback : attribute->f;
}

std::string Node::Describe() const {
  const std::string_view shown = !name.empty() ? name : outputs.empty() ? "" : outputs.front();
  return fmt::format("node '{}' ({})", Printable(shown), Printable(op_type));
}

Result<File> Parse(std::string_view bytes, const ModelLimits& limits) {
  if (bytes.size() > limits.max_file_bytes) {
    return Error(Code::kExhausted, fmt::format("the ONNX file has {} bytes; at most {} are read",
                                               bytes.size(), limits.max_file_bytes));
  }
  File file;
  int graphs = 0;
  TRY_VOID(ForEachField(bytes, [&](const WireField& field) -> Result<void> {
    if (field.number == 7 && IsBytes(field)) {
      if (++graphs > 1) return TooMany("graphs");
      return ParseGraph(field.bytes, limits, file);
    }
    if (field.number == 8 && IsBytes(field)) return ParseOpset(field.bytes, file);
    return {};
  }));
  if (graphs == 0) return Error(Code::kInvalid, "the ONNX file holds no graph");
  if (file.opset < 7 || file.opset > kNewestOpset) {
    return Error(Code::kInvalid,
                 fmt::format("operator set {} is not supported: export with 7 to {}", file.opset,
                             kNewestOpset));
  }
  return file;
}

}  // namespace scones::nn::onnx
