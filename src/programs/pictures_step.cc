#include "programs/pictures_step.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include "base/encoding.h"
#include "base/hash.h"
#include "programs/interrupt.h"
#include "programs/parallel.h"
#include "programs/workflow_names.h"
#include "vision/dataset.h"
#include "vision/image_codec.h"
#include "vision/image_folder.h"
#include "vision/lst.h"

namespace scones::programs {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFingerprintDigits = 12;
constexpr char kComplete[] = ".complete";

// What identifies a data set without reading all of it: names and sizes, and when it was written.
Result<std::string> Identify(const io::Path& dataset) {
  std::vector<std::string> lines;
  const auto add = [&lines](const fs::path& path) {
    std::error_code error;
    const auto size = fs::file_size(path, error);
    const auto time = fs::last_write_time(path, error).time_since_epoch().count();
    lines.push_back(fmt::format("{} {} {}", path.string(), size, time));
  };
  std::error_code error;
  const fs::path absolute = fs::canonical(dataset, error);
  if (error) return io::FileError(error.value(), "open", dataset);
  if (fs::is_regular_file(absolute, error)) {
    add(absolute);
  } else {
    for (fs::recursive_directory_iterator it(absolute, error), end; !error && it != end;
         it.increment(error)) {
      if (it->is_regular_file(error)) add(it->path());
    }
  }
  if (error) return io::FileError(error.value(), "read", absolute);
  std::sort(lines.begin(), lines.end());
  return fmt::format("{}", fmt::join(lines, "\n"));
}

Result<Pictures> ReadWritten(Pictures pictures) {
  TRY(const std::string train, io::ReadFile(pictures.directory / "train.lst"));
  TRY(const auto train_entries, vision::ParseLst(train, "train.lst"));
  TRY(const std::string test, io::ReadFile(pictures.directory / "test.lst"));
  TRY(const auto test_entries, vision::ParseLst(test, "test.lst"));
  pictures.train_count = train_entries.size();
  for (const vision::LstEntry& entry : test_entries) {
    pictures.test.push_back({.name = entry.path, .label = entry.label});
  }
  TRY(const std::string first, io::ReadFile(pictures.directory / "test" / pictures.test[0].name));
  TRY(const vision::ImageHeader header, vision::ReadImageHeader(first, {}));
  pictures.width = header.width;
  pictures.height = header.height;
  return pictures;
}

std::string ContentType(const std::string& key) {
  return key.ends_with(".png") ? "image/png" : "text/plain";
}

// Every file to upload, by its key below the prefix.
std::vector<std::string> FilesToUpload(const Pictures& pictures) {
  std::vector<std::string> files;
  for (const char* folder : {"train", "test"}) {
    for (const auto& entry : fs::directory_iterator(pictures.directory / folder)) {
      files.push_back(std::string(folder) + "/" + entry.path().filename().string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

Result<Pictures> WritePictures(const io::Path& dataset, const std::vector<std::string>& classes,
                               int image_size, const io::Path& work, Progress::Style style) {
  Progress progress(style, "select and write PNGs");
  TRY(const std::string identity, Identify(dataset));
  const std::string digest =
      Digest(HashAlgorithm::kSha256,
             fmt::format("{}\n{}\n{}", identity, fmt::join(classes, ","), image_size));
  Pictures pictures{.directory = {},
                    .fingerprint = HexEncode(digest).substr(0, kFingerprintDigits),
                    .classes = classes};
  pictures.directory = work / ("pictures-" + pictures.fingerprint);
  const bool was_complete = fs::exists(pictures.directory / kComplete);
  if (!was_complete) {
    vision::DatasetOptions options{.classes = classes};
    options.resize_width = image_size;
    options.resize_height = image_size;
    options.progress = [&progress](std::uint64_t done, std::uint64_t total) {
      progress.Update(done, total, "reading");
      return !Interrupted();
    };
    TRY(const vision::Dataset read, vision::ReadDataset(dataset, options));
    const auto written = [&progress](std::uint64_t done, std::uint64_t total) {
      progress.Update(done, total, "writing");
      return !Interrupted();
    };
    TRY_VOID(vision::WriteImageFolder(read, pictures.directory, written));
    TRY_VOID(io::SyncFileSystem(pictures.directory));
    TRY_VOID(io::WriteFileDurably(pictures.directory / kComplete, ""));
  }
  TRY(pictures, ReadWritten(std::move(pictures)));
  const std::string summary =
      fmt::format("{} training and {} test pictures of {}", pictures.train_count,
                  pictures.test.size(), fmt::join(classes, ", "));
  if (was_complete) {
    progress.Skip(summary + ", there already");
  } else {
    progress.Done(summary);
  }
  return pictures;
}

Result<void> UploadPictures(Aws& aws, const Pictures& pictures, const S3Uri& prefix,
                            std::size_t concurrency, Progress::Style style) {
  Progress progress(style, "upload");
  TRY_VOID(aws.CreateBucket(prefix.bucket));
  std::vector<std::string> files = FilesToUpload(pictures);
  TRY(const std::vector<client::ObjectSummary> listed, aws.ListObjects(prefix));
  std::map<std::string, std::string> etags;
  for (const client::ObjectSummary& object : listed) etags[object.key] = object.etag;

  std::atomic<std::size_t> uploaded{0};
  const auto upload = [&](const std::string& name, std::string bytes) -> Result<void> {
    const std::string key = prefix.key + name;
    const auto present = etags.find(key);
    if (present != etags.end() &&
        present->second == HexEncode(Digest(HashAlgorithm::kMd5, bytes))) {
      return {};
    }
    ++uploaded;
    return aws.PutObject({.bucket = prefix.bucket, .key = key}, std::move(bytes), ContentType(key));
  };
  const auto upload_file = [&](const std::string& name) -> Result<void> {
    TRY(std::string bytes, io::ReadFile(pictures.directory / name));
    return upload(name, std::move(bytes));
  };
  const auto work = [&](std::size_t i) { return upload_file(files[i]); };
  const auto finished = [&](std::size_t done) { progress.Update(done, files.size()); };
  TRY_VOID(ForEachInParallel(files.size(), concurrency, work, finished));
  // Lists last: who sees a list finds its pictures.
  TRY_VOID(upload(kClassList, ToJson(json::value_from(pictures.classes))));
  TRY_VOID(upload_file("train.lst"));
  TRY_VOID(upload_file(kTestList));
  const std::string summary = fmt::format("{} objects in {}", files.size() + 3, prefix.ToString());
  if (uploaded == 0) {
    progress.Skip(summary + ", there already");
  } else {
    progress.Done(summary);
  }
  return {};
}

}  // namespace scones::programs
