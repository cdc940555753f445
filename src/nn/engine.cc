#include "nn/engine.h"

#include <fmt/format.h>

#include <bit>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "nn/detail/arena.h"
#include "nn/detail/program.h"
#include "nn/detail/thread_count.h"

namespace scones::nn {
namespace {

Result<void> Check(const EngineOptions& options) {
  if (options.precision == Precision::kInt8 && options.calibration.ranges.empty()) {
    return Error(Code::kInvalid,
                 "precision int8 needs a calibration: the ranges that Calibrate finds on training "
                 "pictures");
  }
  if (options.precision == Precision::kBFloat16 && !HasBFloat16()) {
    return Error(Code::kInvalid,
                 "this processor has no bf16 instructions (AVX512_BF16): use precision fp32");
  }
  if (options.threads < 1 || options.threads > 256) {
    return Error(Code::kInvalid, fmt::format("threads must be 1 to 256, not {}", options.threads));
  }
  if (options.max_batch < 1 || options.max_batch > 256) {
    return Error(Code::kInvalid,
                 fmt::format("max_batch must be 1 to 256, not {}", options.max_batch));
  }
  return {};
}

}  // namespace

struct Engine::State {
  State(std::shared_ptr<const Model> the_model, const EngineOptions& the_options)
      : model(std::move(the_model)),
        options(the_options),
        engine(dnnl::engine::kind::cpu, 0),
        stream(engine),
        weights(engine) {}

  Result<void> Compile();

  const std::shared_ptr<const Model> model;
  const EngineOptions options;
  dnnl::engine engine;
  dnnl::stream stream;
  WeightStore weights;
  std::optional<QuantPlan> plan;  // for int8
  std::vector<Program> programs;  // for 1, 2, 4, … pictures
  std::size_t arena_bytes = 0;
  Arena arena;
};

Result<void> Engine::State::Compile() {
  if (options.precision == Precision::kInt8) {
    TRY(plan, PlanInt8(model->graph(), options.calibration));
  }
  for (int batch = 1; batch <= options.max_batch; batch *= 2) {
    const ProgramOptions wanted{
        .batch = batch, .precision = options.precision, .plan = plan ? &*plan : nullptr};
    TRY(Program program, Program::Compile(model->graph(), wanted, engine, weights));
    arena_bytes = std::max(arena_bytes, program.arena_bytes());
    if (arena_bytes > options.max_arena_bytes) {
      return Error(Code::kExhausted,
                   fmt::format("{} pictures at once need {} bytes of working memory, the limit is "
                               "{}: lower the batch size",
                               batch, arena_bytes, options.max_arena_bytes));
    }
    programs.push_back(std::move(program));
  }
  TRY(arena, MakeArena(arena_bytes));
  for (Program& program : programs) program.Bind(arena.get());
  return {};
}

Result<Precision> ParsePrecision(std::string_view text) {
  if (text == "fp32") return Precision::kFloat32;
  if (text == "bf16") return Precision::kBFloat16;
  if (text == "int8") return Precision::kInt8;
  return Error(Code::kInvalid, "precision must be fp32, bf16 or int8");
}

Result<std::unique_ptr<Engine>> Engine::Make(std::shared_ptr<const Model> model,
                                             const EngineOptions& options) {
  TRY_VOID(Check(options));
  const ThreadCount threads(options.threads);
  try {
    auto state = std::make_unique<State>(std::move(model), options);
    TRY_VOID(state->Compile());
    return std::unique_ptr<Engine>(new Engine(std::move(state)));
  } catch (const dnnl::error& error) {
    return Error(Code::kInternal, fmt::format("oneDNN cannot start: {}", error.message));
  } catch (const std::bad_alloc&) {
    return Error(Code::kExhausted, "not enough memory for the model");
  }
}

Engine::Engine(std::unique_ptr<State> state) : state_(std::move(state)) {}
Engine::~Engine() = default;

Result<void> Engine::Run(std::span<const float> input, int count, std::span<float> output) {
  State& state = *state_;
  if (count < 1 || count > state.options.max_batch) {
    return Error(Code::kInvalid, fmt::format("a batch has 1 to {} pictures, not {}",
                                             state.options.max_batch, count));
  }
  const auto picture = static_cast<std::size_t>(state.model->input_shape().size());
  const auto classes = static_cast<std::size_t>(state.model->class_count());
  const auto pictures = static_cast<std::size_t>(count);
  if (input.size() < pictures * picture || output.size() < pictures * classes) {
    return Error(Code::kInvalid, "the input or output is shorter than the batch");
  }
  const ThreadCount threads(state.options.threads);
  // The largest program that still fits, again and again: 7 pictures run as 4, 2 and 1.
  for (std::size_t done = 0; done < pictures;) {
    const std::size_t left = pictures - done;
    const auto index = std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(left)) - 1,
                                             state.programs.size() - 1);
    Program& program = state.programs[index];
    TRY_VOID(
        program.Run(state.stream, input.data() + done * picture, output.data() + done * classes));
    done += static_cast<std::size_t>(program.batch());
  }
  return {};
}

const Model& Engine::model() const { return *state_->model; }
const EngineOptions& Engine::options() const { return state_->options; }
std::size_t Engine::arena_bytes() const { return state_->arena_bytes; }
std::size_t Engine::weight_bytes() const { return state_->weights.bytes(); }

}  // namespace scones::nn
