#include "vision/lst.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <unordered_set>

#include "io/file.h"

namespace scones::vision {
namespace {

constexpr std::uint64_t kMaxFileBytes = 256u << 20;
constexpr std::uint32_t kMaxLabel = 99'999;

// im2rec writes labels as floating point ("0.000000"): a fraction of zeros is taken.
std::optional<std::uint32_t> ParseNumber(std::string_view text, std::uint32_t max) {
  if (const auto dot = text.find('.'); dot != std::string_view::npos) {
    if (text.find_first_not_of('0', dot + 1) != std::string_view::npos) return std::nullopt;
    text = text.substr(0, dot);
  }
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > max) return std::nullopt;
  return value;
}

bool StaysInside(std::string_view path) {
  if (path.empty() || path.front() == '/' || path.find('\0') != std::string_view::npos)
    return false;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, end - at);
    if (part.empty() || part == "..") return false;
    at = end + 1;
  }
  return true;
}

Result<LstEntry> ParseLine(std::string_view line) {
  const auto bad = [](std::string message) { return Error(Code::kInvalid, std::move(message)); };
  const std::size_t first = line.find('\t');
  const std::size_t second = first == std::string_view::npos ? first : line.find('\t', first + 1);
  if (second == std::string_view::npos || line.find('\t', second + 1) != std::string_view::npos) {
    return bad("it must be index, label and path with one tab between them");
  }
  const auto index = ParseNumber(line.substr(0, first), std::numeric_limits<std::uint32_t>::max());
  if (!index) return bad(fmt::format("the index '{}' is no number", line.substr(0, first)));
  const std::string_view label_text = line.substr(first + 1, second - first - 1);
  const auto label = ParseNumber(label_text, kMaxLabel);
  if (!label) {
    return bad(
        fmt::format("the label '{}' is no whole number from 0 to {}", label_text, kMaxLabel));
  }
  const std::string_view path = line.substr(second + 1);
  if (!StaysInside(path)) {
    return bad(fmt::format("the path '{}' is not a relative one inside its folder", path));
  }
  return LstEntry{*index, static_cast<int>(*label), std::string(path)};
}

}  // namespace

Result<std::vector<LstEntry>> ParseLst(std::string_view text, std::string_view name) {
  std::vector<LstEntry> entries;
  std::unordered_set<std::string> paths;
  std::uint32_t number = 0;
  while (!text.empty()) {
    ++number;
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    Result<LstEntry> entry = ParseLine(line);
    if (entry && !paths.insert(entry->path).second) {
      entry = Error(Code::kInvalid, fmt::format("the picture '{}' comes twice", entry->path));
    }
    if (!entry) return entry.error().Within(fmt::format("{} line {}", name, number));
    entry->line = number;
    entries.push_back(std::move(*entry));
  }
  if (entries.empty()) return Error(Code::kInvalid, fmt::format("{} names no picture", name));
  return entries;
}

std::string FormatLst(const std::vector<LstEntry>& entries) {
  std::string text;
  for (const LstEntry& entry : entries) {
    text += fmt::format("{}\t{}\t{}\n", entry.index, entry.label, entry.path);
  }
  return text;
}

Result<std::vector<LstEntry>> ReadLst(const std::filesystem::path& file,
                                      const std::filesystem::path& image_root) {
  TRY(const std::string text, io::ReadFile(file, kMaxFileBytes));
  TRY(std::vector<LstEntry> entries, ParseLst(text, file.string()));
  for (const LstEntry& entry : entries) {
    std::error_code error;
    if (std::filesystem::is_regular_file(image_root / entry.path, error)) continue;
    return Error(Code::kInvalid,
                 fmt::format("{} line {}: the picture '{}' is missing in {}", file.string(),
                             entry.line, entry.path, image_root.string()));
  }
  return entries;
}

}  // namespace scones::vision
