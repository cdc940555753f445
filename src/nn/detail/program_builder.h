// ProgramBuilder: chooses a primitive and a layout for each operator of a Graph, in order, and
// notes which step writes and reads which buffer. Private to Program::Compile.
#pragma once

#include <initializer_list>
#include <oneapi/dnnl/dnnl.hpp>
#include <utility>
#include <vector>

#include "nn/detail/program.h"

namespace scones::nn {

// Buffers that have fixed numbers; those that the plan places follow.
enum Buffer : int { kInputBuffer = 0, kOutputBuffer = 1, kScratchBuffer = 2, kFirstPlanned = 3 };

class ProgramBuilder {
 public:
  ProgramBuilder(const Graph& graph, int batch, const dnnl::engine& engine, WeightStore& weights);

  // May throw dnnl::error, as all of these do.
  void Add(const Op& op, int op_index);
  Program Finish();

 private:
  // A value: its layout and the buffer that holds it.
  struct Placed {
    dnnl::memory::desc desc;
    int buffer = -1;
  };
  struct Argument {
    int id;
    Placed where;
  };

  void AddConv(const Op& op, const Conv& conv, int op_index);
  void AddDense(const Op& op, const Dense& dense);
  void AddAffine(const Op& op, const Affine& affine);
  void AddPool(const Op& op, const Pool& pool);
  void AddAdd(const Op& op);
  void AddReshape(const Op& op);
  void AddSoftmax(const Op& op);
  void AddActivate(const Op& op);

  dnnl::memory::dims DimsOf(ValueId value) const;
  const Placed& At(ValueId value) const { return placed_[static_cast<std::size_t>(value)]; }
  // Attributes with the residual and activation of `op` fused.
  dnnl::primitive_attr Attributes(const Op& op) const;
  // `value` in the layout `desc`: itself, or a copy made by an added step.
  Placed InLayout(const Placed& value, const dnnl::memory::desc& desc);
  Placed NewBuffer(const dnnl::memory::desc& desc);
  // Where `value` of layout `desc` is to be written; the program's output, if it is that.
  Placed Place(ValueId value, const dnnl::memory::desc& desc);
  // Where a convolution accumulates onto its residual: in place when nothing else needs that.
  Placed PlaceOnResidual(const Op& op, const dnnl::memory::desc& desc, int op_index);
  void Emit(const dnnl::primitive& primitive, const dnnl::memory::desc& scratchpad,
            std::initializer_list<Argument> arguments,
            const std::vector<std::pair<int, dnnl::memory>>& weights = {});
  void Copy(const Placed& from, const Placed& to);
  void Touch(int buffer);

  const Graph& graph_;
  const dnnl::engine& engine_;
  WeightStore& weights_;
  Program program_;
  std::vector<Placed> placed_;       // by ValueId
  std::vector<int> last_use_;        // by ValueId: index of the last operator that reads it
  std::vector<Lifetime> lifetimes_;  // of buffers from kFirstPlanned
};

}  // namespace scones::nn
