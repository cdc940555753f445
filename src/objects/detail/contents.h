// Where the bytes of objects are: rows of object_contents, each inline, a file, or a list of parts
// that are files. A content is counted by the objects that share it and goes with the last of them.
// Files are named by their content's number, never by a key. Safe from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "db/database.h"
#include "io/blocking_pool.h"
#include "io/file.h"

namespace scones::objects::detail {

enum class ContentKind { kInline = 0, kFile = 1, kParts = 2 };

// A content whose row is gone: its files can go once that is committed and nobody reads them.
struct Freed {
  std::int64_t content = 0;
  std::vector<std::int64_t> files;
};

class Contents : public std::enable_shared_from_this<Contents> {
 public:
  // Makes the directories, empties the staging area and begins a new epoch.
  static Result<std::shared_ptr<Contents>> Open(db::Database& database, io::BlockingPool& disk,
                                                io::Path directory);

  // Numbers only grow, also over restarts, so they also order versions.
  std::int64_t NextNumber() { return next_.fetch_add(1, std::memory_order_relaxed); }

  // Makes, durably, the folder that FilePath(number) lies in. Folders come when they are needed:
  // making all at the first start would be most of its time.
  Result<void> MakeFolderOf(std::int64_t number) const;
  io::Path FilePath(std::int64_t number) const;
  io::Path StagingPath(std::int64_t number) const;
  io::BlockingPool& disk() { return disk_; }

  // Keeps a content's files while it lives. Take it, then look whether the content still exists: if
  // it does, its files stay.
  class Pin {
   public:
    Pin(std::shared_ptr<Contents> contents, std::int64_t content);
    ~Pin();
    Pin(const Pin&) = delete;
    Pin& operator=(const Pin&) = delete;

   private:
    std::shared_ptr<Contents> contents_;
    std::int64_t content_;
  };
  std::unique_ptr<Pin> MakePin(std::int64_t content);

  // Removes the files of what a commit has freed, now or when the last reader is done.
  void RemoveFiles(std::vector<Freed> freed);

  // Removes files of earlier epochs that no row names. Blocks.
  void Sweep(const std::atomic<bool>& stop);

 private:
  Contents(db::Database& database, io::BlockingPool& disk, io::Path directory)
      : database_(database), disk_(disk), directory_(std::move(directory)) {}
  void Unlink(std::vector<std::int64_t> files);
  bool IsNamed(std::int64_t number);

  struct Readers {
    int count = 0;
    std::vector<std::int64_t> doomed_files;
  };

  db::Database& database_;
  io::BlockingPool& disk_;
  const io::Path directory_;
  std::int64_t first_ = 0;  // of this epoch
  std::atomic<std::int64_t> next_{0};
  std::mutex mutex_;
  std::unordered_map<std::int64_t, Readers> readers_;  // guarded by mutex_
};

// Rows, inside a write transaction.
Result<void> InsertContent(db::Connection& connection, std::int64_t number, ContentKind kind,
                           std::string_view bytes);
Result<void> ShareContent(db::Connection& connection, std::int64_t number);
// One sharer less; the last one removes the rows and notes the files in `freed`.
Result<void> ReleaseContent(db::Connection& connection, std::int64_t number,
                            std::vector<Freed>& freed);

}  // namespace scones::objects::detail
