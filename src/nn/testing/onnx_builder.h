// OnnxBuilder: writes small ONNX files for tests, from the public specification and independent of
// the reader under test. One thread.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace scones::nn::testing {

// Protocol Buffers encoding of one message.
class Message {
 public:
  Message& Int(int field, std::int64_t value) {
    Varint(static_cast<std::uint64_t>(field) << 3);
    Varint(static_cast<std::uint64_t>(value));
    return *this;
  }
  Message& Float(int field, float value) {
    Varint(static_cast<std::uint64_t>(field) << 3 | 5);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
    return *this;
  }
  Message& Bytes(int field, std::string_view value) {
    Varint(static_cast<std::uint64_t>(field) << 3 | 2);
    Varint(value.size());
    bytes_.append(value);
    return *this;
  }
  Message& Packed(int field, const std::vector<std::int64_t>& values) {
    Message list;
    for (const std::int64_t value : values) list.Varint(static_cast<std::uint64_t>(value));
    return Bytes(field, list.bytes_);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void Varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<char>(value | 0x80));
    bytes_.push_back(static_cast<char>(value));
  }

  std::string bytes_;
};

inline std::string IntAttribute(std::string_view name, std::int64_t value) {
  return Message().Bytes(1, name).Int(3, value).Int(20, 2).bytes();
}
inline std::string FloatAttribute(std::string_view name, float value) {
  return Message().Bytes(1, name).Float(2, value).Int(20, 1).bytes();
}
inline std::string StringAttribute(std::string_view name, std::string_view value) {
  return Message().Bytes(1, name).Bytes(4, value).Int(20, 3).bytes();
}
inline std::string IntsAttribute(std::string_view name, const std::vector<std::int64_t>& values) {
  return Message().Bytes(1, name).Packed(8, values).Int(20, 7).bytes();
}

inline std::string FloatTensor(std::string_view name, const std::vector<std::int64_t>& dims,
                               const std::vector<float>& values) {
  const std::string_view raw(reinterpret_cast<const char*>(values.data()), values.size() * 4);
  return Message().Packed(1, dims).Int(2, 1).Bytes(8, name).Bytes(9, raw).bytes();
}
inline std::string IntTensor(std::string_view name, const std::vector<std::int64_t>& values) {
  return Message()
      .Packed(1, {static_cast<std::int64_t>(values.size())})
      .Int(2, 7)
      .Bytes(8, name)
      .Packed(7, values)
      .bytes();
}

class OnnxBuilder {
 public:
  // A negative dimension is symbolic.
  void Input(std::string_view name, const std::vector<std::int64_t>& dims) {
    graph_.Bytes(11, ValueInfo(name, dims));
  }
  void Output(std::string_view name, const std::vector<std::int64_t>& dims) {
    graph_.Bytes(12, ValueInfo(name, dims));
  }
  void Initializer(const std::string& tensor) { graph_.Bytes(5, tensor); }
  void Node(std::string_view op, const std::vector<std::string>& inputs,
            const std::vector<std::string>& outputs,
            const std::vector<std::string>& attributes = {}) {
    Message node;
    for (const auto& input : inputs) node.Bytes(1, input);
    for (const auto& output : outputs) node.Bytes(2, output);
    node.Bytes(3, "n_" + outputs.front()).Bytes(4, op);
    for (const auto& attribute : attributes) node.Bytes(5, attribute);
    graph_.Bytes(1, node.bytes());
  }
  std::string Build(std::int64_t opset = 17) const {
    const Message opset_id = Message().Bytes(1, "").Int(2, opset);
    return Message().Int(1, 8).Bytes(7, graph_.bytes()).Bytes(8, opset_id.bytes()).bytes();
  }

 private:
  static std::string ValueInfo(std::string_view name, const std::vector<std::int64_t>& dims) {
    Message shape;
    for (const std::int64_t dim : dims) {
      Message entry;
      dim < 0 ? entry.Bytes(2, "N") : entry.Int(1, dim);
      shape.Bytes(1, entry.bytes());
    }
    const Message tensor = Message().Int(1, 1).Bytes(2, shape.bytes());
    return Message().Bytes(1, name).Bytes(2, Message().Bytes(1, tensor.bytes()).bytes()).bytes();
  }

  Message graph_;
};

}  // namespace scones::nn::testing
