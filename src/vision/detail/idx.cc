#include "vision/detail/idx.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "io/file.h"
#include "vision/detail/selection.h"

namespace scones::vision::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kLabelMagic = 0x00000801;
constexpr std::uint32_t kPictureMagic = 0x00000803;
constexpr int kMaxFiles = 1000;
constexpr const char* kFashionNames[] = {"t-shirt", "trouser", "pullover", "dress", "coat",
                                         "sandal",  "shirt",   "sneaker",  "bag",   "ankle-boot"};

Error Bad(std::string message) { return Error(Code::kInvalid, std::move(message)); }

std::uint32_t BigEndian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<std::uint8_t>(bytes[i]);
  return value;
}

struct Split {
  fs::path pictures;
  fs::path labels;
};

// Finds the up to four files by their first bytes; the name only tells train from test.
Result<std::map<bool, Split>> FindFiles(const fs::path& directory) {
  std::map<bool, Split> splits;
  std::error_code error;
  int count = 0;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    if (++count > kMaxFiles) break;
    if (!it->is_regular_file(error)) continue;
    const Result<std::string> beginning = ReadBeginning(it->path(), 4);
    const auto kind = beginning ? IdxKindOf(*beginning) : std::nullopt;
    if (!kind) continue;
    const std::string name = it->path().filename().string();
    const bool test =
        name.find("t10k") != std::string::npos || name.find("test") != std::string::npos;
    if (!test && name.find("train") == std::string::npos) {
      return Bad(
          fmt::format("{}: its name must have 'train', 'test' or 't10k' in it, to say which "
                      "split it is",
                      it->path().string()));
    }
    fs::path& slot = kind == IdxKind::kPictures ? splits[test].pictures : splits[test].labels;
    if (!slot.empty()) {
      return Bad(fmt::format("{} and {} are the same part; remove one", slot.string(),
                             it->path().string()));
    }
    slot = it->path();
  }
  for (const bool test : {false, true}) {
    if (splits[test].pictures.empty() || splits[test].labels.empty()) {
      return Bad(fmt::format("{} lacks the IDX file of the {} {}", directory.string(),
                             test ? "test" : "train",
                             splits[test].pictures.empty() ? "pictures" : "labels"));
    }
  }
  return splits;
}

Result<std::vector<std::string>> FindNames(const fs::path& directory, int count) {
  std::vector<std::string> names;
  std::error_code error;
  if (const fs::path file = directory / "labels.txt"; fs::exists(file, error)) {
    TRY(const std::string text, io::ReadFile(file, 1u << 20));
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      std::string line = text.substr(at, end - at);
      while (!line.empty() && line.back() <= ' ') line.pop_back();
      if (!line.empty()) names.push_back(std::move(line));
      at = end + 1;
    }
    if (static_cast<int>(names.size()) < count) {
      return Bad(
          fmt::format("{} names {} classes, but there are {}", file.string(), names.size(), count));
    }
    return names;
  }
  const fs::path whole = fs::absolute(directory, error);
  const bool fashion = std::any_of(whole.begin(), whole.end(), [](const fs::path& part) {
    return part.string().find("fashion-mnist") != std::string::npos;
  });
  if (fashion && count <= 10)
    return std::vector<std::string>(std::begin(kFashionNames), std::end(kFashionNames));
  for (int i = 0; i < count; ++i) names.push_back(std::to_string(i));
  return names;
}

Result<IdxFile> ReadIdxFile(const fs::path& path, IdxKind kind, const DatasetOptions& options) {
  const auto read = [&]() -> Result<IdxFile> {
    TRY(const auto source, OpenFile(path, {.max_bytes = options.max_entry_bytes,
                                           .max_inflation = options.max_inflation,
                                           .progress = options.progress}));
    return ReadIdx(*source, options);
  };
  Result<IdxFile> file = read();
  if (!file) return file.error().Within(path.string());
  if ((kind == IdxKind::kLabels) != (file->width == 1 && file->height == 1)) {
    return Bad(fmt::format("{} has {}x{} values for each record", path.string(), file->width,
                           file->height));
  }
  return file;
}

