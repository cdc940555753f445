// Which classes of a data set are kept, and under which label. Pure.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "vision/dataset.h"

namespace scones::vision::detail {

class Selection {
 public:
  // `wanted` empty keeps all of `names` as they are.
  // Errors: kInvalid, listing the names there are: an unknown or doubled name in `wanted`.
  static Result<Selection> Make(const std::vector<std::string>& names,
                                const std::vector<std::string>& wanted);

  const std::vector<std::string>& class_names() const { return class_names_; }
  // -1: not kept. Requires 0 <= label < names.size().
  int NewLabel(std::int64_t label) const { return labels_[static_cast<std::size_t>(label)]; }

 private:
  std::vector<std::string> class_names_;
  std::vector<int> labels_;
};

// What all splits of a data set have taken of the limits.
struct Budget {
  std::uint64_t bytes = 0;
  std::uint64_t records = 0;
};

// Fills one split: makes file names unique and holds to the limits on number and size of records.
// What it is made with must outlive it.
class SplitCollector {
 public:
  SplitCollector(const DatasetOptions& options, Budget& budget, std::vector<Record>& split)
      : options_(options), budget_(budget), split_(split) {}

  // Errors: kInvalid: no plain file name; kExhausted past max_records or max_total_bytes.
  Result<void> Add(Record record);

 private:
  const DatasetOptions& options_;
  Budget& budget_;
  std::vector<Record>& split_;
  std::unordered_set<std::string> names_;
};

// A name that is safe as a file's and in a .lst: 1 to 200 bytes, no '/', '\\' or control character,
// not beginning with '.'.
bool IsPlainFileName(std::string_view name);

}  // namespace scones::vision::detail
