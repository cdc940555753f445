#include "train/calibration.h"

namespace scones::train {

void FoldTemperature(const Graph& graph, double temperature, Parameters& parameters) {
  const std::string& classifier = graph.layers.back().name;
  for (const char* part : {".weight", ".bias"}) {
    for (float& value : parameters.at(classifier + part)) {
      value = static_cast<float>(value / temperature);
    }
  }
}

}  // namespace scones::train
