// CaptureLog: captured inferences on their way to the bucket. A thread of its own appends each
// record to a spool file in the data directory; files that are old or large enough are stored
// through the blob store and then removed. Spool files of an earlier process are stored at start.
// Durability: once Append resumes with true the record is in the operating system's hands, so it
// survives the end of this process in any way, but not a power cut before the file is stored.
// Format of the spool, by file id: ID.uri holds the s3:// address, ID.jsonl the lines.
// Safe from any thread.
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
    std::size_t max_queue = 10'000;           // records not yet appended
    std::chrono::milliseconds retry{30'000};  // after the blob store refused a file
  };

  // Errors: those of files. The references outlive Stop.
  static Result<std::shared_ptr<CaptureLog>> Open(Options options, io::Shards& shards,
                                                  io::BlobStore& blobs);
  ~CaptureLog();

  // Appends the record; resumes when it is in its file. False when it had to be dropped (queue,
  // backlog or disk full; logged), which must not stop the inference.
  io::Task<bool> Append(CaptureRecord record, std::shared_ptr<const CaptureTarget> target);
  // Closes the files of `endpoint`, or all where it is empty, and resumes when no file is on its
  // way to the blob store any more.
  io::Task<void> Flush(std::string endpoint);
  // Appends what is queued, closes all files and ends the thread. Idempotent.
  void Stop();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  struct Entry {
    CaptureRecord record;
    std::shared_ptr<const CaptureTarget> target;
    io::Completion<bool> done;
  };
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
  SteadyTime NextWake() const;
  bool AppendOne(const Entry& entry);
  Result<OpenFile*> FileFor(const Entry& entry, const std::string& key);
  void AbandonFile(const std::string& key, std::uint64_t unwritten_bytes);
  void CloseFiles(bool all, const std::vector<FlushRequest>& flushes);
  void StartUpload(const std::string& id);
  static io::Task<void> Upload(std::shared_ptr<CaptureLog> self, std::string id);
  void FinishUpload(const std::string& id, const Result<void>& stored);
  io::Path SpoolPath(const std::string& id, const char* ending) const;

  const Options options_;
  io::Shards& shards_;
  io::BlobStore& blobs_;

  // Of the thread.
  Files files_;
  bool warned_full_ = false;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Entry> queue_;
  std::vector<FlushRequest> flushes_;
  std::vector<FlushRequest> waiting_for_uploads_;
  std::map<std::string, SteadyTime> refused_;  // id -> when to try again
  int uploads_ = 0;
  std::uint64_t backlog_bytes_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace scones::endpoints::detail
