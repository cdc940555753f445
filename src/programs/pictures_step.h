// Steps 2 and 3: the chosen classes as PNG files with their lists, and those in the bucket.
#pragma once

#include <string>
#include <vector>

#include "io/file.h"
#include "programs/aws.h"
#include "programs/progress.h"

namespace scones::programs {

struct Picture {
  std::string name;  // below train/ or test/
  int label = 0;
};

struct Pictures {
  io::Path directory;
  std::string fingerprint;  // 12 hexadecimal digits: same data and classes, same text
  std::vector<std::string> classes;
  int width = 0;  // of every picture, in pixels
  int height = 0;
  std::size_t train_count = 0;
  std::vector<Picture> test;
};

// Reads the data set and writes the pictures below `work`; skipped where they are there. Pictures
// of a folder are scaled to `image_size` in width and height; those of other data sets keep their
// size.
Result<Pictures> WritePictures(const io::Path& dataset, const std::vector<std::string>& classes,
                               int image_size, const io::Path& work, Progress::Style style);

// Uploads both folders and lists under `prefix`; skipped where they are there.
Result<void> UploadPictures(Aws& aws, const Pictures& pictures, const S3Uri& prefix,
                            std::size_t concurrency, Progress::Style style);

}  // namespace scones::programs
