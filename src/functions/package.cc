#include "functions/package.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <memory>
#include <set>

namespace scones::functions {
namespace {

using Reader = std::unique_ptr<archive, int (*)(archive*)>;

template <class... Args>
Error Refuse(fmt::format_string<Args...> format, Args&&... args) {
  return Error(
      Code::kInvalid, "InvalidParameterValueException",
      "Could not unzip uploaded file. Please check your file, then try to upload again. (" +
          fmt::format(format, std::forward<Args>(args)...) + ")");
}

std::string Cause(archive* reader) {
  const char* text = archive_error_string(reader);
  return text != nullptr ? text : "damaged archive";
}

// The entry's name as a path that stays below the directory that it is appended to.
Result<io::Path> RelativePath(archive_entry* entry, const PackageLimits& limits) {
  const char* name = archive_entry_pathname_utf8(entry);
  if (name == nullptr) name = archive_entry_pathname(entry);
  if (name == nullptr || *name == '\0') return Refuse("an entry has no readable name");
  const std::string_view text(name);
  if (text.size() > limits.path_bytes) {
    return Refuse("an entry's name is longer than {} bytes", limits.path_bytes);
  }
  if (text.front() == '/') return Refuse("entry '{}' has an absolute path", text);
  io::Path path;
  for (const io::Path& part : io::Path(text)) {
    if (part == "..") return Refuse("entry '{}' leaves the package's directory", text);
    if (part.native().size() > 255) return Refuse("a part of entry '{}' is too long", text);
    if (!part.empty() && part != ".") path /= part;
  }
  if (path.empty() && archive_entry_filetype(entry) != AE_IFDIR) {
    return Refuse("entry '{}' names no file", text);
  }
  return path;
}

class Unpacker {
 public:
  Unpacker(std::string_view zip, const io::Path& directory, const PackageLimits& limits)
      : zip_(zip),
        directory_(directory),
        limits_(limits),
        reader_(archive_read_new(), archive_read_free) {}

  Result<PackageContents> Run() {
    // Not the reader of streams, which takes archives that have lost their end.
    archive_read_support_format_zip_seekable(reader_.get());
    if (archive_read_open_memory(reader_.get(), zip_.data(), zip_.size()) != ARCHIVE_OK) {
      return Refuse("{}", Cause(reader_.get()));
    }
    while (true) {
      archive_entry* entry = nullptr;
      const int status = archive_read_next_header(reader_.get(), &entry);
      if (status == ARCHIVE_EOF) break;
      if (status != ARCHIVE_OK) return Refuse("{}", Cause(reader_.get()));
      TRY_VOID(Unpack(entry));
    }
    if (contents_.files == 0) return Refuse("the archive is empty");
    TRY_VOID(OpenDirectories());
    return contents_;
  }

 private:
  Result<void> Unpack(archive_entry* entry) {
    if (++entries_ > limits_.entries) return Refuse("more than {} entries", limits_.entries);
    if (archive_entry_is_encrypted(entry)) return Refuse("the archive is encrypted");
    TRY(const io::Path relative, RelativePath(entry, limits_));
    const io::Path path = directory_ / relative;
    switch (archive_entry_filetype(entry)) {
      case AE_IFDIR:
        return MakeDirectory(path);
      case AE_IFREG:
        if (archive_entry_hardlink(entry) != nullptr) break;
        return UnpackFile(entry, relative, path);
      default:
        break;
    }
    return Refuse("entry '{}' is a link or a device", relative.native());
  }

  Result<void> MakeDirectory(const io::Path& path) {
    if (!known_directories_.insert(path).second) return {};
    auto made = io::MakeDirectories(path);
    if (!made && made.error().code() != Code::kExhausted) {
      return Refuse("a directory can't be made: {}", made.error().message());
    }
    return made;
  }

  // Lets a function's own user read what it is made of, whatever the umask.
  Result<void> OpenDirectories() const {
    std::error_code failed;
    const auto mode = static_cast<std::filesystem::perms>(0755);
    std::filesystem::permissions(directory_, mode, failed);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_, failed)) {
      if (entry.is_directory()) std::filesystem::permissions(entry.path(), mode, failed);
    }
    if (failed) return io::FileError(failed.value(), "make readable", directory_);
    return {};
  }

