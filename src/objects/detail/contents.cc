#include "objects/detail/contents.h"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>

#include "base/log.h"
#include "io/crash_point.h"

namespace scones::objects::detail {
namespace {

constexpr int kEpochShift = 40;  // 2^40 contents an epoch, 2^23 starts
constexpr int kFolders = 256;

std::string FolderName(std::int64_t number) { return fmt::format("{:02x}", number & 0xFF); }

Result<std::int64_t> BeginEpoch(db::Connection& connection) {
  TRY_VOID(connection.Execute("UPDATE object_epoch SET epoch = epoch + 1"));
  db::Statement select = connection.Prepare("SELECT epoch FROM object_epoch");
  TRY([[maybe_unused]] const bool found, select.Step());
  return select.Int(0);
}

}  // namespace

Result<std::shared_ptr<Contents>> Contents::Open(db::Database& database, io::BlockingPool& disk,
                                                 io::Path directory) {
  std::shared_ptr<Contents> contents(new Contents(database, disk, std::move(directory)));
  TRY_VOID(io::RemoveAll(contents->directory_ / "staging"));
  TRY_VOID(io::MakeDirectories(contents->directory_ / "staging"));
  TRY(const std::int64_t epoch, database.WriteAndWait(BeginEpoch));
  contents->first_ = epoch << kEpochShift;
  contents->next_ = contents->first_;
  return contents;
}

io::Path Contents::FilePath(std::int64_t number) const {
  return directory_ / FolderName(number) / fmt::format("{:016x}", number);
}

Result<void> Contents::MakeFolderOf(std::int64_t number) const {
  const io::Path folder = directory_ / FolderName(number);
  if (std::filesystem::exists(folder)) return {};
  TRY_VOID(io::MakeDirectories(folder));
  return io::SyncDirectory(directory_);
}

io::Path Contents::StagingPath(std::int64_t number) const {
  return directory_ / "staging" / fmt::format("{:016x}", number);
}

Contents::Pin::Pin(std::shared_ptr<Contents> contents, std::int64_t content)
    : contents_(std::move(contents)), content_(content) {
  const std::lock_guard lock(contents_->mutex_);
  ++contents_->readers_[content_].count;
}

Contents::Pin::~Pin() {
  std::vector<std::int64_t> files;
  {
    const std::lock_guard lock(contents_->mutex_);
    const auto found = contents_->readers_.find(content_);
    if (--found->second.count > 0) return;
    files = std::move(found->second.doomed_files);
    contents_->readers_.erase(found);
  }
  contents_->Unlink(std::move(files));
}

std::unique_ptr<Contents::Pin> Contents::MakePin(std::int64_t content) {
  return std::make_unique<Pin>(shared_from_this(), content);
}

void Contents::RemoveFiles(std::vector<Freed> freed) {
  std::vector<std::int64_t> files;
  {
    const std::lock_guard lock(mutex_);
    for (Freed& one : freed) {
      const auto reader = readers_.find(one.content);
      std::vector<std::int64_t>& target =
          reader == readers_.end() ? files : reader->second.doomed_files;
      target.insert(target.end(), one.files.begin(), one.files.end());
    }
  }
  Unlink(std::move(files));
}

void Contents::Unlink(std::vector<std::int64_t> files) {
  if (files.empty()) return;
  auto unlink_all = [self = shared_from_this(), files = std::move(files)] {
    SCONES_CRASH_POINT("objects.before_unlink");
    for (const std::int64_t file : files) ::unlink(self->FilePath(file).c_str());
  };
  if (!disk_.TryPost(unlink_all)) unlink_all();
}

bool Contents::IsNamed(std::int64_t number) {
  const auto find = [number](db::Connection& connection) -> Result<bool> {
    return connection.Prepare("SELECT 1 FROM object_contents WHERE id = ?1").Bind(1, number).Step();
  };
  return database_.Read(find).value_or(true);
}

void Contents::Sweep(const std::atomic<bool>& stop) {
  std::size_t removed = 0;
  for (int folder = 0; folder < kFolders; ++folder) {
    std::error_code error;
    for (const auto& entry :
         std::filesystem::directory_iterator(directory_ / FolderName(folder), error)) {
      if (stop) return;
      const std::string name = entry.path().filename().string();
      std::int64_t number = 0;
      const auto parsed = std::from_chars(name.data(), name.data() + name.size(), number, 16);
      const bool ours = parsed.ec == std::errc() && parsed.ptr == name.data() + name.size();
      if (!ours || number >= first_ || IsNamed(number)) continue;
      ::unlink(entry.path().c_str());
      ++removed;
    }
  }
  if (removed > 0) LogInfo("objects.orphans_removed", "files={}", removed);
}

Result<void> InsertContent(db::Connection& connection, std::int64_t number, ContentKind kind,
                           std::string_view bytes) {
  return connection.Prepare("INSERT INTO object_contents VALUES (?1, ?2, 1, ?3)")
      .Bind(1, number)
      .Bind(2, static_cast<std::int64_t>(kind))
      .BindBlob(3, bytes)
      .Run();
}

Result<void> ShareContent(db::Connection& connection, std::int64_t number) {
  return connection.Prepare("UPDATE object_contents SET refs = refs + 1 WHERE id = ?1")
      .Bind(1, number)
      .Run();
}

Result<void> ReleaseContent(db::Connection& connection, std::int64_t number,
                            std::vector<Freed>& freed) {
  ContentKind kind = ContentKind::kInline;
  {
    db::Statement select =
        connection.Prepare("SELECT kind, refs FROM object_contents WHERE id = ?1");
    TRY(const bool found, select.Bind(1, number).Step());
    if (!found) return {};
    if (select.Int(1) > 1) {
      return connection.Prepare("UPDATE object_contents SET refs = refs - 1 WHERE id = ?1")
          .Bind(1, number)
          .Run();
    }
    kind = static_cast<ContentKind>(select.Int(0));
  }
  TRY_VOID(connection.Prepare("DELETE FROM object_contents WHERE id = ?1").Bind(1, number).Run());
  if (kind == ContentKind::kInline) return {};
  Freed gone{.content = number, .files = {}};
  if (kind == ContentKind::kFile) gone.files.push_back(number);
  if (kind == ContentKind::kParts) {
    db::Statement parts = connection.Prepare("SELECT segment FROM object_parts WHERE content = ?1");
    parts.Bind(1, number);
    while (true) {
      TRY(const bool more, parts.Step());
      if (!more) break;
      gone.files.push_back(parts.Int(0));
    }
    TRY_VOID(connection
                 .Prepare("DELETE FROM object_contents WHERE id IN "
                          "(SELECT segment FROM object_parts WHERE content = ?1)")
                 .Bind(1, number)
                 .Run());
    TRY_VOID(
        connection.Prepare("DELETE FROM object_parts WHERE content = ?1").Bind(1, number).Run());
  }
  freed.push_back(std::move(gone));
  return {};
}

}  // namespace scones::objects::detail
