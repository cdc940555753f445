// Step 1 of the workflow: a data set on this machine, from wherever it can be had.
#pragma once

#include <string>

#include "base/result.h"
#include "io/file.h"
#include "programs/progress.h"

namespace scones::programs {

struct ObtainedDataset {
  io::Path path;
  std::string description;  // "CIFAR-100 from /data/cifar-100-python.tar.gz"
  bool synthetic = false;   // drawn by the built-in generator
};

// `wanted` is a path, an http(s) URL, "generator", or "auto": the cache, then a download of
// CIFAR-100, then the generator, saying so. Errors: kNotFound (no such path), kUnavailable (a URL
// that can't be reached), kDataLoss (a download
//   whose MD5 is wrong), kCancelled.
Result<ObtainedDataset> ObtainDataset(const std::string& wanted, Progress::Style style);

}  // namespace scones::programs
