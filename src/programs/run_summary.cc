#include "programs/run_summary.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>

#include "programs/workflow_names.h"

namespace scones::programs {
namespace {

// Three decimals are enough for reading, and for JSON.
double Rounded(double value) { return std::round(value * 1000) / 1000; }

void PrintConfusion(const RunSummary& summary) {
  fmt::print(stderr, "  {:>16}", "actual \\ predicted");
  for (const std::string& name : summary.classes) fmt::print(stderr, "  {:>12.12}", name);
  fmt::print(stderr, "\n");
  for (std::size_t actual = 0; actual < summary.evaluation.confusion.size(); ++actual) {
    fmt::print(stderr, "  {:>18.18}", summary.classes[actual]);
    for (const std::size_t count : summary.evaluation.confusion[actual]) {
      fmt::print(stderr, "  {:>12}", count);
    }
    fmt::print(stderr, "\n");
  }
}

void PrintCalibration(const RunSummary& summary) {
  const std::vector<Answer>& answers = summary.evaluation.answers;
  const ThresholdPoint point = ThresholdCurve(answers, {summary.threshold})[0];
  fmt::print(stderr, "Expected calibration error: {:.3f}\n", ExpectedCalibrationError(answers));
  fmt::print(stderr, "Test pictures at or above the threshold of {}: {} of {}, {} of them right\n",
             summary.threshold, point.passed, answers.size(), point.correct);
}

json::object ThresholdToJson(const ThresholdPoint& point) {
  const std::optional<double> precision = point.Precision();
  return {{"threshold", point.threshold},
          {"passed", point.passed},
          {"correct", point.correct},
          {"coverage", point.coverage},
          {"precision", precision ? json::value(*precision) : json::value(nullptr)}};
}

json::object CalibrationToJson(const RunSummary& summary) {
  const std::vector<Answer>& answers = summary.evaluation.answers;
  const std::vector<ReliabilityBin> bins = BinByConfidence(answers);
  json::array reliability;
  for (const ReliabilityBin& bin : bins) {
    if (bin.count == 0) continue;
    reliability.push_back({{"from", bin.from},
                           {"to", bin.to},
                           {"count", bin.count},
                           {"confidence", bin.confidence},
                           {"accuracy", bin.accuracy}});
  }
  json::array curve;
  for (const ThresholdPoint& point :
       ThresholdCurve(answers, {0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.99})) {
    curve.push_back(ThresholdToJson(point));
  }
  return {{"expected_calibration_error", ExpectedCalibrationError(bins)},
          {"at_threshold", ThresholdToJson(ThresholdCurve(answers, {summary.threshold})[0])},
          {"thresholds", std::move(curve)},
          {"reliability", std::move(reliability)}};
}

}  // namespace

json::object LatenciesToJson(const std::vector<double>& latencies_ms) {
  const auto [p50, p95, p99] = Percentiles(latencies_ms);
  return {{"p50", Rounded(p50)}, {"p95", Rounded(p95)}, {"p99", Rounded(p99)}};
}

void PrintSummary(const RunSummary& summary) {
  const Evaluation& evaluation = summary.evaluation;
  const Outcomes& outcomes = summary.simulation.total;
  const auto [p50, p95, p99] = Percentiles(summary.simulation.latencies_ms);
  fmt::print(stderr, "\n");
  if (summary.synthetic) {
    fmt::print(stderr, "NOTE: the pictures are SYNTHETIC: {}\n", summary.dataset);
  }
  fmt::print(stderr, "Accuracy: {:.4f}, {} of all {} test pictures right; trained in {:.1f} s\n",
             evaluation.accuracy(), evaluation.correct, evaluation.count, summary.train_seconds);
  PrintConfusion(summary);
  PrintCalibration(summary);
  fmt::print(stderr,
             "Executions: {} succeeded, {} failed below the threshold of {}, {} errors\n"
             "Latency of an execution: p50 {:.1f} ms, p95 {:.1f} ms, p99 {:.1f} ms\n",
             outcomes.succeeded, outcomes.failed, summary.threshold, outcomes.errored, p50, p95,
             p99);
  if (!summary.simulation.first_error.empty()) {
    fmt::print(stderr, "First error: {}\n", summary.simulation.first_error);
  }
  fmt::print(stderr, "Report: {}\n", summary.report);
  if (summary.keep_serving) {
    fmt::print(stderr, "Keep serving: scones serve --data-dir {}\n", summary.data_dir.string());
  }
}

json::object SummaryToJson(const RunSummary& summary) {
  const Outcomes& outcomes = summary.simulation.total;
  return {{"dataset", summary.dataset},
          {"synthetic", summary.synthetic},
          {"classes", json::value_from(summary.classes)},
          {"test_count", summary.evaluation.count},
          {"test_correct", summary.evaluation.correct},
          {"accuracy", summary.evaluation.accuracy()},
          {"calibration", CalibrationToJson(summary)},
          {"train_seconds", Rounded(summary.train_seconds)},
          {"endpoint", kEndpointName},
          {"state_machine_arn", summary.state_machine_arn},
          {"executions",
           {{"succeeded", outcomes.succeeded},
            {"failed", outcomes.failed},
            {"errored", outcomes.errored}}},
          {"latency_ms", LatenciesToJson(summary.simulation.latencies_ms)},
          {"report", summary.report}};
}

}  // namespace scones::programs