Image GreyToRgb(const IdxFile& file, std::size_t record) {
  Image image(file.width, file.height);
  const std::size_t plane = image.pixels.size() / 3;
  const char* in = file.bytes.data() + record * plane;
  for (std::size_t i = 0; i < plane; ++i) {
    std::fill_n(image.pixels.begin() + static_cast<std::ptrdiff_t>(3 * i), 3,
                static_cast<std::uint8_t>(in[i]));
  }
  return image;
}

Result<void> CollectSplit(const IdxFile& pictures, const IdxFile& labels,
                          const Selection& selection, std::string_view prefix,
                          SplitCollector& collector) {
  for (std::uint32_t i = 0; i < pictures.count; ++i) {
    const int label = selection.NewLabel(static_cast<std::uint8_t>(labels.bytes[i]));
    if (label < 0) continue;
    TRY_VOID(
        collector.Add({fmt::format("{}_{:06}.png", prefix, i), label, i, GreyToRgb(pictures, i)}));
  }
  return {};
}

}  // namespace

std::optional<IdxKind> IdxKindOf(std::string_view beginning) {
  if (beginning.size() < 4) return std::nullopt;
  const std::uint32_t magic = BigEndian(beginning);
  if (magic == kLabelMagic) return IdxKind::kLabels;
  if (magic == kPictureMagic) return IdxKind::kPictures;
  return std::nullopt;
}

Result<IdxFile> ReadIdx(ByteSource& source, const DatasetOptions& options) {
  TRY(const std::string all, ReadAll(source, options.max_entry_bytes));
  const auto kind = IdxKindOf(all);
  if (!kind) return Bad("it is no IDX file of bytes with one or three dimensions");
  const std::size_t header = kind == IdxKind::kPictures ? 16 : 8;
  if (all.size() < header) return Bad("its IDX header is cut short; fetch it again");
  const std::string_view view = all;
  IdxFile file;
  file.count = BigEndian(view.substr(4));
  std::uint64_t size = 1;
  if (kind == IdxKind::kPictures) {
    const std::uint64_t height = BigEndian(view.substr(8));
    const std::uint64_t width = BigEndian(view.substr(12));
    if (width < 2 || height < 2 || width > 65535 || height > 65535 ||
        width * height > options.decode.max_pixels) {
      return Bad(fmt::format("its header says pictures of {}x{} pixels", width, height));
    }
    file.width = static_cast<int>(width);
    file.height = static_cast<int>(height);
    size = width * height;
  }
  if (all.size() - header != file.count * size) {
    return Bad(
        fmt::format("its header says {} records of {} bytes, but {} bytes follow; fetch it again",
                    file.count, size, all.size() - header));
  }
  file.bytes = view.substr(header);
  return file;
}

Result<Dataset> ReadIdxDirectory(const fs::path& directory, const DatasetOptions& options) {
  TRY(auto splits, FindFiles(directory));
  Dataset dataset;
  dataset.format = DatasetFormat::kIdx;
  std::map<bool, IdxFile> labels;
  int count = 0;
  for (const bool test : {false, true}) {
    TRY(labels[test], ReadIdxFile(splits[test].labels, IdxKind::kLabels, options));
    for (char label : labels[test].bytes)
      count = std::max(count, static_cast<std::uint8_t>(label) + 1);
  }
  TRY(const std::vector<std::string> names, FindNames(directory, count));
  TRY(const Selection selection, Selection::Make(names, options.classes));
  dataset.class_names = selection.class_names();
  Budget budget;
  for (const bool test : {false, true}) {
    TRY(const IdxFile pictures, ReadIdxFile(splits[test].pictures, IdxKind::kPictures, options));
    if (pictures.count != labels[test].count) {
      return Bad(fmt::format("{} has {} pictures, but {} has {} labels",
                             splits[test].pictures.string(), pictures.count,
                             splits[test].labels.string(), labels[test].count));
    }
    SplitCollector collector(options, budget, test ? dataset.test : dataset.train);
    TRY_VOID(CollectSplit(pictures, labels[test], selection, test ? "test" : "train", collector));
  }
  return dataset;
}

}  // namespace scones::vision::detail