  Result<void> UnpackFile(archive_entry* entry, const io::Path& relative, const io::Path& path) {
    TRY_VOID(MakeDirectory(path.parent_path()));
    const bool executable = (archive_entry_perm(entry) & 0111) != 0 || relative == "bootstrap";
    auto file = io::File::Open(path, io::File::Mode::kCreateNew, executable ? 0555 : 0444);
    if (!file && file.error().code() != Code::kExhausted) {
      return Refuse("entry '{}' comes twice or can't be written: {}", relative.native(),
                    file.error().message());
    }
    if (!file) return file.error();
    ++contents_.files;
    contents_.native_marker |= relative == kNativeMarker;
    if (::fchmod(file->descriptor(), executable ? 0555 : 0444) != 0) {  // whatever the umask
      return io::FileError(errno, "make readable", path);
    }
    return CopyData(*file);
  }

  Result<void> CopyData(io::File& file) {
    while (true) {
      const la_ssize_t count = archive_read_data(reader_.get(), buffer_.data(), buffer_.size());
      if (count == 0) return {};
      if (count < 0) return Refuse("{}", Cause(reader_.get()));
      contents_.unpacked_bytes += static_cast<std::uint64_t>(count);
      TRY_VOID(CheckSize());
      TRY_VOID(file.Write(std::string_view(buffer_.data(), static_cast<std::size_t>(count))));
    }
  }

  Result<void> CheckSize() const {
    const std::uint64_t bytes = contents_.unpacked_bytes;
    if (bytes > limits_.unpacked_bytes) {
      return Error(
          Code::kInvalid, "InvalidParameterValueException",
          fmt::format("Unzipped size must be smaller than {} bytes", limits_.unpacked_bytes));
    }
    if (bytes > limits_.free_bytes && bytes / limits_.ratio > zip_.size()) {
      return Refuse("it unpacks to more than {} times its size", limits_.ratio);
    }
    return {};
  }

  std::string_view zip_;
  const io::Path& directory_;
  const PackageLimits& limits_;
  Reader reader_;
  std::size_t entries_ = 0;
  PackageContents contents_;
  std::set<io::Path> known_directories_;
  std::string buffer_ = std::string(256 * 1024, '\0');
};

la_ssize_t AppendTo(archive*, void* text, const void* bytes, std::size_t count) {
  static_cast<std::string*>(text)->append(static_cast<const char*>(bytes), count);
  return static_cast<la_ssize_t>(count);
}

}  // namespace

Result<PackageContents> UnpackZip(std::string_view zip, const io::Path& directory,
                                  const PackageLimits& limits) {
  return Unpacker(zip, directory, limits).Run();
}

Result<std::string> MakeZip(const std::vector<ZipEntry>& entries) {
  std::string zip;
  Reader writer(archive_write_new(), archive_write_free);
  archive_write_set_format_zip(writer.get());
  archive_write_set_bytes_in_last_block(writer.get(), 1);
  const auto failed = [&] { return Error(Code::kInternal, "make a zip: " + Cause(writer.get())); };
  if (archive_write_open(writer.get(), &zip, nullptr, AppendTo, nullptr) != ARCHIVE_OK) {
    return failed();
  }
  for (const ZipEntry& file : entries) {
    std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(),
                                                                   archive_entry_free);
    archive_entry_set_pathname(entry.get(), file.name.c_str());
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(file.bytes.size()));
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), file.permissions);
    archive_entry_set_mtime(entry.get(), 315532800, 0);  // 1980-01-01, the first that zip can say
    if (archive_write_header(writer.get(), entry.get()) != ARCHIVE_OK) return failed();
    if (archive_write_data(writer.get(), file.bytes.data(), file.bytes.size()) < 0) return failed();
  }
  if (archive_write_close(writer.get()) != ARCHIVE_OK) return failed();
  return zip;
}

Result<std::string> MakeWorkflowPackage(const io::Path& program) {
  std::vector<ZipEntry> entries = {{kNativeMarker, "1\n"}};
  if (!program.empty()) {
    TRY(std::string bytes, io::ReadFile(program));
    entries.push_back({"bootstrap", std::move(bytes), 0755});
  }
  return MakeZip(entries);
}

}  // namespace scones::functions
