// Writes a Dataset in the layout that the workflow uploads:
//   DIR/train/NAME.png  DIR/test/NAME.png  DIR/train.lst  DIR/test.lst
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "base/result.h"
#include "vision/dataset.h"

namespace scones::vision {

// Each record becomes a PNG under its own file name (its ending replaced where it is not .png); the
// .lst files give its index in the original split, its label and its name below train/ or test/.
// Lists are written last, so a folder with both lists is complete. Pictures already there are
// replaced. `progress` as in DatasetOptions, counted in pictures. The folder is made where it is
// absent. Errors: kInvalid (a name that is no plain file name), kExhausted (disk full), kCancelled,
// kInternal.
Result<void> WriteImageFolder(
    const Dataset& dataset, const std::filesystem::path& directory,
    const std::function<bool(std::uint64_t done, std::uint64_t total)>& progress = {});

}  // namespace scones::vision
