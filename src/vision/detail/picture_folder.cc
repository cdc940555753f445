#include "vision/detail/picture_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "io/file.h"
#include "vision/detail/selection.h"

namespace scones::vision::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxClasses = 10'000;

// Names in a folder that fit, sorted, so that the result does not depend on the file system.
std::vector<std::string> SortedNames(const fs::path& directory, bool folders) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    std::error_code ignored;
    const bool fits = folders ? it->is_directory(ignored) : it->is_regular_file(ignored);
    if (fits && !name.starts_with('.')) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool NamedAsPicture(const fs::path& path) {
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return ending == ".png" || ending == ".jpg" || ending == ".jpeg";
}

struct Task {
  fs::path file;
  int label = 0;
};

class FolderReader {
 public:
  explicit FolderReader(const DatasetOptions& options) : options_(options) {}

  Result<Dataset> Read(const fs::path& directory) {
    const bool split =
        fs::is_directory(directory / "train") && fs::is_directory(directory / "test");
    TRY(const Selection selection, FindClasses(directory, split));
    dataset_.format = DatasetFormat::kImageFolder;
    dataset_.class_names = selection.class_names();
    std::vector<Task> train;
    std::vector<Task> test;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const int label = selection.NewLabel(static_cast<std::int64_t>(i));
      if (label < 0) continue;
      if (split) {
        ListClass(directory / "train" / names_[i], label, train, train, 0);
        ListClass(directory / "test" / names_[i], label, test, test, 0);
      } else {
        ListClass(directory / names_[i], label, train, test, std::max(options_.test_every, 2));
      }
    }
    total_ = train.size() + test.size();
    Budget budget;
    SplitCollector train_collector(options_, budget, dataset_.train);
    SplitCollector test_collector(options_, budget, dataset_.test);
    TRY_VOID(ReadAll(train, train_collector));
    TRY_VOID(ReadAll(test, test_collector));
    return std::move(dataset_);
  }

 private:
  Result<Selection> FindClasses(const fs::path& directory, bool split) {
    std::set<std::string> names;
    for (const char* part : {"train", "test"}) {
      for (std::string& name : SortedNames(split ? directory / part : directory, true)) {
        names.insert(std::move(name));
      }
    }
    if (names.size() > kMaxClasses) {
      return Error(Code::kExhausted, fmt::format("it has more than {} classes", kMaxClasses));
    }
    names_.assign(names.begin(), names.end());
    return Selection::Make(names_, options_.classes);
  }

  // Every `every`-th picture goes to `test`; 0 sends all to `train`.
  static void ListClass(const fs::path& folder, int label, std::vector<Task>& train,
                        std::vector<Task>& test, int every) {
    int count = 0;
    for (const std::string& name : SortedNames(folder, false)) {
      const bool to_test = every > 0 && ++count % every == 0;
      (to_test ? test : train).push_back({folder / name, label});
    }
  }

  Result<void> ReadAll(const std::vector<Task>& tasks, SplitCollector& collector) {
    std::uint32_t index = 0;
    for (const Task& task : tasks) {
      if (options_.progress && !options_.progress(done_++, total_)) {
        return Error(Code::kCancelled, "reading was cancelled");
      }
      TRY(const std::string bytes, io::ReadFile(task.file, options_.decode.max_bytes));
      if (SniffContentType(bytes).empty() && !NamedAsPicture(task.file)) continue;
      Result<Image> image = DecodeImage(bytes, options_.decode);
      if (!image) return image.error().Within(task.file.string());
      if (options_.resize_width > 0 && options_.resize_height > 0) {
        image = Resize(*image, options_.resize_width, options_.resize_height);
      }
      Record record{task.file.filename().string(), task.label, index++, std::move(*image)};
      if (Result<void> added = collector.Add(std::move(record)); !added) {
        return added.error().Within(task.file.string());
      }
    }
    return {};
  }

  const DatasetOptions& options_;
  Dataset dataset_;
  std::vector<std::string> names_;
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
};

bool HoldsPictureOneDown(const fs::path& directory) {
  for (const std::string& folder : SortedNames(directory, true)) {
    const std::vector<std::string> files = SortedNames(directory / folder, false);
    if (std::any_of(files.begin(), files.end(),
                    [](const std::string& f) { return NamedAsPicture(f); })) {
      return true;
    }
  }
  return false;
}

}  // namespace

bool LooksLikePictureFolder(const fs::path& directory) {
  return HoldsPictureOneDown(directory) || HoldsPictureOneDown(directory / "train");
}

Result<Dataset> ReadPictureFolder(const fs::path& directory, const DatasetOptions& options) {
  return FolderReader(options).Read(directory);
}

}  // namespace scones::vision::detail
