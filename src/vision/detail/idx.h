// IDX files (MNIST, Fashion-MNIST): a magic number, sizes, then bytes, big-endian.
// Source: http://yann.lecun.com/exdb/mnist/ "file formats".
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "vision/dataset.h"
#include "vision/detail/byte_source.h"

namespace scones::vision::detail {

enum class IdxKind { kLabels, kPictures };

// What the first four bytes say a file is: bytes with one dimension (labels) or three (pictures).
std::optional<IdxKind> IdxKindOf(std::string_view beginning);

struct IdxFile {
  std::uint32_t count = 0;
  int width = 1;
  int height = 1;
  std::string bytes;  // count * width * height
};

// Errors: kInvalid: no IDX file, or more or fewer bytes than its header says; kExhausted.
Result<IdxFile> ReadIdx(ByteSource& source, const DatasetOptions& options);

// The files of `directory` that are IDX by content: those with "train" in their name and those with
// "test" or "t10k", pictures and labels of each. Class names are the lines of labels.txt there,
// else those of Fashion-MNIST where a folder of the path is called so, else the numbers.
Result<Dataset> ReadIdxDirectory(const std::filesystem::path& directory,
                                 const DatasetOptions& options);

}  // namespace scones::vision::detail
