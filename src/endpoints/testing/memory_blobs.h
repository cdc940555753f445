// MemoryBlobs: a BlobStore for tests that keeps everything in a map and can be told to refuse.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "io/blob_store.h"
#include "io/file.h"

namespace scones::endpoints::testing {

class MemoryBlobs final : public io::BlobStore {
 public:
  io::Task<Result<std::string>> Read(S3Uri uri) override { co_return Find(uri.ToString()); }
  io::Task<Result<void>> ReadToFile(S3Uri uri, io::Path path) override {
    CO_TRY(const std::string bytes, Find(uri.ToString()));
    co_return io::WriteFileDurably(path, bytes);
  }
  io::Task<Result<void>> Write(S3Uri uri, std::string bytes, std::string) override {
    co_return Put(uri.ToString(), std::move(bytes));
  }
  io::Task<Result<void>> WriteFromFile(S3Uri uri, io::Path path, std::string) override {
    CO_TRY(std::string bytes, io::ReadFile(path));
    co_return Put(uri.ToString(), std::move(bytes));
  }
  io::Task<Result<std::vector<S3Uri>>> List(S3Uri) override { co_return std::vector<S3Uri>(); }

  Result<void> Put(const std::string& uri, std::string bytes) {
    const std::lock_guard lock(mutex_);
    if (refuse_writes) return Error(Code::kNotFound, "NoSuchBucket", "no such bucket");
    objects_[uri] = std::move(bytes);
    return {};
  }
  std::map<std::string, std::string> objects() const {
    const std::lock_guard lock(mutex_);
    return objects_;
  }
  void Clear() {
    const std::lock_guard lock(mutex_);
    objects_.clear();
  }

  std::atomic<bool> refuse_writes = false;

 private:
  Result<std::string> Find(const std::string& uri) const {
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(uri);
    if (found == objects_.end()) return Error(Code::kNotFound, "NoSuchKey", "no such key");
    return found->second;
  }

  mutable std::mutex mutex_;
  std::map<std::string, std::string> objects_;
};

}  // namespace scones::endpoints::testing
