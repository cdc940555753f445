// The pictures that travel with a model, so that whoever serves it can calibrate int8 and measure
// what a lower precision costs. Format: docs/formats/model.md. Pure.
#pragma once

#include <string>
#include <vector>

#include "train/augment.h"

namespace scones::train {

struct CalibrationFile {
  std::string name;   // below calibration/
  std::string bytes;  // a PNG, or the list
};

// Up to 512 training pictures, as many of each class as of any other where there are enough, spread
// over the set: centre crops of height x width, as a served model sees them, and their list.
// Nothing where the pictures are not RGB. Requires pictures at least as large as the crop.
std::vector<CalibrationFile> MakeCalibration(const PictureSet& pictures, int height, int width);

}  // namespace scones::train
