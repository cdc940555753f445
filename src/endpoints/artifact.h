// A model.tar.gz as endpoints need it: the ONNX file and its metadata, read within bounds from an
// archive that may be hostile. Blocks; run it on a BlockingPool. Format: docs/formats/model.md.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/file.h"

namespace scones::endpoints {

struct ArtifactLimits {
  std::uint64_t max_archive_bytes = std::uint64_t{1} << 30;
  std::uint64_t max_unpacked_bytes = std::uint64_t{2} << 30;  // all entries together
  int max_entries = 5000;
  int max_calibration_pictures = 4096;
  std::uint64_t max_calibration_bytes = std::uint64_t{64} << 20;  // as files
};

struct ModelMetadata {
  std::vector<std::string> classes;  // empty, or one name for each output
  int height = 0;
  int width = 0;
  std::array<float, 3> mean = {0, 0, 0};  // of pixel / 255, red, green, blue
  std::array<float, 3> std = {1, 1, 1};
  double temperature = 1.0;  // divides logits before the softmax
};

// A picture that the model was trained on, or one like it.
struct CalibrationPicture {
  std::string bytes;  // PNG or JPEG, not decoded yet
  int label = 0;
};

struct Artifact {
  std::string onnx;
  ModelMetadata metadata;
  std::vector<CalibrationPicture> calibration;  // empty where none came with the model
};

// Errors: kInvalid when the file is no tar archive, is cut, or lacks model.onnx or metadata.json;
// when an entry is a link or device or its path leaves the archive; when calibration.lst is
// malformed or names a picture that is not there; kExhausted beyond a limit.
Result<Artifact> ReadArtifact(const io::Path& path, const ArtifactLimits& limits);

// Errors: kInvalid naming the member.
Result<ModelMetadata> ParseModelMetadata(std::string_view text);

}  // namespace scones::endpoints
