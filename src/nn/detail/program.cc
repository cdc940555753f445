#include "nn/detail/program.h"

#include <fmt/format.h>

#include <algorithm>

#include "nn/detail/program_builder.h"

namespace scones::nn {

using dnnl::memory;

bool HasBFloat16() {
  const auto isa = dnnl::get_effective_cpu_isa();
  return isa == dnnl::cpu_isa::avx512_core_bf16 || isa == dnnl::cpu_isa::avx512_core_amx;
}

const memory* WeightStore::Find(Kind kind, const std::vector<float>& source,
                                const memory::desc& wanted) const {
  for (const Entry& entry : entries_) {
    if (entry.kind == kind && entry.source == source.data() && entry.memory.get_desc() == wanted) {
      return &entry.memory;
    }
  }
  return nullptr;
}

memory WeightStore::Get(const std::vector<float>& data, const memory::desc& plain,
                        const memory::desc& wanted) {
  // oneDNN reads weights only, so dropping const is safe.
  if (plain == wanted) return memory(plain, engine_, const_cast<float*>(data.data()));
  if (const memory* found = Find(Kind::kReordered, data, wanted)) return *found;
  return Reorder(Kind::kReordered, data, plain, wanted, {});
}

memory WeightStore::Quantized(const std::vector<float>& data, const memory::desc& plain,
                              const memory::desc& wanted, int mask,
                              const std::vector<float>& scales) {
  if (const memory* found = Find(Kind::kQuantized, data, wanted)) return *found;
  std::vector<float> factors(scales.size());
  std::transform(scales.begin(), scales.end(), factors.begin(), [](float s) { return 1 / s; });
  dnnl::primitive_attr attributes;
  attributes.set_output_scales(mask, factors);
  return Reorder(Kind::kQuantized, data, plain, wanted, attributes);
}

memory WeightStore::Reorder(Kind kind, const std::vector<float>& data, const memory::desc& plain,
                            const memory::desc& wanted, const dnnl::primitive_attr& attributes) {
  memory source(plain, engine_, const_cast<float*>(data.data()));
  memory reordered(wanted, engine_);
  dnnl::stream stream(engine_);
  dnnl::reorder(source, reordered, attributes).execute(stream, source, reordered);
  stream.wait();
  bytes_ += wanted.get_size();
  entries_.push_back({kind, data.data(), reordered});
  return reordered;
}

memory WeightStore::Derived(const std::vector<float>& source, std::vector<float> values) {
  const memory::desc desc = Vector(values.size());
  if (const memory* found = Find(Kind::kDerived, source, desc)) return *found;
  entries_.push_back({Kind::kDerived, source.data(), Keep(std::move(values))});
  return entries_.back().memory;
}

memory WeightStore::Fill(std::size_t count, float value) {
  return Keep(std::vector<float>(count, value));
}

memory WeightStore::Keep(std::vector<float> values) {
  kept_.push_back(std::move(values));
  bytes_ += kept_.back().size() * sizeof(float);
  return memory(Vector(kept_.back().size()), engine_, kept_.back().data());
}

Result<Program> Program::Compile(const Graph& graph, const ProgramOptions& options,
                                 const dnnl::engine& engine, WeightStore& weights) {
  std::string at = "the program";
  try {
    ProgramBuilder builder(graph, options.batch, options.precision, options.plan, engine, weights);
    for (std::size_t i = 0; i < graph.ops.size(); ++i) {
      at = graph.ops[i].name;
      builder.Add(graph.ops[i], static_cast<int>(i));
      if (options.observe) builder.Observe(graph.ops[i].output);
    }
    return builder.Finish();
  } catch (const dnnl::error& error) {
    return Error(Code::kInternal,
                 fmt::format("oneDNN cannot compile {} for {} pictures: {} (status {})", at,
                             options.batch, error.message, static_cast<int>(error.status)));
  }
}

void Program::Bind(std::byte* arena) {
  arena_ = arena;
  for (Binding& binding : bindings_) {
    if (binding.buffer == kScratchBuffer) {
      binding.memory.set_data_handle(arena + plan_.total_bytes);
    } else if (binding.buffer >= kFirstPlanned) {
      const auto planned = static_cast<std::size_t>(binding.buffer - kFirstPlanned);
      binding.memory.set_data_handle(arena + plan_.offsets[planned]);
    }
  }
}

std::span<const float> Program::Observed(std::size_t op_index) const {
  const Observation& observed = observed_[op_index];
  const auto planned = static_cast<std::size_t>(observed.buffer - kFirstPlanned);
  return {reinterpret_cast<const float*>(arena_ + plan_.offsets[planned]), observed.count};
}

Result<void> Program::Run(const dnnl::stream& stream, const float* input, float* output) {
  for (const dnnl_memory_t bound : inputs_) {
    // oneDNN only reads its source.
    dnnl_memory_set_data_handle(bound, const_cast<float*>(input));
  }
  for (const dnnl_memory_t bound : outputs_) dnnl_memory_set_data_handle(bound, output);
  for (const Step& step : steps_) {
    const dnnl_status_t status =
        dnnl_primitive_execute(step.primitive.get(), stream.get(),
                               static_cast<int>(step.arguments.size()), step.arguments.data());
    if (status != dnnl_success) {
      return Error(Code::kInternal,
                   fmt::format("oneDNN failed with status {}", static_cast<int>(status)));
    }
  }
  return {};
}

}  // namespace scones::nn
