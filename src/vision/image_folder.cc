#include "vision/image_folder.h"

#include <fmt/format.h>

#include <unordered_set>
#include <vector>

#include "io/file.h"
#include "vision/detail/selection.h"
#include "vision/image_codec.h"
#include "vision/lst.h"

namespace scones::vision {
namespace {

namespace fs = std::filesystem;
using Progress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

Result<void> CheckNames(const std::vector<Record>& records) {
  std::unordered_set<std::string_view> names;
  for (const Record& record : records) {
    const bool plain =
        detail::IsPlainFileName(record.file_name) && record.file_name.ends_with(".png");
    if (plain && names.insert(record.file_name).second) continue;
    return Error(Code::kInvalid,
                 fmt::format("the file name '{}' {}", record.file_name,
                             plain ? "comes twice" : "is not a plain one that ends in .png"));
  }
  return {};
}

Result<void> WriteSplit(const std::vector<Record>& records, const fs::path& folder,
                        const Progress& progress, std::uint64_t& done, std::uint64_t total) {
  TRY_VOID(io::MakeDirectories(folder));
  for (const Record& record : records) {
    if (progress && !progress(done++, total)) {
      return Error(Code::kCancelled, "writing was cancelled");
    }
    TRY(io::File file,
        io::File::Open(folder / record.file_name, io::File::Mode::kCreateOrTruncate));
    TRY_VOID(file.Write(EncodePng(record.image)));
  }
  return {};
}

std::string ListOf(const std::vector<Record>& records) {
  std::vector<LstEntry> entries;
  entries.reserve(records.size());
  for (const Record& record : records) {
    entries.push_back({record.index, record.label, record.file_name});
  }
  return FormatLst(entries);
}

}  // namespace

Result<void> WriteImageFolder(const Dataset& dataset, const fs::path& directory,
                              const Progress& progress) {
  TRY_VOID(CheckNames(dataset.train));
  TRY_VOID(CheckNames(dataset.test));
  TRY_VOID(io::MakeDirectories(directory));
  TRY_VOID(io::RemoveAll(directory / "train.lst"));
  TRY_VOID(io::RemoveAll(directory / "test.lst"));
  const std::uint64_t total = dataset.train.size() + dataset.test.size();
  std::uint64_t done = 0;
  TRY_VOID(WriteSplit(dataset.train, directory / "train", progress, done, total));
  TRY_VOID(WriteSplit(dataset.test, directory / "test", progress, done, total));
  TRY_VOID(io::WriteFileDurably(directory / "train.lst", ListOf(dataset.train)));
  TRY_VOID(io::WriteFileDurably(directory / "test.lst", ListOf(dataset.test)));
  return {};
}

}  // namespace scones::vision
