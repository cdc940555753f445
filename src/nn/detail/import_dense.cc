#include <utility>

#include "nn/detail/importer.h"
#include "nn/detail/shape.h"

namespace scones::nn {
namespace {

// [rows, columns] to [columns, rows].
std::vector<float> Transposed(const std::vector<float>& matrix, std::int64_t rows,
                              std::int64_t columns) {
  std::vector<float> result(matrix.size());
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < columns; ++c) {
      result[static_cast<std::size_t>(c * rows + r)] =
          matrix[static_cast<std::size_t>(r * columns + c)];
    }
  }
  return result;
}

}  // namespace

Result<Importer::Operand> Importer::Densely(const Node& node, const Operand& x,
                                            std::vector<float> weights, std::vector<float> bias) {
  const std::int64_t in = x.dims.back();
  const auto out = static_cast<std::int64_t>(bias.size());
  const std::int64_t rows = CountBetween(x.dims, 0, x.dims.size() - 1);
  TRY(const ValueId input, As(node, x, rows > 1 ? Dims{rows, in} : Dims{in}));
  Operand result{nullptr, -1, x.dims};
  result.dims.back() = out;
  TRY(result.id, Emit(node, Dense{std::move(weights), std::move(bias)}, {input},
                      rows > 1 ? Dims{rows, out} : Dims{out}));
  return result;
}

Result<void> Importer::OnGemm(const Node& node) {
  TRY(const Operand x, Value(node, 0));
  TRY(const Constant* known, Known(node, 1));
  const bool transposed = node.IntOr("transB", 0) != 0;
  if (node.IntOr("transA", 0) != 0) return Refuse("transA is not supported");
  const Dims& shape = known->dims;
  const std::size_t in_axis = transposed ? 1 : 0;
  if (x.dims.size() != 2 || shape.size() != 2 || shape[in_axis] != x.dims[1] ||
      shape[1 - in_axis] <= 0) {
    return Refuse(
        fmt::format("weights {} do not fit an input of shape {}", Show(shape), Show(x.dims)));
  }
  const std::int64_t outputs = shape[1 - in_axis];
  TRY_VOID(weights_.Take(outputs));
  TRY(std::vector<float> weights, Floats(node, 1, outputs * x.dims[1]));
  if (!transposed) weights = Transposed(weights, x.dims[1], outputs);
  const float alpha = node.FloatOr("alpha", 1.0f);
  for (float& weight : weights) weight *= alpha;
  std::vector<float> bias(static_cast<std::size_t>(outputs), 0.0f);
  if (!Input(node, 2).empty()) {
    TRY(const Constant* addend, Known(node, 2));
    TRY(const std::int64_t count, CheckedCount(addend->dims));
    const bool row = !addend->dims.empty() && addend->dims.back() == outputs && count == outputs;
    if (!row && count != 1) {
      return Refuse(
          fmt::format("input 2 of shape {} does not fit {} outputs", Show(addend->dims), outputs));
    }
    TRY(bias, Floats(node, 2, count));
    if (!row) bias.assign(static_cast<std::size_t>(outputs), bias[0]);
  }
  const float beta = node.FloatOr("beta", 1.0f);
  for (float& value : bias) value *= beta;
  TRY(Operand result, Densely(node, x, std::move(weights), std::move(bias)));
  return Bind(node, std::move(result));
}

// By a constant matrix, or of two values.
Result<void> Importer::OnMatMul(const Node& node) {
  TRY(Operand a, Read(node, 0));
  TRY(Operand b, Read(node, 1));
  if (a.dims.size() < 2 || b.dims.size() < 2) {
    return Refuse(
        fmt::format("a product of {} and {} is not supported", Show(a.dims), Show(b.dims)));
  }
  const std::size_t rank = b.dims.size();
  const std::int64_t in = b.dims[rank - 2];
  const std::int64_t out = b.dims[rank - 1];
  const bool one_matrix = CountBetween(b.dims, 0, rank - 2) == 1;
  if (a.constant == nullptr && b.constant != nullptr && one_matrix && rank <= a.dims.size()) {
    if (in != a.dims.back() || out <= 0) {
      return Refuse(
          fmt::format("weights {} do not fit an input of shape {}", Show(b.dims), Show(a.dims)));
    }
    TRY(const std::int64_t count, CheckedCount(b.dims));
    TRY_VOID(weights_.Take(out));
    TRY(const std::vector<float> weights, Floats(node, 1, count));
    TRY(Operand result, Densely(node, a, Transposed(weights, in, out),
                                std::vector<float>(static_cast<std::size_t>(out), 0.0f)));
    return Bind(node, std::move(result));
  }
  if (a.constant != nullptr && b.constant != nullptr) {
    return Refuse("a product of constants is not supported");
  }
  if (a.constant != nullptr) {
    TRY(a, Literally(node, *a.constant));
  }
  if (b.constant != nullptr) {
    TRY(b, Literally(node, *b.constant));
  }
  TRY(Operand result, Product(node, a, b));
  return Bind(node, std::move(result));
}

Result<Importer::Operand> Importer::Product(const Node& node, const Operand& a, const Operand& b) {
  const std::size_t rank = std::max(a.dims.size(), b.dims.size());
  const Dims first = Aligned(a.dims, rank);
  const Dims second = Aligned(b.dims, rank);
  std::int64_t rows = first[rank - 2];
  const std::int64_t shared = first[rank - 1];
  const std::int64_t columns = second[rank - 1];
  std::int64_t matrices = CountBetween(first, 0, rank - 2);
  const std::int64_t others = CountBetween(second, 0, rank - 2);
  if (others == 1) {  // one matrix for all: their rows follow each other
    rows *= matrices;
    matrices = 1;
  } else if (!std::equal(first.begin(), first.end() - 2, second.begin())) {
    matrices = -1;
  }
  if (second[rank - 2] != shared || matrices < 0) {
    return Refuse(
        fmt::format("a product of {} and {} is not supported", Show(a.dims), Show(b.dims)));
  }
  Operand result{nullptr, -1, first};
  result.dims[rank - 1] = columns;
  TRY(const ValueId left, As(node, a, {matrices, rows, shared}));
  TRY(const ValueId right, As(node, b, {matrices, shared, columns}));
  TRY(result.id, Emit(node, nn::MatMul{}, {left, right}, {matrices, rows, columns}));
  return result;
}

}  // namespace scones::nn
