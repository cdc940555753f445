#include "endpoints/artifact.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "base/json.h"
#include "vision/lst.h"

namespace scones::endpoints {
namespace {

constexpr std::size_t kMaxMetadataBytes = 4 * 1024 * 1024;
constexpr int kMaxSide = 4096;

using ArchivePtr = std::unique_ptr<archive, decltype(&archive_read_free)>;

Error Bad(std::string message) {
  return Error(Code::kInvalid, "model.tar.gz: " + std::move(message));
}

// The entry's path without "./", or an error where it could lead elsewhere.
Result<std::string> SafePath(const char* raw) {
  std::string_view path = raw == nullptr ? "" : raw;
  while (path.starts_with("./")) path.remove_prefix(2);
  const bool climbs = path == ".." || path.starts_with("../") || path.ends_with("/..") ||
                      path.find("/../") != std::string_view::npos;
  if (path.starts_with('/') || climbs) {
    return Bad(fmt::format("entry '{}' leads out of the archive", path.substr(0, 200)));
  }
  return std::string(path);
}

// Reads one entry's bytes, taking them from what is `left`; keeps them in `out` unless that is
// null.
Result<void> ReadEntry(archive* reader, std::uint64_t& left, std::string* out) {
  std::string buffer(64 * 1024, '\0');
  while (true) {
    const la_ssize_t got = archive_read_data(reader, buffer.data(), buffer.size());
    if (got < 0) return Bad(fmt::format("it is damaged: {}", archive_error_string(reader)));
    if (got == 0) return {};
    const auto size = static_cast<std::uint64_t>(got);
    if (size > left) return Error(Code::kExhausted, "model.tar.gz unpacks to more than allowed");
    left -= size;
    if (out != nullptr) out->append(buffer.data(), size);
  }
}

constexpr std::string_view kCalibration = "calibration/";
constexpr std::string_view kCalibrationList = "calibration.lst";

struct Contents {
  std::optional<std::string> onnx;
  std::optional<std::string> metadata;
  std::map<std::string, std::string, std::less<>> calibration;  // by path below calibration/
};

// Where the entry's bytes go; null for one that is of no use here.
std::string* SlotFor(std::string_view path, Contents& contents) {
  if (path == "model.onnx") return &contents.onnx.emplace();
  if (path == "metadata.json") return &contents.metadata.emplace();
  if (!path.starts_with(kCalibration)) return nullptr;
  path.remove_prefix(kCalibration.size());
  std::string& slot = contents.calibration[std::string(path)];
  slot.clear();
  return &slot;
}

Result<Contents> ReadContents(archive* reader, const ArtifactLimits& limits) {
  Contents contents;
  std::uint64_t left = limits.max_unpacked_bytes;
  std::uint64_t calibration_left = limits.max_calibration_bytes;
  for (int entries = 0;; ++entries) {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(reader, &entry);
    if (status == ARCHIVE_EOF) return contents;
    if (status != ARCHIVE_OK && status != ARCHIVE_WARN) {
      return Bad(fmt::format("it is damaged or no tar archive: {}", archive_error_string(reader)));
    }
    if (entries >= limits.max_entries) {
      return Error(Code::kExhausted,
                   fmt::format("model.tar.gz has more than {} entries", limits.max_entries));
    }
    TRY(const std::string path, SafePath(archive_entry_pathname(entry)));
    const auto type = archive_entry_filetype(entry);
    if (type == AE_IFDIR) continue;
    if (type != AE_IFREG || archive_entry_hardlink(entry) != nullptr) {
      return Bad(fmt::format("entry '{}' is neither a file nor a folder", path.substr(0, 200)));
    }
    std::uint64_t& budget = path.starts_with(kCalibration) ? calibration_left : left;
    TRY_VOID(ReadEntry(reader, budget, SlotFor(path, contents)));
  }
}

// "3,32,32" or [3, 32, 32].
Result<std::array<int, 3>> ParseShape(const json::value* value) {
  std::vector<std::int64_t> sides;
  if (value != nullptr && value->is_string()) {
    const std::string_view text = value->get_string();
    const char* at = text.data();
    const char* const end = text.data() + text.size();
    while (at < end && sides.size() < 4) {
      int side = 0;
      const auto [next, fault] = std::from_chars(at, end, side);
      if (fault != std::errc() || (next != end && *next != ',')) break;
      sides.push_back(side);
      at = next == end ? end : next + 1;
    }
  } else if (value != nullptr && value->is_array()) {
    for (const json::value& side : value->get_array()) {
      sides.push_back(side.is_int64() ? side.get_int64() : 0);
    }
  }
  const auto fits = [](std::int64_t side) { return side >= 1 && side <= kMaxSide; };
  if (sides.size() != 3 || sides[0] != 3 || !fits(sides[1]) || !fits(sides[2])) {
    return Bad("metadata.json: image_shape must be \"3,height,width\"");
  }
  return std::array<int, 3>{3, static_cast<int>(sides[1]), static_cast<int>(sides[2])};
}

Result<void> ParseTriple(const json::object& object, std::string_view name,
                         std::array<float, 3>& out) {
  const json::value* value = FindMember(object, name);
  if (value == nullptr) return {};
  const json::array* array = value->if_array();
  if (array == nullptr || array->size() != 3) {
    return Bad(fmt::format("metadata.json: {} must be three numbers", name));
  }
  for (std::size_t c = 0; c < 3; ++c) {
    const json::value& number = (*array)[c];
    if (!number.is_number() || !std::isfinite(number.to_number<double>())) {
      return Bad(fmt::format("metadata.json: {} must be three numbers", name));
    }
    out[c] = static_cast<float>(number.to_number<double>());
  }
  return {};
}

// The pictures that the list names, in its order; none where there is no list.
Result<std::vector<CalibrationPicture>> ReadCalibration(Contents& contents, int max_pictures) {
  std::vector<CalibrationPicture> pictures;
  const auto list = contents.calibration.find(kCalibrationList);
  if (list == contents.calibration.end()) return pictures;
  const auto entries = vision::ParseLst(list->second, "calibration/calibration.lst");
  if (!entries) return Bad(entries.error().message());
  if (std::cmp_greater(entries->size(), max_pictures)) {
    return Error(Code::kExhausted, fmt::format("model.tar.gz: calibration/ has {} pictures; at "
                                               "most {} are allowed",
                                               entries->size(), max_pictures));
  }
  for (const vision::LstEntry& entry : *entries) {
    const auto found = contents.calibration.find(entry.path);
    if (found == contents.calibration.end()) {
      return Bad(fmt::format("line {} of calibration/calibration.lst names {}, which is not there",
                             entry.line, entry.path));
    }
    pictures.push_back({std::move(found->second), entry.label});
  }
  return pictures;
}

}  // namespace

Result<ModelMetadata> ParseModelMetadata(std::string_view text) {
  auto parsed = ParseJson(text);
  if (!parsed) return Bad("metadata.json: " + parsed.error().message());
  const json::object* object = parsed->if_object();
  if (object == nullptr) return Bad("metadata.json must be an object");
  ModelMetadata metadata;
  TRY(const auto shape, ParseShape(FindMember(*object, "image_shape")));
  metadata.height = shape[1];
  metadata.width = shape[2];
  TRY_VOID(ParseTriple(*object, "mean", metadata.mean));
  TRY_VOID(ParseTriple(*object, "std", metadata.std));
  for (const float deviation : metadata.std) {
    if (!(deviation > 0)) return Bad("metadata.json: std must be above zero");
  }
  if (const json::array* classes = FindArray(*object, "classes")) {
    for (const json::value& name : *classes) {
      if (!name.is_string()) return Bad("metadata.json: classes must be names");
      metadata.classes.emplace_back(name.get_string());
    }
  }
  if (const json::value* value = FindMember(*object, "temperature")) {
    metadata.temperature = value->is_number() ? value->to_number<double>() : 0;
    if (!(metadata.temperature > 0) || !std::isfinite(metadata.temperature)) {
      return Bad("metadata.json: temperature must be a number above zero");
    }
  }
  return metadata;
}

Result<Artifact> ReadArtifact(const io::Path& path, const ArtifactLimits& limits) {
  TRY(const io::File file, io::File::Open(path, io::File::Mode::kRead));
  TRY(const std::uint64_t size, file.Size());
  if (size > limits.max_archive_bytes) {
    return Error(Code::kExhausted, fmt::format("model.tar.gz has {} bytes; at most {} are allowed",
                                               size, limits.max_archive_bytes));
  }
  const ArchivePtr reader(archive_read_new(), archive_read_free);
  if (reader == nullptr) return Error(Code::kExhausted, "not enough memory for model.tar.gz");
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_format_tar(reader.get());
  if (archive_read_open_fd(reader.get(), file.descriptor(), 64 * 1024) != ARCHIVE_OK) {
    return Bad(
        fmt::format("it is damaged or no tar archive: {}", archive_error_string(reader.get())));
  }
  TRY(Contents contents, ReadContents(reader.get(), limits));
  if (!contents.onnx) return Bad("it holds no model.onnx");
  if (!contents.metadata) return Bad("it holds no metadata.json");
  if (contents.metadata->size() > kMaxMetadataBytes) return Bad("metadata.json is too large");
  Artifact artifact;
  TRY(artifact.metadata, ParseModelMetadata(*contents.metadata));
  TRY(artifact.calibration, ReadCalibration(contents, limits.max_calibration_pictures));
  artifact.onnx = *std::move(contents.onnx);
  return artifact;
}

}  // namespace scones::endpoints
