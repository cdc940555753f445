// Calibration: the range of every value of a model, as found on training pictures; what int8 needs
// to choose its steps. A plain value, to be stored beside the model.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "nn/model.h"

namespace scones::nn {

// Of one value: what lies outside is clipped.
struct ValueRange {
  std::string name;  // of the operator that makes it; "input" for the picture
  float low = 0;
  float high = 0;
  bool operator==(const ValueRange&) const = default;
};

struct Calibration {
  // The input, then the result of each operator in the order they run.
  std::vector<ValueRange> ranges;
  bool operator==(const Calibration&) const = default;
};

// Runs `model` at fp32 on `pictures` ([n, C, H, W], normalised as in training; a few hundred do) on
// the calling thread. Same pictures, same result.
// Errors: kInvalid when there is no whole picture or a value is not finite; as of Engine::Make.
Result<Calibration> Calibrate(const std::shared_ptr<const Model>& model,
                              std::span<const float> pictures);

// {"ranges": [{"name": …, "low": …, "high": …}, …]}
json::value ToJsonValue(const Calibration& calibration);
// Errors: kInvalid, saying which range is not one.
Result<Calibration> CalibrationFromJson(const json::value& value);

}  // namespace scones::nn
