// Writes a Dataset in the layout that the workflow uploads:
//   DIR/train/NAME.png  DIR/test/NAME.png  DIR/train.lst  DIR/test.lst
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "base/result.h"
#include "vision/dataset.h"

namespace scones::vision {

// Each record becomes a PNG under its own file name; the .lst files give its index in the original
// split, its label and its name below train/ or test/. The lists are removed first and written
// last, so a folder with both is complete (short of a power cut). Other files stay; those of the
// same name are replaced; the folder is made where it is absent. `progress` as in DatasetOptions,
// counted in pictures. Errors: kInvalid (a name that is no plain one ending in ".png", or comes
// twice), kExhausted (the disk is full), kCancelled, kDenied, kInternal.
Result<void> WriteImageFolder(
    const Dataset& dataset, const std::filesystem::path& directory,
    const std::function<bool(std::uint64_t done, std::uint64_t total)>& progress = {});

}  // namespace scones::vision
