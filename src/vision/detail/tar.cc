#include "vision/detail/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <cerrno>
#include <memory>
#include <optional>

#include "base/check.h"

namespace scones::vision::detail {
namespace {

constexpr std::size_t kBlockBytes = 512;

// What libarchive's callbacks work on. An error of the source is kept, since C can't carry it.
struct Feed {
  ByteSource* source;
  std::optional<Error> error;
};

la_ssize_t OnRead(archive* reader, void* context, const void** buffer) {
  Feed* feed = static_cast<Feed*>(context);
  Result<std::string_view> piece = feed->source->Next();
  if (!piece) {
    feed->error = std::move(piece).error();
    archive_set_error(reader, EIO, "the source failed");
    return -1;
  }
  *buffer = piece->data();
  return static_cast<la_ssize_t>(piece->size());
}

Error ArchiveError(archive* reader, Feed& feed) {
  if (feed.error) return *feed.error;
  const char* text = archive_error_string(reader);
  return Error(Code::kInvalid,
               fmt::format("its tar data is damaged or cut short ({}); fetch it again",
                           text != nullptr ? text : "no detail"));
}

class EntryBody final : public ByteSource {
 public:
  EntryBody(archive* reader, Feed& feed, std::uint64_t size)
      : reader_(reader), feed_(feed), left_(size) {}

  Result<std::string_view> Next() override {
    const void* data = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int status = archive_read_data_block(reader_, &data, &size, &offset);
    if (status == ARCHIVE_EOF) return std::string_view();
    if (status != ARCHIVE_OK) return ArchiveError(reader_, feed_);
    if (size > left_ || offset != at_) {
      return Error(Code::kInvalid, "a file in it is sparse or larger than it says");
    }
    left_ -= size;
    at_ += static_cast<la_int64_t>(size);
    return std::string_view(static_cast<const char*>(data), size);
  }
  std::uint64_t AtMostLeft() const override { return left_; }

 private:
  archive* reader_;
  Feed& feed_;
  std::uint64_t left_;
  la_int64_t at_ = 0;
};

bool ClimbsOut(std::string_view path) {
  if (path.starts_with('/') || path.find('\\') != std::string_view::npos) return true;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    if (path.substr(at, end - at) == "..") return true;
    at = end + 1;
  }
  return false;
}

Result<void> VisitEntry(archive* reader, archive_entry* entry, Feed& feed, const TarLimits& limits,
                        const TarVisitor& visit) {
  const char* const name = archive_entry_pathname(entry);
  if (name == nullptr || *name == '\0') return Error(Code::kInvalid, "a file in it has no name");
  const std::string path = name;
  const auto refuse = [&path](std::string_view why) {
    return Error(Code::kInvalid, fmt::format("its entry '{}' {}, so the archive is refused",
                                             path.substr(0, 200), why));
  };
  if (ClimbsOut(path)) return refuse("leads out of the archive's own folder");
  const bool link =
      archive_entry_hardlink(entry) != nullptr || archive_entry_symlink(entry) != nullptr;
  const auto type = archive_entry_filetype(entry);
  if (link || type == AE_IFLNK) return refuse("is a link");
  if (type == AE_IFDIR) return {};
  if (type != AE_IFREG) return refuse("is a device or another special file");
  const la_int64_t size = archive_entry_size(entry);
  if (size < 0 || static_cast<std::uint64_t>(size) > limits.max_entry_bytes) {
    return Error(Code::kExhausted,
                 fmt::format("its entry '{}' has {} bytes, more than the limit of {}",
                             path.substr(0, 200), size, limits.max_entry_bytes));
  }
  EntryBody body(reader, feed, static_cast<std::uint64_t>(size));
  if (Result<void> visited = visit(path, body); !visited) {
    return feed.error ? *feed.error : visited.error().Within(path);
  }
  return {};
}

}  // namespace

bool LooksLikeTar(std::string_view beginning) {
  if (beginning.size() < kBlockBytes) return false;
  // The checksum field counts as spaces.
  constexpr std::size_t kField = 148;
  constexpr std::size_t kFieldBytes = 8;
  unsigned sum = 0;
  for (std::size_t i = 0; i < kBlockBytes; ++i) {
    const bool in_field = i >= kField && i < kField + kFieldBytes;
    sum += in_field ? ' ' : static_cast<std::uint8_t>(beginning[i]);
  }
  unsigned stored = 0;
  bool any = false;
  for (char c : beginning.substr(kField, kFieldBytes)) {
    if (c >= '0' && c <= '7') {
      stored = stored * 8 + static_cast<unsigned>(c - '0');
      any = true;
    } else if (any || c != ' ') {
      break;
    }
  }
  return any && stored == sum;
}

Result<void> ReadTar(ByteSource& source, const TarLimits& limits, const TarVisitor& visit) {
  const std::unique_ptr<archive, int (*)(archive*)> reader(archive_read_new(), archive_read_free);
  SCONES_CHECK(reader != nullptr);
  archive_read_support_filter_none(reader.get());
  archive_read_support_format_tar(reader.get());
  Feed feed{&source, std::nullopt};
  if (archive_read_open(reader.get(), &feed, nullptr, OnRead, nullptr) != ARCHIVE_OK) {
    return ArchiveError(reader.get(), feed);
  }
  for (std::uint64_t entries = 0;; ++entries) {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(reader.get(), &entry);
    if (status == ARCHIVE_EOF) break;
    if (status != ARCHIVE_OK && status != ARCHIVE_WARN) return ArchiveError(reader.get(), feed);
    if (entries >= limits.max_entries) {
      return Error(Code::kExhausted,
                   fmt::format("it holds more than the limit of {} entries", limits.max_entries));
    }
    TRY_VOID(VisitEntry(reader.get(), entry, feed, limits, visit));
  }
  if (feed.error) return *feed.error;
  while (true) {
    TRY(const std::string_view rest, source.Next());
    if (rest.empty()) return {};
  }
}

}  // namespace scones::vision::detail
