// Labelled pictures for image classification, from any of the forms that people have them in.
// Reading blocks and is bounded in memory; call it from one thread, not from an event loop.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "vision/image.h"
#include "vision/image_codec.h"

namespace scones::vision {

enum class DatasetFormat { kCifar100, kCifar10, kIdx, kImageFolder };

const char* DatasetFormatName(
    DatasetFormat format);  // "CIFAR-100", "CIFAR-10", "IDX", "image folder"

struct Record {
  // Without a folder, unique within its split, ending in ".png": "bike_s_000682.png".
  std::string file_name;
  int label = 0;            // index into Dataset::class_names
  std::uint32_t index = 0;  // position in the original split, before classes were selected
  Image image;
};

struct Dataset {
  DatasetFormat format = DatasetFormat::kCifar100;
  std::vector<std::string> class_names;
  std::vector<Record> train;
  std::vector<Record> test;
};

struct DatasetOptions {
  // Keep only these classes; label i is then classes[i]. Empty keeps all. An unknown or doubled
  // name is an error that lists the names there are.
  std::vector<std::string> classes;

  // Called now and then with bytes read of total (0: unknown); false cancels with kCancelled.
  std::function<bool(std::uint64_t done, std::uint64_t total)> progress;

  // Image folder without train/ and test/: every n-th picture of a class, by name, is a test
  // picture.
  int test_every = 5;
  // Image folder: resize pictures to these sides as they are read; 0 keeps their own.
  int resize_width = 0;
  int resize_height = 0;

  // Limits.
  DecodeLimits decode;
  std::uint64_t max_archive_entries = 1000;
  std::uint64_t max_entry_bytes = 512u << 20;  // inflated, each file in an archive or IDX file
  std::uint64_t max_total_bytes = 2u << 30;    // inflated archive; also all pixels that are kept
  std::uint64_t max_inflation = 200;           // inflated bytes for each compressed byte
  std::uint32_t max_records = 2'000'000;
};

// Reads `path`, a tar archive (gzip or plain) with CIFAR-100 or CIFAR-10 for Python, or a folder
// with such files unpacked, with IDX files (plain or gzip), or with one folder of pictures a class
// (optionally below train/ and test/). What it is, is told from the content, not from the name.
// Errors, each naming the file and what to do: kNotFound; kInvalid (not a data set; truncated,
// damaged or hostile; unknown class); kExhausted (past a limit); kCancelled.
Result<Dataset> ReadDataset(const std::filesystem::path& path, const DatasetOptions& options = {});

}  // namespace scones::vision
