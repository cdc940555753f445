// A folder of pictures: DIR/CLASS/*.png or DIR/train/CLASS/* and DIR/test/CLASS/*.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "vision/dataset.h"

namespace scones::vision::detail {

// Whether some folder below holds a picture in the form above.
bool LooksLikePictureFolder(const std::filesystem::path& directory);

// Files are told to be pictures by content; hidden files and other files are passed over, but a
// file named .png, .jpg or .jpeg that is no picture is an error.
Result<Dataset> ReadPictureFolder(const std::filesystem::path& directory,
                                  const DatasetOptions& options);

}  // namespace scones::vision::detail
