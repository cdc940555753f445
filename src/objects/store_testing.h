// A store in a directory of its own, driven from a test's thread. For tests only.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "db/database.h"
#include "io/blocking_pool.h"
#include "io/file.h"
#include "io/shards.h"
#include "objects/objects.h"

namespace scones::objects {

inline std::string Pattern(std::size_t size, unsigned seed = 1) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) {
    seed = seed * 1664525U + 1013904223U;
    byte = static_cast<char>(seed >> 24);
  }
  return bytes;
}

class StoreOnDisk {
 public:
  explicit StoreOnDisk(const io::Path& directory, std::uint64_t min_part = 5 << 20,
                       EventSink* event_sink = nullptr)
      : shards_(1), disk_("disk", 2, 1000) {
    database_ = db::Database::Open(directory / "test.db", {}).value();
    ObjectStore::Options options{.directory = directory / "objects"};
    options.min_part = min_part;
    options.event_sink = event_sink;
    auto opened = ObjectStore::Open(*database_, disk_, clock_, options);
    EXPECT_TRUE(opened) << opened.error().message();
    store_ = std::move(opened).value();
  }

  ObjectStore* operator->() { return store_.get(); }
  db::Database& database() { return *database_; }
  template <class T>
  T Run(io::Task<T> task) {
    return shards_.RunAndWait(std::move(task));
  }

  Result<PutReceipt> Put(const std::string& key, std::string bytes, PutOptions options = {},
                         const std::string& bucket = "bucket") {
    const auto body = http::MakeStringBody(std::move(bytes));
    return Run(store_->Put({bucket, key, ""}, *body, std::move(options)));
  }
  Result<Part> PutPart(const UploadName& name, std::uint32_t number, std::string bytes,
                       PutOptions options = {}) {
    const auto body = http::MakeStringBody(std::move(bytes));
    return Run(store_->PutPart(name, number, *body, std::move(options)));
  }
  Result<std::string> Get(const std::string& key, GetOptions options = {},
                          const std::string& version = "") {
    return Run(ReadWhole({"bucket", key, version}, std::move(options)));
  }
  Result<std::string> Drain(http::BodyStream& stream) {
    return Run(http::ReadAll(stream, 1 << 30));
  }
  std::vector<std::string> Keys(ListOptions options = {}) {
    std::vector<std::string> keys;
    const ListPage page = Run(store_->List("bucket", std::move(options))).value();
    for (const ObjectInfo& object : page.objects) keys.push_back(object.key);
    return keys;
  }

 private:
  io::Task<Result<std::string>> ReadWhole(ObjectName name, GetOptions options) {
    CO_TRY(OpenedObject opened, co_await store_->Get(std::move(name), std::move(options)));
    if (!opened.stream) co_return opened.bytes;
    co_return co_await http::ReadAll(*opened.stream, 1 << 30);
  }

  SystemClock clock_;
  io::Shards shards_;  // outlives the pool, which answers coroutines on it
  io::BlockingPool disk_;
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<ObjectStore> store_;
};

inline std::size_t CountFiles(const io::Path& directory) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file()) ++files;
  }
  return files;
}

// Polls, since files are removed after the reply.
inline bool WaitForFiles(const io::Path& directory, std::size_t wanted) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (CountFiles(directory) != wanted) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

class StoreTest : public testing::Test {
 protected:
  StoreTest() : store_(std::make_unique<StoreOnDisk>(directory_.path(), 1000)) {
    EXPECT_TRUE(store().Run(store()->CreateBucket("bucket", "us-east-1")));
  }
  StoreOnDisk& store() { return *store_; }
  void Reopen() {
    store_.reset();
    store_ = std::make_unique<StoreOnDisk>(directory_.path(), 1000);
  }
  io::Path files() const { return directory_.path() / "objects"; }

  io::TemporaryDirectory directory_;
  std::unique_ptr<StoreOnDisk> store_;
};

}  // namespace scones::objects
