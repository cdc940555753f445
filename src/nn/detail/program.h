// Program: a Graph compiled by oneDNN for one batch size: a list of primitives with their arguments
// bound to one block of memory. Private to Engine; one thread at a time.
#pragma once

#include <cstddef>
#include <deque>
#include <oneapi/dnnl/dnnl.hpp>
#include <span>
#include <utility>
#include <vector>

#include "base/result.h"
#include "nn/detail/graph.h"
#include "nn/detail/memory_plan.h"
#include "nn/detail/quantize.h"
#include "nn/precision.h"

namespace scones::nn {

// Without the instructions oneDNN computes bf16 in more steps than fp32, or not at all.
bool HasBFloat16();

// Weights in the data types and layouts that primitives asked for, each reordered once and shared
// by the programs of all batch sizes. Tensors that are passed must outlive the store: their
// addresses are their names.
class WeightStore {
 public:
  explicit WeightStore(const dnnl::engine& engine) : engine_(engine) {}

  // `data`, laid out as `plain`, in the data type and layout `wanted`.
  dnnl::memory Get(const std::vector<float>& data, const dnnl::memory::desc& plain,
                   const dnnl::memory::desc& wanted);
  // The same divided by the scale of its output channel; `mask` says which dimensions count those.
  dnnl::memory Quantized(const std::vector<float>& data, const dnnl::memory::desc& plain,
                         const dnnl::memory::desc& wanted, int mask,
                         const std::vector<float>& scales);
  // A vector made of `source`, the same whenever it is asked for.
  dnnl::memory Derived(const std::vector<float>& source, std::vector<float> values);
  // `count` floats of one value.
  dnnl::memory Fill(std::size_t count, float value);
  std::size_t bytes() const { return bytes_; }

 private:
  enum class Kind { kReordered, kQuantized, kDerived };
  struct Entry {
    Kind kind;
    const float* source;
    dnnl::memory memory;
  };
  const dnnl::memory* Find(Kind kind, const std::vector<float>& source,
                           const dnnl::memory::desc& wanted) const;
  dnnl::memory Reorder(Kind kind, const std::vector<float>& data, const dnnl::memory::desc& plain,
                       const dnnl::memory::desc& wanted, const dnnl::primitive_attr& attributes);
  dnnl::memory Keep(std::vector<float> values);

  dnnl::engine engine_;
  std::vector<Entry> entries_;
  std::deque<std::vector<float>> kept_;
  std::size_t bytes_ = 0;
};

struct ProgramOptions {
  int batch = 1;
  Precision precision = Precision::kFloat32;
  const QuantPlan* plan = nullptr;  // for int8
  bool observe = false;             // keep every value for Program::Observed
};

class Program {
 public:
  // Errors: kInternal naming the operator that oneDNN refuses.
  static Result<Program> Compile(const Graph& graph, const ProgramOptions& options,
                                 const dnnl::engine& engine, WeightStore& weights);

  int batch() const { return batch_; }
  std::size_t arena_bytes() const { return plan_.total_bytes + scratch_bytes_; }
  // Binds all intermediate results to `arena` (64-byte aligned, arena_bytes() long), which other
  // programs may use while this one does not run.
  void Bind(std::byte* arena);
  // Errors: kInternal. Call Bind first.
  Result<void> Run(const dnnl::stream& stream, const float* input, float* output);
  // After a Run: the result of each operator in the order they run, in fp32 and row-major order.
  // Only of programs that were compiled to observe.
  std::span<const float> Observed(std::size_t op_index) const;

 private:
  friend class ProgramBuilder;

  struct Step {
    dnnl::primitive primitive;
    std::vector<dnnl_exec_arg_t> arguments;
  };
  struct Binding {
    dnnl::memory memory;
    int buffer;
  };
  struct Observation {
    int buffer;
    std::size_t count;
  };

  int batch_ = 0;
  std::vector<Step> steps_;
  std::vector<Binding> bindings_;
  std::vector<dnnl::memory> weights_;  // kept alive
  std::vector<dnnl_memory_t> inputs_;
  std::vector<dnnl_memory_t> outputs_;
  std::vector<Observation> observed_;
  const std::byte* arena_ = nullptr;
  MemoryPlan plan_;
  std::size_t scratch_bytes_ = 0;
};

}  // namespace scones::nn
