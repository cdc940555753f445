#include "endpoints/detail/capture_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "base/random.h"
#include "io/crash_point.h"

namespace scones::endpoints::detail {
namespace {

constexpr const char* kUri = ".uri";
constexpr const char* kLines = ".jsonl";
constexpr const char* kContentType = "application/jsonlines";

std::uint64_t SizeOf(const io::Path& path) {
  std::error_code fault;
  const auto size = std::filesystem::file_size(path, fault);
  return fault ? 0 : size;
}

// Drops a last line without its end, which a killed process may leave. False when nothing is left.
Result<bool> TrimTornLine(const io::Path& path) {
  TRY(const std::string text, io::ReadFile(path));
  const std::size_t end = text.rfind('\n');
  const std::size_t whole = end == std::string::npos ? 0 : end + 1;
  if (whole == text.size()) return whole > 0;
  std::error_code fault;
  std::filesystem::resize_file(path, whole, fault);
  if (fault) return io::FileError(fault.value(), "truncate", path);
  return whole > 0;
}

}  // namespace

CaptureLog::CaptureLog(Options options, io::Shards& shards, io::BlobStore& blobs)
    : options_(std::move(options)), shards_(shards), blobs_(blobs) {}

Result<std::shared_ptr<CaptureLog>> CaptureLog::Open(Options options, io::Shards& shards,
                                                     io::BlobStore& blobs) {
  TRY_VOID(io::MakeDirectories(options.directory, 0700));
  std::shared_ptr<CaptureLog> log(new CaptureLog(std::move(options), shards, blobs));
  TRY_VOID(log->RecoverSpool());
  log->thread_ = std::thread([raw = log.get()] { raw->Loop(); });
  return log;
}

CaptureLog::~CaptureLog() { Stop(); }

io::Path CaptureLog::SpoolPath(const std::string& id, const char* ending) const {
  return options_.directory / (id + ending);
}

Result<void> CaptureLog::RecoverSpool() {
  std::error_code fault;
  std::vector<io::Path> addresses;
  for (const auto& entry : std::filesystem::directory_iterator(options_.directory, fault)) {
    if (entry.path().extension() == kUri) addresses.push_back(entry.path());
  }
  if (fault) return io::FileError(fault.value(), "list", options_.directory);
  for (const io::Path& address : addresses) {
    const std::string id = address.stem();
    const Result<bool> has_lines = TrimTornLine(SpoolPath(id, kLines));
    if (has_lines && *has_lines) {
      backlog_bytes_ += SizeOf(SpoolPath(id, kLines));
      refused_[id] = SteadyTime();  // due at once
      continue;
    }
    TRY_VOID(io::RemoveAll(SpoolPath(id, kLines)));
    TRY_VOID(io::RemoveAll(address));
  }
  return {};
}

bool CaptureLog::Append(std::string_view lines, Timestamp first, const CaptureTarget& target) {
  if (!TakeRoom(lines.size(), target)) return false;
  const std::string key =
      fmt::format("{}\n{}\n{}", target.endpoint, target.variant, target.destination.ToString());
  std::string full;
  {
    const std::lock_guard lock(files_mutex_);
    const Result<OpenFile*> file = FileFor(target, first, key);
    const Result<void> written = file ? (*file)->file.Write(lines) : Result<void>(file.error());
    if (!written) {
      LogError("endpoints.capture.failed", "endpoint={} error={}", LogValue(target.endpoint),
               LogValue(written.error().message()));
      GiveRoom(lines.size());
      AbandonFile(key);
      return false;
    }
    SCONES_CRASH_POINT("endpoints.capture.appended");
    (*file)->bytes += lines.size();
    if ((*file)->bytes >= options_.file_bytes) {
      full = (*file)->id;
      files_.erase(key);
    }
  }
  if (!full.empty()) StartUpload(full);
  return true;
}

// Counts the bytes as waiting on disk, unless the log has ended or too many wait.
bool CaptureLog::TakeRoom(std::uint64_t bytes, const CaptureTarget& target) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return false;
  if (backlog_bytes_ + bytes > options_.max_backlog_bytes) {
    if (!std::exchange(warned_full_, true)) {
      LogWarning("endpoints.capture.backlog_full", "endpoint={} backlog_bytes={}",
                 LogValue(target.endpoint), backlog_bytes_);
    }
    return false;
  }
  warned_full_ = false;
  backlog_bytes_ += bytes;
  return true;
}

void CaptureLog::GiveRoom(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  backlog_bytes_ -= std::min(backlog_bytes_, bytes);
}

io::Task<void> CaptureLog::Flush(std::string endpoint) {
  auto start = [this, &endpoint](io::Completion<bool> done) {
    {
      const std::lock_guard lock(mutex_);
      if (!stopping_) {
        flushes_.push_back({std::move(endpoint), std::move(done)});
        done = nullptr;
      }
    }
    if (done) return done(false);
    wake_.notify_one();
  };
  (void)co_await io::Await<bool>(std::move(start));  // false: stopped, nothing to wait for
}

void CaptureLog::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

// When the next file comes of age.
CaptureLog::SteadyTime CaptureLog::NextDue() const {
  SteadyTime next = std::chrono::steady_clock::now() + std::chrono::hours(1);
  for (const auto& [key, file] : files_) next = std::min(next, file.opened + options_.file_age);
  return next;
}

