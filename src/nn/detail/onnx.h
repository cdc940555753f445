// The parts of an ONNX file that a classifier needs, as read from the wire: views into the file's
// bytes, which must outlive them. Nothing is interpreted here but the encoding.
// Source: the ONNX IR specification (onnx.proto's messages and field numbers).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "nn/model.h"

namespace scones::nn::onnx {

enum class DataType { kFloat = 1, kInt32 = 6, kInt64 = 7, kBool = 9, kDouble = 11 };

struct Tensor {
  std::string_view name;
  std::vector<std::int64_t> dims;
  int data_type = 0;
  std::string_view raw_data;      // little-endian
  std::vector<float> float_data;  // used where raw_data is empty
  std::vector<std::int64_t> int_data;
  bool external = false;

  // Product of dims. Errors: kInvalid when negative or beyond 2^40.
  Result<std::int64_t> ElementCount() const;
  // Values of a float (or double) tensor, or of an integer or truth one.
  // Errors: kInvalid for another type, or when the bytes don't match the dimensions.
  Result<std::vector<float>> Floats() const;
  Result<std::vector<std::int64_t>> Ints() const;
};

struct Attribute {
  std::string_view name;
  float f = 0;
  std::int64_t i = 0;
  std::string_view s;
  std::vector<std::int64_t> ints;
  std::vector<float> floats;
  std::vector<Tensor> tensors;  // none or one
};

struct Node {
  std::string_view name;
  std::string_view op_type;
  std::string_view domain;
  std::vector<std::string_view> inputs;  // "" stands for an optional input left out
  std::vector<std::string_view> outputs;
  std::vector<Attribute> attributes;

  const Attribute* Find(std::string_view name) const;
  std::int64_t IntOr(std::string_view name, std::int64_t fallback) const;
  float FloatOr(std::string_view name, float fallback) const;
  // "node 'layer1.0.conv1' (Conv)", for messages; control characters are replaced, long names cut.
  std::string Describe() const;
};

struct ValueInfo {
  std::string_view name;
  int elem_type = 0;
  std::vector<std::int64_t> dims;  // -1 where symbolic
};

struct File {
  std::int64_t opset = 0;
  std::vector<Node> nodes;
  std::vector<Tensor> initializers;
  std::vector<ValueInfo> inputs;
  std::vector<ValueInfo> outputs;
};

// Errors: kInvalid when it is not an ONNX model; kExhausted beyond the limits.
Result<File> Parse(std::string_view bytes, const ModelLimits& limits);

// A name from a file made fit for a message: printable and at most 80 characters.
std::string Printable(std::string_view name);

}  // namespace scones::nn::onnx
