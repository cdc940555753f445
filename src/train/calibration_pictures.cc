#include "train/calibration_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "vision/image_codec.h"
#include "vision/lst.h"

namespace scones::train {
namespace {

constexpr std::size_t kMaxPictures = 512;
constexpr std::size_t kMaxSamples = std::size_t{16} << 20;  // keeps large pictures few

// Indices of `wanted` pictures: one of each class in turn, each class's spread evenly.
std::vector<std::size_t> Choose(const PictureSet& set, std::size_t wanted) {
  std::map<int, std::vector<std::size_t>> by_label;
  for (std::size_t i = 0; i < set.size(); ++i) by_label[set.pictures[i].label].push_back(i);
  std::map<int, std::size_t> shares;
  std::size_t left = std::min(wanted, set.size());
  for (bool took = true; left > 0 && took;) {
    took = false;
    for (const auto& [label, members] : by_label) {
      if (left == 0 || shares[label] == members.size()) continue;
      ++shares[label];
      --left;
      took = true;
    }
  }
  std::vector<std::size_t> chosen;
  for (const auto& [label, members] : by_label) {
    const std::size_t share = shares[label];
    for (std::size_t i = 0; i < share; ++i) chosen.push_back(members[i * members.size() / share]);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

vision::Image CropCentre(const PictureSet& set, const PictureSet::Picture& picture, int height,
                         int width) {
  vision::Image crop(width, height);
  const int left = (picture.width - width) / 2;
  const int top = (picture.height - height) / 2;
  for (int y = 0; y < height; ++y) {
    const std::size_t row = static_cast<std::size_t>(top + y) * picture.width + left;
    std::copy_n(set.samples.data() + picture.offset + 3 * row, std::size_t{3} * width,
                crop.At(0, y));
  }
  return crop;
}

}  // namespace

std::vector<CalibrationFile> MakeCalibration(const PictureSet& pictures, int height, int width) {
  if (pictures.channels != 3 || pictures.size() == 0) return {};
  const std::size_t most = kMaxSamples / (std::size_t{3} * height * width);
  std::vector<vision::LstEntry> list;
  std::vector<CalibrationFile> files;
  for (const std::size_t index : Choose(pictures, std::clamp<std::size_t>(most, 1, kMaxPictures))) {
    const PictureSet::Picture& picture = pictures.pictures[index];
    const std::string name = fmt::format("{:06}.png", index);
    list.push_back(
        {.index = static_cast<std::uint32_t>(index), .label = picture.label, .path = name});
    files.push_back({name, vision::EncodePng(CropCentre(pictures, picture, height, width))});
  }
  files.push_back({"calibration.lst", vision::FormatLst(list)});
  return files;
}

}  // namespace scones::train
