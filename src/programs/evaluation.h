// The model's accuracy on all test pictures, through its endpoint.
#pragma once

#include <string>
#include <vector>

#include "base/calibration.h"
#include "programs/aws.h"
#include "programs/pictures_step.h"

namespace scones::programs {

struct Evaluation {
  std::size_t count = 0;
  std::size_t correct = 0;
  // [actual class][predicted class] -> pictures
  std::vector<std::vector<std::size_t>> confusion;
  std::vector<Answer> answers;  // one a picture, in their order

  double accuracy() const {
    return count == 0 ? 0 : static_cast<double>(correct) / static_cast<double>(count);
  }
};

// Sends every test picture to kEndpointName. Errors: those of the endpoint; kCancelled.
Result<Evaluation> Evaluate(Aws& aws, const Pictures& pictures, std::size_t concurrency,
                            Progress::Style style);

// The probabilities in an endpoint's answer, a JSON array. Errors: kInternal.
Result<std::vector<double>> ParseProbabilities(std::string_view answer);

}  // namespace scones::programs
