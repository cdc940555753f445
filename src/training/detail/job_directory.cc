#include "training/detail/job_directory.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

namespace scones::training::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFailureBytes = 1024;  // AWS's limit of FailureReason

json::object InputDataConfig(const TrainingJobSpec& spec) {
  json::object channels;
  for (const Channel& channel : spec.channels) {
    json::object config{{"TrainingInputMode", "File"},
                        {"S3DistributionType", "FullyReplicated"},
                        {"RecordWrapperType", "None"}};
    if (!channel.content_type.empty()) config["ContentType"] = channel.content_type;
    channels[channel.name] = std::move(config);
  }
  return channels;
}

Result<void> WritePlainFile(const io::Path& path, const json::value& value) {
  TRY(io::File file, io::File::Open(path, io::File::Mode::kCreateOrTruncate));
  return file.Write(ToPrettyJson(value));
}

using ArchiveWriter = std::unique_ptr<archive, decltype(&archive_write_free)>;
using Entry = std::unique_ptr<archive_entry, decltype(&archive_entry_free)>;

Error ArchiveError(archive* writer, const io::Path& path) {
  return io::FileError(archive_errno(writer), "write", path);
}

Result<void> AddFile(archive* writer, const io::Path& file, const std::string& name,
                     const io::Path& archive_path) {
  TRY(const io::File source, io::File::Open(file, io::File::Mode::kRead));
  TRY(const std::uint64_t size, source.Size());
  const Entry entry(archive_entry_new(), archive_entry_free);
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size));
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0644);
  if (archive_write_header(writer, entry.get()) != ARCHIVE_OK) {
    return ArchiveError(writer, archive_path);
  }
  std::string buffer(256 * 1024, '\0');
  for (std::uint64_t offset = 0; offset < size;) {
    TRY(const std::size_t count, source.ReadAt(buffer.data(), buffer.size(), offset));
    if (count == 0) break;
    if (archive_write_data(writer, buffer.data(), count) < 0) {
      return ArchiveError(writer, archive_path);
    }
    offset += count;
  }
  return {};
}

}  // namespace

Result<void> WriteJobDirectory(const io::Path& root, const TrainingJobSpec& spec) {
  for (const char* folder : {"input/config", "input/data", "model", "output/data", "checkpoints"}) {
    TRY_VOID(io::MakeDirectories(root / folder));
  }
  for (const Channel& channel : spec.channels) {
    TRY_VOID(io::MakeDirectories(root / "input/data" / channel.name));
  }
  json::object hyperparameters;
  for (const auto& [name, value] : spec.hyperparameters) hyperparameters[name] = value;
  const io::Path config = root / "input/config";
  TRY_VOID(WritePlainFile(config / "hyperparameters.json", hyperparameters));
  TRY_VOID(WritePlainFile(config / "inputdataconfig.json", InputDataConfig(spec)));
  return WritePlainFile(
      config / "resourceconfig.json",
      {{"current_host", "algo-1"}, {"hosts", {"algo-1"}}, {"network_interface_name", "lo"}});
}

Result<io::Path> ChannelFile(const io::Path& root, const Channel& channel, const std::string& key) {
  // As SageMaker: a prefix that ends inside a name keeps that name's last part.
  const std::size_t slash = channel.source.key.rfind('/');
  std::string rest = key.substr(slash == std::string::npos ? 0 : slash + 1);
  const io::Path relative = io::Path(rest).lexically_normal();
  const bool leaves = rest.empty() || relative.is_absolute() ||
                      rest.find('\0') != std::string::npos ||
                      std::find(relative.begin(), relative.end(), "..") != relative.end();
  if (leaves) {
    return Error(Code::kInvalid, fmt::format("channel '{}': the object '{}' can't be a file of the "
                                             "channel's folder; rename it",
                                             channel.name, key));
  }
  return root / "input/data" / channel.name / relative;
}

Result<void> PackFolder(const io::Path& folder, const io::Path& archive_path,
                        std::uint64_t max_bytes) {
  std::vector<io::Path> files;
  std::uint64_t total = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    if (!it->is_regular_file(error) || it->is_symlink(error)) continue;
    files.push_back(it->path());
    total += it->file_size(error);
  }
  if (error) return io::FileError(error.value(), "read", folder);
  if (total > max_bytes) {
    return Error(Code::kInvalid,
                 fmt::format("the model has {} bytes, more than the {} allowed", total, max_bytes));
  }
  std::sort(files.begin(), files.end());

  const ArchiveWriter writer(archive_write_new(), archive_write_free);
  archive_write_add_filter_gzip(writer.get());
  archive_write_set_filter_option(writer.get(), "gzip", "timestamp", nullptr);
  archive_write_set_format_ustar(writer.get());
  if (archive_write_open_filename(writer.get(), archive_path.c_str()) != ARCHIVE_OK) {
    return ArchiveError(writer.get(), archive_path);
  }
  for (const io::Path& file : files) {
    TRY_VOID(AddFile(writer.get(), file, file.lexically_relative(folder).string(), archive_path));
  }
  if (archive_write_close(writer.get()) != ARCHIVE_OK)
    return ArchiveError(writer.get(), archive_path);
  return {};
}

std::string ReadFailure(const io::Path& root) {
  const Result<io::File> file = io::File::Open(root / "output/failure", io::File::Mode::kRead);
  if (!file) return "";
  std::string text(kMaxFailureBytes, '\0');
  const Result<std::size_t> count = file->ReadAt(text.data(), text.size(), 0);
  text.resize(count.value_or(0));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace scones::training::detail
