#include "nn/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <new>
#include <utility>

#include "nn/detail/arena.h"
#include "nn/detail/graph.h"
#include "nn/detail/program.h"
#include "nn/detail/quantize.h"
#include "nn/detail/range_finder.h"
#include "nn/detail/thread_count.h"

namespace scones::nn {
namespace {

constexpr std::size_t kMaxArenaBytes = std::size_t{1} << 30;

bool AllFinite(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); });
}

ValueRange RangeOf(std::string name, const RangeFinder& found) {
  const float limit = found.BestLimit();
  return {std::move(name), std::max(found.low(), -limit), std::min(found.high(), limit)};
}

Result<Calibration> Observe(const Graph& graph, std::span<const float> pictures) {
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  const dnnl::stream stream(engine);
  WeightStore weights(engine);
  TRY(Program program, Program::Compile(graph, {.observe = true}, engine, weights));
  if (program.arena_bytes() > kMaxArenaBytes) {
    return Error(Code::kExhausted,
                 fmt::format("calibration needs {} bytes of working memory, the limit is {}",
                             program.arena_bytes(), kMaxArenaBytes));
  }
  TRY(const Arena arena, MakeArena(program.arena_bytes()));
  program.Bind(arena.get());
  const std::vector<bool> never_negative = NeverNegativeValues(graph);
  std::vector<RangeFinder> seen = {RangeFinder(127)};  // of the input, then of each operator
  for (const Op& op : graph.ops) {
    seen.emplace_back(never_negative[static_cast<std::size_t>(op.output)] ? 255 : 127);
  }
  std::vector<float> output(static_cast<std::size_t>(graph.class_count));
  const auto size = static_cast<std::size_t>(graph.input_shape.size());
  for (std::size_t at = 0; at + size <= pictures.size(); at += size) {
    const auto picture = pictures.subspan(at, size);
    if (!AllFinite(picture))
      return Error(Code::kInvalid, "a picture has a value that is not finite");
    seen[0].Add(picture);
    TRY_VOID(program.Run(stream, picture.data(), output.data()));
    for (std::size_t i = 0; i < graph.ops.size(); ++i) {
      if (!AllFinite(program.Observed(i))) {
        return Error(Code::kInvalid, "a result is not finite").Within(graph.ops[i].name);
      }
      seen[i + 1].Add(program.Observed(i));
    }
  }
  Calibration calibration;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    calibration.ranges.push_back(RangeOf(i == 0 ? "input" : graph.ops[i - 1].name, seen[i]));
  }
  return calibration;
}

}  // namespace

Result<Calibration> Calibrate(const std::shared_ptr<const Model>& model,
                              std::span<const float> pictures) {
  const auto size = static_cast<std::size_t>(model->input_shape().size());
  if (pictures.empty() || pictures.size() % size != 0) {
    return Error(Code::kInvalid,
                 fmt::format("calibration needs whole pictures of {} values, not {} values", size,
                             pictures.size()));
  }
  const ThreadCount threads(1);
  try {
    return Observe(model->graph(), pictures);
  } catch (const dnnl::error& error) {
    return Error(Code::kInternal, fmt::format("oneDNN cannot start: {}", error.message));
  } catch (const std::bad_alloc&) {
    return Error(Code::kExhausted, "not enough memory to calibrate the model");
  }
}

json::value ToJsonValue(const Calibration& calibration) {
  json::array ranges;
  for (const ValueRange& range : calibration.ranges) {
    ranges.push_back({{"name", range.name}, {"low", range.low}, {"high", range.high}});
  }
  return json::object{{"ranges", std::move(ranges)}};
}

Result<Calibration> CalibrationFromJson(const json::value& value) {
  const json::array* ranges = value.is_object() ? FindArray(value.get_object(), "ranges") : nullptr;
  if (ranges == nullptr) return Error(Code::kInvalid, "a calibration has an array 'ranges'");
  Calibration calibration;
  for (std::size_t i = 0; i < ranges->size(); ++i) {
    const json::value& entry = (*ranges)[i];
    const auto number = [&](std::string_view name) {
      const json::value* found = entry.is_object() ? FindMember(entry.get_object(), name) : nullptr;
      return found != nullptr && found->is_number() ? found->to_number<float>() : NAN;
    };
    const json::string* name = entry.is_object() ? FindString(entry.get_object(), "name") : nullptr;
    const float low = number("low");
    const float high = number("high");
    if (name == nullptr || !std::isfinite(low) || !std::isfinite(high) || low > high) {
      return Error(Code::kInvalid,
                   fmt::format("range {} of the calibration needs a 'name' and numbers 'low' and "
                               "'high'",
                               i));
    }
    calibration.ranges.push_back({std::string(*name), low, high});
  }
  return calibration;
}

}  // namespace scones::nn
