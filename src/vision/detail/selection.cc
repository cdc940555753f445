#include "vision/detail/selection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace scones::vision::detail {
namespace {

constexpr std::string_view kEnding = ".png";

std::string ToPngName(std::string_view name) {
  for (std::string_view ending : {".png", ".PNG", ".jpg", ".JPG", ".jpeg", ".JPEG"}) {
    if (name.ends_with(ending) && name.size() > ending.size()) {
      name.remove_suffix(ending.size());
      break;
    }
  }
  return std::string(name) + std::string(kEnding);
}

}  // namespace

Result<Selection> Selection::Make(const std::vector<std::string>& names,
                                  const std::vector<std::string>& wanted) {
  Selection selection;
  selection.class_names_ = wanted.empty() ? names : wanted;
  selection.labels_.assign(names.size(), -1);
  for (std::size_t label = 0; label < selection.class_names_.size(); ++label) {
    const std::string& name = selection.class_names_[label];
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      return Error(Code::kInvalid, fmt::format("it has no class '{}'; its classes are: {}", name,
                                               fmt::join(names, ", ")));
    }
    int& slot = selection.labels_[static_cast<std::size_t>(found - names.begin())];
    if (slot != -1) {
      return Error(Code::kInvalid, fmt::format("the class '{}' is named twice", name));
    }
    slot = static_cast<int>(label);
  }
  return selection;
}

Result<void> SplitCollector::Add(Record record) {
  if (!IsPlainFileName(record.file_name)) {
    return Error(Code::kInvalid,
                 fmt::format("record {} has the file name '{}', which is no plain name",
                             record.index, record.file_name.substr(0, 80)));
  }
  budget_.bytes += record.image.pixels.size();
  ++budget_.records;
  if (budget_.records > options_.max_records || budget_.bytes > options_.max_total_bytes) {
    return Error(Code::kExhausted,
                 fmt::format("it holds more than the limit of {} pictures or {} bytes of pixels; "
                             "choose fewer classes or smaller pictures",
                             options_.max_records, options_.max_total_bytes));
  }
  record.file_name = ToPngName(record.file_name);
  // CIFAR-100 itself has one name twice.
  if (!names_.insert(record.file_name).second) {
    const std::size_t ending = record.file_name.size() - kEnding.size();
    record.file_name.insert(ending, fmt::format("-{}", record.index));
    if (!names_.insert(record.file_name).second) {
      return Error(Code::kInvalid, fmt::format("the file name '{}' comes twice", record.file_name));
    }
  }
  split_.push_back(std::move(record));
  return {};
}

bool IsPlainFileName(std::string_view name) {
  if (name.empty() || name.size() > 200 || name.front() == '.') return false;
  return std::none_of(name.begin(), name.end(), [](char c) {
    return c == '/' || c == '\\' || static_cast<std::uint8_t>(c) < 0x20 || c == 0x7f;
  });
}

}  // namespace scones::vision::detail
