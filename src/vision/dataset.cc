#include "vision/dataset.h"

#include <fmt/format.h>

#include <algorithm>

#include "vision/detail/byte_source.h"
#include "vision/detail/cifar.h"
#include "vision/detail/idx.h"
#include "vision/detail/picture_folder.h"
#include "vision/detail/tar.h"

namespace scones::vision {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kWhatIsRead =
    "a CIFAR-100 or CIFAR-10 archive for Python (.tar.gz), IDX files, or a folder with one folder "
    "of "
    "PNG or JPEG pictures for each class";

detail::SourceLimits LimitsOf(const DatasetOptions& options, std::uint64_t max_bytes) {
  return {.max_bytes = max_bytes,
          .max_inflation = std::max<std::uint64_t>(options.max_inflation, 1),
          .progress = options.progress};
}

Result<Dataset> ReadCifarArchive(const fs::path& path, const DatasetOptions& options) {
  TRY(const auto source, detail::OpenFile(path, LimitsOf(options, options.max_total_bytes)));
  detail::CifarReader reader(options);
  TRY_VOID(detail::ReadTar(
      *source, {options.max_archive_entries, options.max_entry_bytes},
      [&reader](const std::string& entry, detail::ByteSource& body) -> Result<void> {
        const std::string name = fs::path(entry).filename().string();
        if (!detail::CifarReader::Wants(name)) return {};
        return reader.Add(name, body);
      }));
  return reader.Finish();
}

Result<Dataset> ReadCifarFolder(const fs::path& directory, const DatasetOptions& options) {
  detail::CifarReader reader(options);
  // The class names first, so that no part needs to be held.
  for (const char* name : {"meta", "batches.meta", "train", "test", "data_batch_1", "data_batch_2",
                           "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"}) {
    const fs::path file = directory / name;
    std::error_code error;
    if (!fs::is_regular_file(file, error)) continue;
    TRY(const auto source, detail::OpenFile(file, LimitsOf(options, options.max_entry_bytes)));
    if (Result<void> added = reader.Add(name, *source); !added) return added.error().Within(name);
  }
  return reader.Finish();
}

bool HoldsCifar(const fs::path& directory) {
  std::error_code error;
  return fs::is_regular_file(directory / "meta", error) ||
         fs::is_regular_file(directory / "batches.meta", error);
}

bool HoldsIdx(const fs::path& directory) {
  std::error_code error;
  int count = 0;
  for (fs::directory_iterator it(directory, error), end; !error && it != end && ++count < 1000;
       it.increment(error)) {
    std::error_code ignored;
    if (!it->is_regular_file(ignored)) continue;
    const Result<std::string> beginning = detail::ReadBeginning(it->path(), 4);
    if (beginning && detail::IdxKindOf(*beginning)) return true;
  }
  return false;
}

Result<Dataset> ReadFolder(const fs::path& directory, const DatasetOptions& options) {
  if (HoldsCifar(directory)) return ReadCifarFolder(directory, options);
  for (const char* name : {"cifar-100-python", "cifar-10-batches-py"}) {
    if (HoldsCifar(directory / name)) return ReadCifarFolder(directory / name, options);
  }
  if (HoldsIdx(directory)) return detail::ReadIdxDirectory(directory, options);
  if (detail::LooksLikePictureFolder(directory))
    return detail::ReadPictureFolder(directory, options);
  return Error(Code::kInvalid, fmt::format("the folder holds no data set: give {}", kWhatIsRead));
}

Result<Dataset> ReadFile(const fs::path& path, const DatasetOptions& options) {
  TRY(const std::string beginning, detail::ReadBeginning(path, 512));
  if (detail::LooksLikeTar(beginning)) return ReadCifarArchive(path, options);
  if (detail::IdxKindOf(beginning)) return detail::ReadIdxDirectory(path.parent_path(), options);
  if (beginning.empty()) return Error(Code::kInvalid, "the file is empty; fetch it again");
  if (beginning.starts_with("PK\x03\x04")) {
    return Error(Code::kInvalid, "it is a zip file; unpack it and give the folder");
  }
  return Error(Code::kInvalid, fmt::format("it is not a data set: give {}", kWhatIsRead));
}

// A class that was asked for, or a whole split, without pictures can't be trained on or tested.
Result<void> CheckNotEmpty(const Dataset& dataset, bool each_class) {
  for (const auto* split : {&dataset.train, &dataset.test}) {
    const char* const name = split == &dataset.train ? "training" : "test";
    if (split->empty()) return Error(Code::kInvalid, fmt::format("it has no {} pictures", name));
    std::vector<bool> seen(dataset.class_names.size());
    for (const Record& record : *split) seen[static_cast<std::size_t>(record.label)] = true;
    const auto empty = std::find(seen.begin(), seen.end(), false);
    if (each_class && empty != seen.end()) {
      return Error(
          Code::kInvalid,
          fmt::format("it has no {} pictures of the class '{}'", name,
                      dataset.class_names[static_cast<std::size_t>(empty - seen.begin())]));
    }
  }
  return {};
}

Result<Dataset> ReadAny(const fs::path& path, const DatasetOptions& options) {
  std::error_code error;
  const bool folder = fs::is_directory(path, error);
  TRY(Dataset dataset, folder ? ReadFolder(path, options) : ReadFile(path, options));
  TRY_VOID(CheckNotEmpty(dataset, !options.classes.empty()));
  return dataset;
}

}  // namespace

const char* DatasetFormatName(DatasetFormat format) {
  switch (format) {
    case DatasetFormat::kCifar100:
      return "CIFAR-100";
    case DatasetFormat::kCifar10:
      return "CIFAR-10";
    case DatasetFormat::kIdx:
      return "IDX";
    case DatasetFormat::kImageFolder:
      return "image folder";
  }
  return "";
}

Result<Dataset> ReadDataset(const fs::path& path, const DatasetOptions& options) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    return Error(Code::kNotFound,
                 fmt::format("{}: there is no such file or folder", path.string()));
  }
  try {
    Result<Dataset> dataset = ReadAny(path, options);
    if (!dataset) return dataset.error().Within(path.string());
    return dataset;
  } catch (const std::bad_alloc&) {
    return Error(
        Code::kExhausted,
        fmt::format("{}: there is not enough memory for it; choose fewer classes", path.string()));
  } catch (const fs::filesystem_error& failure) {
    return Error(Code::kInternal, failure.what());
  }
}

}  // namespace scones::vision
