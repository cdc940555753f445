// Every durable step, cut off in a child process and opened again; and a disk that is full.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "objects/store_testing.h"

namespace scones::objects {
namespace {

constexpr int kCrashed = 86;

// The work of a child: acknowledges on `acknowledged` after each call that returned.
void WriteObjects(const io::Path& directory, int acknowledged) {
  StoreOnDisk store(directory, 1000);
  const auto acknowledge = [acknowledged](char step) { (void)!::write(acknowledged, &step, 1); };
  if (store.Put("small", "new small")) acknowledge('s');
  if (store.Put("large", Pattern(200'000, 2))) acknowledge('l');
  const auto upload = store.Run(store->CreateUpload("bucket", "joined", {}));
  const UploadName name{"bucket", "joined", upload.value().upload_id};
  const auto part = store.PutPart(name, 1, Pattern(100'000, 3));
  if (store.Run(store->CompleteUpload(name, {.parts = {{1, part.value().etag, {}}}}))) {
    acknowledge('j');
  }
  if (store.Run(store->Delete({"bucket", "doomed", ""}))) acknowledge('d');
}

std::string RunUntilCrash(const io::Path& directory, const std::string& point) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    // A fresh image: a process with threads must not go on after fork. The test program knows what
    // to do from the environment.
    ::setenv("SCONES_CRASH_POINT", point.c_str(), 1);
    ::setenv("SCONES_CRASH_TEST_DIRECTORY", directory.c_str(), 1);
    ::setenv("SCONES_CRASH_TEST_PIPE", std::to_string(ends[1]).c_str(), 1);
    ::execl("/proc/self/exe", "objects_test", "--gtest_filter=CrashChild.Works",
            "--gtest_also_run_disabled_tests", "--gtest_brief=1", nullptr);
    ::_exit(1);
  }
  ::close(ends[1]);
  std::string acknowledged;
  char step = 0;
  while (::read(ends[0], &step, 1) == 1) acknowledged.push_back(step);
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_TRUE(WEXITSTATUS(status) == kCrashed || WEXITSTATUS(status) == 0) << WEXITSTATUS(status);
  if (WEXITSTATUS(status) == 0) acknowledged.push_back('!');
  return acknowledged;
}

TEST(CrashChild, Works) {
  const char* directory = std::getenv("SCONES_CRASH_TEST_DIRECTORY");
  if (directory == nullptr) GTEST_SKIP() << "run by the crash tests";
  WriteObjects(directory, std::atoi(std::getenv("SCONES_CRASH_TEST_PIPE")));
}

// After the crash: what was acknowledged is there; what was not is either the old or the new,
// whole.
void CheckInvariants(StoreOnDisk& store, const std::string& acknowledged) {
  const auto done = [&](char step) { return acknowledged.find(step) != std::string::npos; };
  const std::string small = store.Get("small").value();
  EXPECT_TRUE(small == "new small" || (!done('s') && small == "old small"));
  const std::string large = store.Get("large").value();
  EXPECT_TRUE(large == Pattern(200'000, 2) || (!done('l') && large == Pattern(150'000, 1)));
  const auto joined = store.Get("joined");
  EXPECT_TRUE(joined ? *joined == Pattern(100'000, 3) : !done('j'));
  const auto doomed = store.Get("doomed");
  EXPECT_TRUE(doomed ? !done('d') && *doomed == Pattern(80'000, 4) : true);
}

TEST(Crash, NothingAcknowledgedIsLostAtAnyStep) {
  std::vector<std::string> points;
  for (const char* name : {"objects.file.written", "objects.file.synced", "objects.file.renamed",
                           "objects.file.durable", "objects.committed", "objects.before_unlink",
                           "db.before_commit", "db.after_commit"}) {
    for (int passage = 1; passage <= 8; ++passage) {
      points.push_back(std::string(name) + ":" + std::to_string(passage));
    }
  }
  std::size_t crashes = 0;
  for (const std::string& point : points) {
    SCOPED_TRACE(point);
    io::TemporaryDirectory directory;
    {
      StoreOnDisk store(directory.path(), 1000);
      ASSERT_TRUE(store.Run(store->CreateBucket("bucket", "us-east-1")));
      ASSERT_TRUE(store.Put("small", "old small"));
      ASSERT_TRUE(store.Put("large", Pattern(150'000, 1)));
      ASSERT_TRUE(store.Put("doomed", Pattern(80'000, 4)));
    }
    const std::string acknowledged = RunUntilCrash(directory.path(), point);
    if (acknowledged.find('!') == std::string::npos) ++crashes;
    {
      StoreOnDisk store(directory.path(), 1000);
      CheckInvariants(store, acknowledged);
      const UploadPage open_uploads = store.Run(store->ListUploads("bucket", {})).value();
      for (const Upload& upload : open_uploads.uploads) {
        ASSERT_TRUE(store.Run(store->AbortUpload({"bucket", upload.key, upload.upload_id})));
      }
      for (const char* key : {"small", "large", "joined", "doomed"}) {
        ASSERT_TRUE(store.Run(store->Delete({"bucket", key, ""})));
      }
      // With everything deleted, no file stays: the sweep found those that the crash left.
      EXPECT_TRUE(WaitForFiles(directory.path() / "objects", 0));
    }
  }
  EXPECT_GE(crashes, 20U);
}

class FullDisk : public testing::Test {
 protected:
  void SetUp() override {
    if (::mount("tmpfs", directory_.path().c_str(), "tmpfs", 0, "size=4m") != 0) {
      GTEST_SKIP() << "mounting a small file system takes root";
    }
    mounted_ = true;
  }
  void TearDown() override {
    if (mounted_) ::umount2(directory_.path().c_str(), MNT_DETACH);
  }
  io::TemporaryDirectory directory_;
  bool mounted_ = false;
};

TEST_F(FullDisk, RefusesClearlyKeepsTheOldVersionAndRecovers) {
  StoreOnDisk store(directory_.path(), 1000);
  ASSERT_TRUE(store.Run(store->CreateBucket("bucket", "us-east-1")));
  ASSERT_TRUE(store.Put("large", Pattern(100'000)));
  ASSERT_TRUE(store.Put("small", "old"));

  const auto too_large = store.Put("large", Pattern(6'000'000));
  EXPECT_EQ(too_large.error().reason(), "InsufficientStorage") << too_large.error().message();
  EXPECT_EQ(store.Get("large").value(), Pattern(100'000));
  // What was written of it gives its place back.
  ASSERT_TRUE(WaitForFiles(directory_.path() / "objects", 1));

  // Inline objects fill the database until it takes neither one more nor a new version. (It may
  // take one after a refusal, when a checkpoint has given back the log's place.)
  Result<PutReceipt> last;
  Result<PutReceipt> replaced;
  std::string small = "old";
  int stored = 0;
  bool full = false;
  for (int tries = 0; tries < 500 && !full; ++tries) {
    last = store.Put("k" + std::to_string(stored), Pattern(30'000, stored));
    if (last) {
      ++stored;
      continue;
    }
    replaced = store.Put("small", Pattern(60'000, tries));
    full = !replaced;
    if (replaced) small = Pattern(60'000, tries);
  }
  ASSERT_TRUE(full);
  EXPECT_EQ(last.error().reason(), "InsufficientStorage") << last.error().message();
  EXPECT_EQ(replaced.error().reason(), "InsufficientStorage") << replaced.error().message();
  EXPECT_EQ(store.Get("small").value(), small);
  for (int i = 0; i < stored; ++i) {
    EXPECT_EQ(store.Get("k" + std::to_string(i)).value(), Pattern(30'000, i));
  }

  ASSERT_EQ(::mount("tmpfs", directory_.path().c_str(), "tmpfs", MS_REMOUNT, "size=16m"), 0);
  EXPECT_TRUE(store.Put("small", "new"));
  EXPECT_EQ(store.Get("small").value(), "new");
  EXPECT_TRUE(store.Put("large", Pattern(200'000)));
}

}  // namespace
}  // namespace scones::objects
