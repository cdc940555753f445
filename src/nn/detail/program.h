// Program: a Graph compiled by oneDNN for one batch size: a list of primitives with their arguments
// bound to one block of memory. Private to Engine; one thread at a time.
#pragma once

#include <cstddef>
#include <deque>
#include <oneapi/dnnl/dnnl.hpp>
#include <utility>
#include <vector>

#include "base/result.h"
#include "nn/detail/graph.h"
#include "nn/detail/memory_plan.h"
#include "nn/precision.h"

namespace scones::nn {

// Weights in the data types and layouts that primitives asked for, each reordered once and shared
// by the programs of all batch sizes.
class WeightStore {
 public:
  explicit WeightStore(const dnnl::engine& engine) : engine_(engine) {}

  // `data`, laid out as `plain`, in the layout `wanted`. `data` must outlive the store.
  dnnl::memory Get(const std::vector<float>& data, const dnnl::memory::desc& plain,
                   const dnnl::memory::desc& wanted);
  // `count` floats of one value.
  dnnl::memory Fill(std::size_t count, float value);
  std::size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    const float* source;
    dnnl::memory memory;
  };
  dnnl::engine engine_;
  std::vector<Entry> entries_;
  std::deque<std::vector<float>> filled_;
  std::size_t bytes_ = 0;
};

class Program {
 public:
  // Errors: kInternal naming the operator that oneDNN refuses.
  static Result<Program> Compile(const Graph& graph, int batch, Precision precision,
                                 const dnnl::engine& engine, WeightStore& weights);

  int batch() const { return batch_; }
  std::size_t arena_bytes() const { return plan_.total_bytes + scratch_bytes_; }
  // Binds all intermediate results to `arena` (64-byte aligned, arena_bytes() long), which other
  // programs may use while this one does not run.
  void Bind(std::byte* arena);
  // Errors: kInternal. Call Bind first.
  Result<void> Run(const dnnl::stream& stream, const float* input, float* output);

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

  int batch_ = 0;
  std::vector<Step> steps_;
  std::vector<Binding> bindings_;
  std::vector<dnnl::memory> weights_;  // kept alive
  std::vector<dnnl_memory_t> inputs_;
  std::vector<dnnl_memory_t> outputs_;
  MemoryPlan plan_;
  std::size_t scratch_bytes_ = 0;
};

}  // namespace scones::nn