void CaptureLog::Loop() {
  bool stopping = false;
  while (!stopping) {
    std::vector<FlushRequest> flushes;
    std::vector<std::string> due;
    SteadyTime next;
    {
      const std::lock_guard lock(files_mutex_);
      next = NextDue();
    }
    {
      std::unique_lock lock(mutex_);
      for (const auto& [id, when] : refused_) next = std::min(next, when);
      if (!file_opened_ && flushes_.empty() && !stopping_) wake_.wait_until(lock, next);
      file_opened_ = false;
      flushes.swap(flushes_);
      stopping = stopping_;
      for (const auto& [id, when] : refused_) {
        if (when <= std::chrono::steady_clock::now()) due.push_back(id);
      }
      for (const std::string& id : due) refused_.erase(id);
    }
    if (!stopping) {
      for (const std::string& id : due) StartUpload(id);
    }
    CloseFiles(stopping, flushes);
    const std::lock_guard lock(mutex_);
    for (FlushRequest& flush : flushes) {
      uploads_ == 0 || stopping ? flush.done(true) : waiting_for_uploads_.push_back(flush);
    }
  }
  std::vector<FlushRequest> waiting;
  const std::lock_guard lock(mutex_);
  waiting.swap(waiting_for_uploads_);
  for (FlushRequest& flush : waiting) flush.done(false);
}

// After a failed write the file may end in a part of a line: what is whole goes on its way, and the
// next record opens another file.
void CaptureLog::AbandonFile(const std::string& key) {
  const auto found = files_.find(key);
  if (found == files_.end()) return;
  const std::string id = found->second.id;
  files_.erase(found);
  const Result<bool> has_lines = TrimTornLine(SpoolPath(id, kLines));
  if (has_lines && *has_lines) {
    const std::lock_guard lock(mutex_);
    refused_[id] = std::chrono::steady_clock::now() + options_.retry;
    file_opened_ = true;
    wake_.notify_one();
  }
}

Result<CaptureLog::OpenFile*> CaptureLog::FileFor(const CaptureTarget& target, Timestamp first,
                                                  const std::string& key) {
  if (const auto found = files_.find(key); found != files_.end()) return &found->second;
  OpenFile open{.id = RandomUuid(),
                .endpoint = target.endpoint,
                .file = {},
                .bytes = 0,
                .opened = std::chrono::steady_clock::now()};
  const S3Uri uri =
      CaptureFileUri(target.destination, target.endpoint, target.variant, first, open.id);
  using Mode = io::File::Mode;
  TRY(io::File address, io::File::Open(SpoolPath(open.id, kUri), Mode::kCreateNew, 0600));
  TRY_VOID(address.Write(uri.ToString()));
  TRY(open.file, io::File::Open(SpoolPath(open.id, kLines), Mode::kCreateNew, 0600));
  {
    const std::lock_guard lock(mutex_);
    file_opened_ = true;
  }
  wake_.notify_one();
  return &files_.emplace(key, std::move(open)).first->second;
}

void CaptureLog::CloseFiles(bool all, const std::vector<FlushRequest>& flushes) {
  const auto now = std::chrono::steady_clock::now();
  std::vector<std::string> closed;
  {
    const std::lock_guard lock(files_mutex_);
    for (auto at = files_.begin(); at != files_.end();) {
      const OpenFile& file = at->second;
      const bool asked =
          std::any_of(flushes.begin(), flushes.end(), [&](const FlushRequest& flush) {
            return flush.endpoint.empty() || flush.endpoint == file.endpoint;
          });
      if (!all && !asked && now - file.opened < options_.file_age) {
        ++at;
        continue;
      }
      closed.push_back(file.id);
      at = files_.erase(at);
    }
  }
  if (all) return;  // the next start stores them
  for (const std::string& id : closed) StartUpload(id);
}

void CaptureLog::StartUpload(const std::string& id) {
  {
    const std::lock_guard lock(mutex_);
    ++uploads_;
  }
  shards_.Spawn(Upload(shared_from_this(), id));
}

io::Task<void> CaptureLog::Upload(std::shared_ptr<CaptureLog> self, std::string id) {
  Result<std::string> text = io::ReadFile(self->SpoolPath(id, kUri), 4096);
  Result<S3Uri> uri = text ? S3Uri::Parse(*text) : Result<S3Uri>(text.error());
  if (!uri) {
    self->FinishUpload(id, uri.error());
    co_return;
  }
  Result<void> stored =
      co_await self->blobs_.WriteFromFile(*uri, self->SpoolPath(id, kLines), kContentType);
  self->FinishUpload(id, stored);
}

void CaptureLog::FinishUpload(const std::string& id, const Result<void>& stored) {
  SCONES_CRASH_POINT("endpoints.capture.stored");
  std::uint64_t freed = 0;
  if (stored) {
    freed = SizeOf(SpoolPath(id, kLines));
    (void)io::RemoveAll(SpoolPath(id, kLines));  // one left behind is stored again under its key
    (void)io::RemoveAll(SpoolPath(id, kUri));
  } else {
    LogWarning("endpoints.capture.not_stored", "file={} error={}", id,
               LogValue(stored.error().message()));
  }
  std::vector<FlushRequest> done;
  {
    const std::lock_guard lock(mutex_);
    backlog_bytes_ -= std::min(backlog_bytes_, freed);
    if (!stored) refused_[id] = std::chrono::steady_clock::now() + options_.retry;
    if (--uploads_ == 0) done.swap(waiting_for_uploads_);
  }
  wake_.notify_one();
  for (FlushRequest& flush : done) flush.done(true);
}

}  // namespace scones::endpoints::detail
