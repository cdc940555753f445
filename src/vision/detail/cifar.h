// CIFAR-100 and CIFAR-10 in their "python version": pickles with 32x32 pictures, file names,
// labels. Source: https://www.cs.toronto.edu/~kriz/cifar.html.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "vision/dataset.h"
#include "vision/detail/byte_source.h"
#include "vision/detail/pickle.h"
#include "vision/detail/selection.h"

namespace scones::vision::detail {

// Takes the files of a data set in any order. A part that comes before the class names is held
// (CIFAR-100's train: 155 MB); otherwise only the pictures of the chosen classes stay.
class CifarReader {
 public:
  explicit CifarReader(const DatasetOptions& options)
      : options_(options),
        train_(options, budget_, dataset_.train),
        test_(options, budget_, dataset_.test) {}
  CifarReader(const CifarReader&) = delete;
  CifarReader& operator=(const CifarReader&) = delete;

  // Whether a file of this name (without its folder) belongs to the data set.
  static bool Wants(std::string_view name);

  // Errors: kInvalid, saying what in the file is not as it should be.
  Result<void> Add(std::string_view name, ByteSource& body);
  // Call once, last. Errors: kInvalid: a part is missing.
  Result<Dataset> Finish();

 private:
  struct Part {
    bool test = false;
    std::uint32_t number = 0;  // of the part within its split, from 0
    Pickle pickle;
  };

  Result<void> TakeMeta(const PickleValue& root);
  Result<void> TakePart(const Part& part);

  const DatasetOptions& options_;
  Dataset dataset_;
  Budget budget_;
  SplitCollector train_;
  SplitCollector test_;
  bool has_meta_ = false;
  std::size_t all_classes_ = 0;
  Selection selection_;
  std::vector<Part> waiting_;
  bool seen_[2] = {false, false};  // train, test
};

}  // namespace scones::vision::detail
