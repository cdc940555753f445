// Weights as a safetensors file: a JSON header with names, shapes and offsets, then the numbers.
// NumPy, PyTorch and JAX read it without us. Pure; safe from any thread.
// Source: the format's description, huggingface.co/docs/safetensors.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "train/graph.h"

namespace scones::train {

using Parameters = std::map<std::string, std::vector<float>>;  // by ParameterSpec::name

struct WeightsFile {
  Parameters parameters;
  std::map<std::string, std::string> metadata;
};

// Arrays of two dimensions and more are stored as float16 (half of the file, and no accuracy that
// was measured), vectors as float32. `parameters` holds every array of `specs`.
std::string EncodeSafetensors(const std::vector<ParameterSpec>& specs, const WeightsFile& file);

// Errors: kInvalid for anything that is cut, overlaps the end or has a type other than F16 and F32.
Result<WeightsFile> ParseSafetensors(std::string_view bytes);

}  // namespace scones::train
