#include "nn/detail/program.h"

#include <fmt/format.h>

#include "nn/detail/program_builder.h"

namespace scones::nn {

using dnnl::memory;

memory WeightStore::Get(const std::vector<float>& data, const memory::desc& plain,
                        const memory::desc& wanted) {
  // oneDNN reads weights only, so dropping const is safe.
  void* bytes = const_cast<float*>(data.data());
  if (plain == wanted) return memory(plain, engine_, bytes);
  for (const Entry& entry : entries_) {
    if (entry.source == data.data() && entry.memory.get_desc() == wanted) return entry.memory;
  }
  memory source(plain, engine_, bytes);
  memory reordered(wanted, engine_);
  dnnl::stream stream(engine_);
  dnnl::reorder(source, reordered).execute(stream, source, reordered);
  stream.wait();
  bytes_ += wanted.get_size();
  entries_.push_back({data.data(), reordered});
  return reordered;
}

memory WeightStore::Fill(std::size_t count, float value) {
  filled_.emplace_back(count, value);
  bytes_ += count * sizeof(float);
  const memory::desc desc({static_cast<memory::dim>(count)}, memory::data_type::f32,
                          memory::format_tag::x);
  return memory(desc, engine_, filled_.back().data());
}

Result<Program> Program::Compile(const Graph& graph, int batch, Precision precision,
                                 const dnnl::engine& engine, WeightStore& weights) {
  std::string at = "the program";
  try {
    ProgramBuilder builder(graph, batch, precision, engine, weights);
    for (std::size_t i = 0; i < graph.ops.size(); ++i) {
      at = graph.ops[i].name;
      builder.Add(graph.ops[i], static_cast<int>(i));
    }
    return builder.Finish();
  } catch (const dnnl::error& error) {
    return Error(Code::kInternal,
                 fmt::format("oneDNN cannot compile {} for {} pictures: {} (status {})", at, batch,
                             error.message, static_cast<int>(error.status)));
  }
}

void Program::Bind(std::byte* arena) {
  for (Binding& binding : bindings_) {
    if (binding.buffer == kScratchBuffer) {
      binding.memory.set_data_handle(arena + plan_.total_bytes);
    } else if (binding.buffer >= kFirstPlanned) {
      const auto planned = static_cast<std::size_t>(binding.buffer - kFirstPlanned);
      binding.memory.set_data_handle(arena + plan_.offsets[planned]);
    }
  }
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
