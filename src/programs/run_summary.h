// What a whole run came to, for people and for programs.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "programs/evaluation.h"
#include "programs/simulation.h"

namespace scones::programs {

struct RunSummary {
  std::string dataset;  // where the pictures come from
  bool synthetic = false;
  std::vector<std::string> classes;
  double threshold = 0;
  double train_seconds = 0;
  std::string state_machine_arn;
  Evaluation evaluation;
  SimulationState simulation;
  std::string report;         // path of the page
  bool keep_serving = false;  // say how to start the server that ran inside
  io::Path data_dir;
};

// On standard error, so that --json has standard output for itself.
void PrintSummary(const RunSummary& summary);
json::object SummaryToJson(const RunSummary& summary);

// {"p50": ..., "p95": ..., "p99": ...} in milliseconds.
json::object LatenciesToJson(const std::vector<double>& latencies_ms);

}  // namespace scones::programs
