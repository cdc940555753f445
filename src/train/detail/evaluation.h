// Right answers of a network, counted picture by picture. Pure. C++17.
#pragma once

#include <algorithm>

namespace scones::train {

struct Evaluation {
  int correct = 0;
  int top_k_correct = 0;  // with the label's number among the top_k highest

  // row: [classes], logits or probabilities of one picture. Equal numbers count as right.
  void Count(const float* row, int classes, int label, int top_k) {
    float own = row[label];
    auto larger = std::count_if(row, row + classes, [own](float x) { return x > own; });
    if (larger == 0) ++correct;
    if (larger < top_k) ++top_k_correct;
  }
};

}  // namespace scones::train
