#include "vision/detail/cifar.h"

#include <fmt/format.h>

#include <algorithm>

namespace scones::vision::detail {
namespace {

constexpr std::size_t kSide = 32;
constexpr std::size_t kPlane = kSide * kSide;
constexpr std::string_view kTenPart = "data_batch_";

Error Bad(std::string message) { return Error(Code::kInvalid, std::move(message)); }

// Rows hold all red, then all green, then all blue samples.
Image ToImage(std::string_view row) {
  Image image(kSide, kSide);
  for (std::size_t i = 0; i < kPlane; ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      image.pixels[3 * i + c] = static_cast<std::uint8_t>(row[c * kPlane + i]);
    }
  }
  return image;
}

bool AllOf(const PickleValue& list, bool (*accepts)(const PickleValue&)) {
  return list.Is(PickleValue::Kind::kList) &&
         std::all_of(list.items().begin(), list.items().end(), accepts);
}

bool IsString(const PickleValue& value) { return value.IsString(); }
bool IsInteger(const PickleValue& value) { return value.Is(PickleValue::Kind::kInteger); }

struct Columns {
  ByteMatrix pixels;
  std::span<const PickleValue> labels;
  std::span<const PickleValue> names;  // empty where the file has none
};

Result<Columns> FindColumns(const PickleValue& root, DatasetFormat format) {
  const char* const label_key = format == DatasetFormat::kCifar100 ? "fine_labels" : "labels";
  const PickleValue* const data = root.Find("data");
  const PickleValue* const labels = root.Find(label_key);
  if (data == nullptr || labels == nullptr) {
    return Bad(fmt::format("it is no part of {}: it lacks 'data' or '{}'",
                           DatasetFormatName(format), label_key));
  }
  Columns columns;
  Result<ByteMatrix> matrix = ToByteMatrix(*data);
  if (!matrix) return matrix.error().Within("'data'");
  columns.pixels = *matrix;
  if (columns.pixels.columns != 3 * kPlane) {
    return Bad(fmt::format("its rows have {} bytes and not 3072", columns.pixels.columns));
  }
  if (!AllOf(*labels, IsInteger)) return Bad(fmt::format("'{}' is no list of numbers", label_key));
  columns.labels = labels->items();
  if (const PickleValue* const names = root.Find("filenames")) {
    if (!AllOf(*names, IsString)) return Bad("'filenames' is no list of names");
    columns.names = names->items();
  }
  const bool even = columns.labels.size() == columns.pixels.rows &&
                    (columns.names.empty() || columns.names.size() == columns.pixels.rows);
  if (!even) {
    return Bad(fmt::format("it has {} pictures, but {} labels and {} file names",
                           columns.pixels.rows, columns.labels.size(), columns.names.size()));
  }
  return columns;
}

}  // namespace

bool CifarReader::Wants(std::string_view name) {
  if (name.starts_with(kTenPart)) {
    return name.size() == kTenPart.size() + 1 && name.back() >= '1' && name.back() <= '9';
  }
  return name == "meta" || name == "train" || name == "test" || name == "batches.meta" ||
         name == "test_batch";
}

Result<void> CifarReader::Add(std::string_view name, ByteSource& body) {
  TRY(Pickle pickle, Pickle::Read(body, {.max_bytes = options_.max_entry_bytes}));
  if (name == "meta" || name == "batches.meta") return TakeMeta(pickle.root());
  Part part;
  part.test = name.starts_with("test");
  part.number = name.starts_with(kTenPart) ? static_cast<std::uint32_t>(name.back() - '1') : 0;
  part.pickle = std::move(pickle);
  if (has_meta_) return TakePart(part);
  waiting_.push_back(std::move(part));
  return {};
}

Result<void> CifarReader::TakeMeta(const PickleValue& root) {
  const PickleValue* names = root.Find("fine_label_names");
  dataset_.format = names != nullptr ? DatasetFormat::kCifar100 : DatasetFormat::kCifar10;
  if (names == nullptr) names = root.Find("label_names");
  if (has_meta_ || names == nullptr || !AllOf(*names, IsString)) {
    return Bad("it does not hold the class names of CIFAR-100 or CIFAR-10 once");
  }
  std::vector<std::string> class_names;
  for (const PickleValue& name : names->items()) class_names.emplace_back(name.text());
  all_classes_ = class_names.size();
  TRY(selection_, Selection::Make(class_names, options_.classes));
  has_meta_ = true;
  for (Part& part : waiting_) {
    TRY_VOID(TakePart(part));
    part.pickle = Pickle();
  }
  waiting_.clear();
  return {};
}

Result<void> CifarReader::TakePart(const Part& part) {
  TRY(const Columns columns, FindColumns(part.pickle.root(), dataset_.format));
  const char* const split = part.test ? "test" : "train";
  for (std::size_t i = 0; i < columns.pixels.rows; ++i) {
    const std::int64_t label = columns.labels[i].integer();
    if (label < 0 || static_cast<std::size_t>(label) >= all_classes_) {
      return Bad(fmt::format("picture {} has the label {}, but there are {} classes", i, label,
                             all_classes_));
    }
    const int new_label = selection_.NewLabel(label);
    if (new_label < 0) continue;
    Record record;
    record.label = new_label;
    record.index = static_cast<std::uint32_t>(part.number * columns.pixels.rows + i);
    record.file_name = columns.names.empty() ? fmt::format("{}_{:06}.png", split, record.index)
                                             : std::string(columns.names[i].text());
    record.image = ToImage(columns.pixels.bytes.substr(i * 3 * kPlane, 3 * kPlane));
    TRY_VOID((part.test ? test_ : train_).Add(std::move(record)));
  }
  seen_[part.test ? 1 : 0] = true;
  return {};
}

Result<Dataset> CifarReader::Finish() {
  if (!has_meta_) return Bad("it lacks 'meta' (CIFAR-100) or 'batches.meta' (CIFAR-10)");
  if (!seen_[0]) return Bad("it lacks the training pictures ('train' or 'data_batch_1' to 5)");
  if (!seen_[1]) return Bad("it lacks the test pictures ('test' or 'test_batch')");
  // CIFAR-10's own archive has its parts out of order.
  std::stable_sort(dataset_.train.begin(), dataset_.train.end(),
                   [](const Record& a, const Record& b) { return a.index < b.index; });
  dataset_.class_names = selection_.class_names();
  return std::move(dataset_);
}

}  // namespace scones::vision::detail
