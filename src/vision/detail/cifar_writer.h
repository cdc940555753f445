// Writes CIFAR-100 for Python: pickles as Python 2 made the original's, in a gzip tar. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vision/image.h"

namespace scones::vision::detail {

struct CifarRecord {
  std::string file_name;
  std::uint8_t fine_label = 0;
  std::uint8_t coarse_label = 0;
  Image image;  // 32x32
};

std::string MakeCifarMeta(const std::vector<std::string>& fine_names,
                          const std::vector<std::string>& coarse_names);
std::string MakeCifarSplit(std::string_view batch_label, const std::vector<CifarRecord>& records);

// A gzip tar of files (path, bytes) with no time and owner of their own, so that the same files
// give the same bytes.
std::string MakeTarGz(const std::vector<std::pair<std::string, std::string>>& files);

}  // namespace scones::vision::detail
