// CaptureLog: captured inferences on their way to the bucket. Whoever has records appends them to a
// spool file in the data directory; files that are old or large enough are stored through the blob
// store and then removed. Spool files of an earlier process are stored at start.
// Durability: once Append has returned true the records are in the operating system's hands, so
// they survive the end of this process in any way, but not a power cut before the file is stored.
// Format of the spool, by file id: ID.uri holds the s3:// address, ID.jsonl the lines.
// Safe from any thread; a thread of its own does what is due by time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "endpoints/capture.h"
#include "io/blob_store.h"
#include "io/file.h"
#include "io/shards.h"
#include "io/task.h"

namespace scones::endpoints::detail {

// Where a variant's captures go. Shared by the requests of one deployment.
struct CaptureTarget {
  std::string endpoint;
  std::string variant;
  S3Uri destination;
  DataCaptureConfig config;
};

class CaptureLog : public std::enable_shared_from_this<CaptureLog> {
 public:
  struct Options {
    io::Path directory;
    std::chrono::milliseconds file_age{60'000};
    std::uint64_t file_bytes = 16 * 1024 * 1024;
    std::uint64_t max_backlog_bytes = std::uint64_t{1} << 30;
    std::chrono::milliseconds retry{30'000};  // after the blob store refused a file
  };

  // Errors: those of files. The references outlive Stop.
  static Result<std::shared_ptr<CaptureLog>> Open(Options options, io::Shards& shards,
                                                  io::BlobStore& blobs);
  ~CaptureLog();

  // Appends whole lines, the first of which is of time `first`. Blocks for a write to the page
  // cache, and now and then for the making of a file.
  // False when they had to be dropped (backlog or disk full; logged).
  bool Append(std::string_view lines, Timestamp first, const CaptureTarget& target);
  // Closes the files of `endpoint`, or all where it is empty, and resumes when no file is on its
  // way to the blob store any more.
  io::Task<void> Flush(std::string endpoint);
  // Closes all files and ends the thread; nothing is appended any more. Idempotent.
  void Stop();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  struct FlushRequest {
    std::string endpoint;
    io::Completion<bool> done;
  };
  struct OpenFile {
    std::string id;
    std::string endpoint;
    io::File file;
    std::uint64_t bytes = 0;
    SteadyTime opened;
  };
  using Files = std::map<std::string, OpenFile>;

  CaptureLog(Options options, io::Shards& shards, io::BlobStore& blobs);
  Result<void> RecoverSpool();
  void Loop();
  bool TakeRoom(std::uint64_t bytes, const CaptureTarget& target);
  void GiveRoom(std::uint64_t bytes);
  // These need files_mutex_.
  Result<OpenFile*> FileFor(const CaptureTarget& target, Timestamp first, const std::string& key);
  void AbandonFile(const std::string& key);
  SteadyTime NextDue() const;

  void CloseFiles(bool all, const std::vector<FlushRequest>& flushes);
  void StartUpload(const std::string& id);
  static io::Task<void> Upload(std::shared_ptr<CaptureLog> self, std::string id);
  void FinishUpload(const std::string& id, const Result<void>& stored);
  io::Path SpoolPath(const std::string& id, const char* ending) const;

  const Options options_;
  io::Shards& shards_;
  io::BlobStore& blobs_;

  // Held while a file is written or made. Before mutex_ where both are.
  std::mutex files_mutex_;
  Files files_;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool file_opened_ = false;  // since the thread last looked when the next one comes of age
  bool warned_full_ = false;
  std::vector<FlushRequest> flushes_;
  std::vector<FlushRequest> waiting_for_uploads_;
  std::map<std::string, SteadyTime> refused_;  // id -> when to try again
  int uploads_ = 0;
  std::uint64_t backlog_bytes_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace scones::endpoints::detail
