// ProgramBuilder: chooses a primitive, a data type and a layout for each operator of a Graph, in
// order, and notes which step writes and reads which buffer. Private to Program::Compile.
// program_builder.cc holds the placing of values, program_convolution.cc the convolutions,
// program_operators.cc the other operators on pictures, program_tokens.cc those on rows of vectors
// and those that move elements.
#pragma once

#include <oneapi/dnnl/dnnl.hpp>
#include <span>
#include <utility>
#include <vector>

#include "nn/detail/program.h"
#include "nn/detail/quantize.h"

namespace scones::nn {

// Buffers that have fixed numbers; those that the plan places follow.
enum Buffer : int { kInputBuffer = 0, kOutputBuffer = 1, kScratchBuffer = 2, kFirstPlanned = 3 };

class ProgramBuilder {
 public:
  // `plan`, which outlives this, for int8; else null.
  ProgramBuilder(const Graph& graph, int batch, Precision precision, const QuantPlan* plan,
                 const dnnl::engine& engine, WeightStore& weights);

  // May throw dnnl::error, as all of these do.
  void Add(const Op& op, int op_index);
  // Adds a copy of `value` in fp32 and row-major order that lives until the run ends.
  void Observe(ValueId value);
  Program Finish();

 private:
  // A value: its data type and layout, and the buffer that holds it.
  struct Placed {
    dnnl::memory::desc desc;
    int buffer = -1;
    float scale = 1;  // real value = scale * stored; other than 1 for 8 bits only

    dnnl::memory::data_type type() const { return desc.data_type(); }
    bool is_int8() const {
      return type() == dnnl::memory::data_type::u8 || type() == dnnl::memory::data_type::s8;
    }
  };
  struct Argument {
    int id;
    Placed where;
  };

  void AddConv(const Op& op, const Conv& conv, int op_index);
  // False when oneDNN has no fast form in 8 bits.
  bool AddConvInt8(const Op& op, const Conv& conv, int op_index);
  dnnl::convolution_forward::primitive_desc ChooseConv(const Op& op, const Conv& conv) const;
  void AddDense(const Op& op, const Dense& dense, int op_index);
  void AddAffine(const Op& op, const Affine& affine);
  void AddPool(const Op& op, const Pool& pool);
  void AddAdd(const Op& op);
  void AddReshape(const Op& op);
  void AddSoftmax(const Op& op, const Softmax& softmax);
  void AddActivate(const Op& op);
  void AddBinary(const Op& op, const Binary& binary);
  void AddCombine(const Op& op, const Combine& combine);
  void AddMatMul(const Op& op, const MatMul& product);
  void AddLayerNorm(const Op& op, const LayerNorm& norm);
  void AddMean(const Op& op);
  void AddPermute(const Op& op, const Permute& permute);
  void AddSlice(const Op& op, const Slice& slice);
  void AddConcat(const Op& op, const Concat& concat);
  void AddLiteral(const Op& op, const Literal& literal);

  dnnl::memory::dims DimsOf(ValueId value) const;
  // `value` in fp32 or bf16: what is stored in 8 bits is converted once.
  Placed At(ValueId value);
  // `value` as it is stored, for operators that can read 8 bits.
  const Placed& Stored(ValueId value) const { return placed_[static_cast<std::size_t>(value)]; }
  // The data type in which an operator that can have either writes `value`: that of the precision,
  // but fp32 for the output and what a Softmax reads.
  dnnl::memory::data_type TypeOf(ValueId value) const;
  // `value` in fp32, for operators that have no other form. The layout stays.
  Placed Float32(ValueId value);
  // `value` in its data type and row-major order.
  Placed InOrder(ValueId value);
  // Attributes with the residual and activation of `op` fused.
  dnnl::primitive_attr Attributes(const Op& op) const;
  // `value` in the data type, layout and scale: itself, or a copy made by an added step.
  Placed InLayout(const Placed& value, const dnnl::memory::desc& desc, float scale = 1);
  Placed NewBuffer(const dnnl::memory::desc& desc, float scale = 1);
  // Where `value` of layout `desc` is to be written; the program's output, if it is that.
  Placed Place(ValueId value, const dnnl::memory::desc& desc, float scale = 1);
  // Where an operator accumulates onto `residual`: in place when nothing else needs that, else on a
  // copy in the layout `desc`.
  Placed PlaceOnResidual(const Op& op, const Placed& residual, const dnnl::memory::desc& desc,
                         int op_index);
  void Emit(const dnnl::primitive& primitive, const dnnl::memory::desc& scratchpad,
            const std::vector<Argument>& arguments,
            const std::vector<std::pair<int, dnnl::memory>>& weights = {});
  void Copy(const Placed& from, const Placed& to);
  void Touch(int buffer);

  const Graph& graph_;
  const QuantPlan* const plan_;               // null unless int8
  const int weight_steps_;                    // int8 weights are within
  const dnnl::memory::data_type type_;        // of activations between operators
  const dnnl::memory::data_type dense_type_;  // of what dense layers read
  const dnnl::engine& engine_;
  WeightStore& weights_;
  Program program_;
  std::vector<Placed> placed_;       // by ValueId
  std::vector<Placed> real_;         // by ValueId: what At made of 8 bits; else no buffer
  std::vector<int> last_use_;        // by ValueId: index of the last operator that reads it
  std::vector<bool> exact_;          // by ValueId: always fp32
  std::vector<Lifetime> lifetimes_;  // of buffers from kFirstPlanned
};

// `desc` with another data type.
dnnl::memory::desc WithType(dnnl::memory::desc desc, dnnl::memory::data_type type);
// [all but the last dimension, the last].
dnnl::memory::dims Rows(const dnnl::memory::dims& dims);
// In the layout that oneDNN likes best.
dnnl::memory::desc Any(const dnnl::memory::dims& dims, dnnl::memory::data_type type);
// Of fp32.
dnnl::memory::desc Vector(std::size_t size);
dnnl::memory::dims PairOf(const std::int64_t (&pair)[2]);
// Row-major, of one to six dimensions.
dnnl::memory::desc Plain(const dnnl::memory::dims& dims, dnnl::memory::data_type type);

}  // namespace scones::nn
