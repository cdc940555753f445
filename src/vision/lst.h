// .lst files: which pictures a channel holds and what they show; one line each of
// index<TAB>label<TAB>relative path. Format: SageMaker image classification, MXNet im2rec.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace scones::vision {

struct LstEntry {
  std::uint32_t index = 0;
  int label = 0;
  std::string path;        // relative, '/' between parts, never leaving its root
  std::uint32_t line = 0;  // where it was read, from 1; not written
};

// Blank lines are skipped; CR LF is taken. `name` is what errors call the file.
// Errors: kInvalid, naming file, line and fault: not three fields, a number that is none, a label
// below 0 or above 99999, a path that is absolute or climbs out, the same path twice, no line at
// all.
Result<std::vector<LstEntry>> ParseLst(std::string_view text, std::string_view name);
std::string FormatLst(const std::vector<LstEntry>& entries);

// Parses the file and makes sure that each picture is there.
// Errors: as ParseLst; kNotFound for the file; kInvalid naming the line and the missing picture.
Result<std::vector<LstEntry>> ReadLst(const std::filesystem::path& file,
                                      const std::filesystem::path& image_root);

}  // namespace scones::vision
