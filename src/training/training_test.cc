#include "training/training.h"

#include <gtest/gtest.h>

#include <thread>

#include "training/detail/job_directory.h"
#include "training/detail/metric_parser.h"

namespace scones::training {
namespace {

// Objects in memory.
class FakeBlobs final : public io::BlobStore {
 public:
  std::map<std::string, std::string> objects;

  io::Task<Result<std::string>> Read(S3Uri uri) override {
    const auto found = objects.find(uri.ToString());
    if (found == objects.end()) co_return Error(Code::kNotFound, "NoSuchKey", uri.ToString());
    co_return found->second;
  }
  io::Task<Result<void>> ReadToFile(S3Uri uri, io::Path path) override {
    CO_TRY(const std::string bytes, co_await Read(uri));
    co_return io::WriteFileDurably(path, bytes);
  }
  io::Task<Result<void>> Write(S3Uri uri, std::string bytes, std::string) override {
    objects[uri.ToString()] = std::move(bytes);
    co_return Result<void>();
  }
  io::Task<Result<void>> WriteFromFile(S3Uri uri, io::Path path, std::string type) override {
    CO_TRY(std::string bytes, io::ReadFile(path));
    co_return co_await Write(std::move(uri), std::move(bytes), std::move(type));
  }
  io::Task<Result<std::vector<S3Uri>>> List(S3Uri prefix) override {
    std::vector<S3Uri> found;
    for (const auto& [uri, bytes] : objects) {
      if (uri.starts_with(prefix.ToString())) found.push_back(S3Uri::Parse(uri).value());
    }
    co_return found;
  }
};

class FakeLogs final : public io::LogSink {
 public:
  void Append(std::string, std::string, std::vector<io::LogEvent> events) override {
    const std::lock_guard lock(mutex_);
    for (io::LogEvent& event : events) lines_.push_back(std::move(event.message));
  }
  std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

class TrainingTest : public testing::Test {
 protected:
  void SetUp() override {
    blobs_.objects["s3://b/train/x.png"] = "picture";
    Reopen();
  }
  void TearDown() override {
    training_.reset();
    shards_.Stop();
  }
  void Reopen() {
    training_.reset();
    database_.reset();
    database_ = db::Database::Open(directory_.path() / "test.db", {}).value();
    Options options{.directory = directory_.path() / "jobs",
                    .algorithms = {{"image-classification", directory_.path() / "program"}}};
    options.stop_grace = std::chrono::seconds(1);
    training_ = Training::Open(options, *database_, shards_, disk_, blobs_, logs_, clock_).value();
  }
  void SetProgram(const std::string& script) {
    ASSERT_TRUE(io::WriteFileDurably(directory_.path() / "program", "#!/bin/sh\n" + script, 0755));
  }
  static TrainingJobSpec Spec(std::string name) {
    return {.name = std::move(name),
            .image = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1",
            .hyperparameters = {{"epochs", "3"}},
            .channels = {{"train", {"b", "train/"}, "application/x-image"}},
            .output = {"b", "models"}};
  }
  Result<void> Create(TrainingJobSpec spec) {
    return shards_.RunAndWait(training_->Create(std::move(spec)));
  }
  // Waits until `done` holds of the job; fails after 20 s.
  TrainingJob WaitFor(const std::string& name, std::function<bool(const TrainingJob&)> done) {
    TrainingJob job;
    for (int i = 0; i < 2000; ++i) {
      job = training_->Describe(name).value();
      if (done(job)) return job;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ADD_FAILURE() << "still " << JobStatusName(job.status);
    return job;
  }
  TrainingJob WaitForEnd(const std::string& name) {
    return WaitFor(name,
                   [](const TrainingJob& job) { return job.transitions.back().end.has_value(); });
  }

  io::TemporaryDirectory directory_;
  io::Shards shards_{2};
  io::BlockingPool disk_{"disk", 2, 1000};
  FakeBlobs blobs_;
  FakeLogs logs_;
  SystemClock clock_;
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<Training> training_;
};

TEST_F(TrainingTest, RunsAProgramUnderTheTrainingContract) {
  SetProgram(R"sh(
    cd $SCONES_TRAINING_ROOT
    test "$(cat input/data/train/x.png)" = picture || exit 1
    grep -q '"epochs": "3"' input/config/hyperparameters.json || exit 1
    echo "Epoch[0] Validation-accuracy=0.875000"
    echo weights > model/model.onnx
  )sh");
  ASSERT_TRUE(Create(Spec("job")));
  const TrainingJob job = WaitForEnd("job");
  EXPECT_EQ(job.status, JobStatus::kCompleted) << job.failure_reason;
  EXPECT_EQ(job.model_artifact->ToString(), "s3://b/models/job/output/model.tar.gz");
  EXPECT_TRUE(blobs_.objects.contains("s3://b/models/job/output/model.tar.gz"));
  ASSERT_EQ(job.final_metrics.size(), 1U);
  EXPECT_EQ(job.final_metrics[0].value, 0.875);
  EXPECT_EQ(logs_.lines(), std::vector<std::string>{"Epoch[0] Validation-accuracy=0.875000"});
}

TEST_F(TrainingTest, AFailedProgramsReasonIsTheJobs) {
  SetProgram(
      "echo 'ClientError: epochs must be positive' > $SCONES_TRAINING_ROOT/output/failure; exit 2");
  ASSERT_TRUE(Create(Spec("job")));
  const TrainingJob job = WaitForEnd("job");
  EXPECT_EQ(job.status, JobStatus::kFailed);
  EXPECT_EQ(job.failure_reason, "ClientError: epochs must be positive, exit code: 2");
}

TEST_F(TrainingTest, AnEmptyChannelFailsTheJobByName) {
  SetProgram("exit 0");
  TrainingJobSpec spec = Spec("job");
  spec.channels[0].source.key = "nothing/";
  ASSERT_TRUE(Create(spec));
  EXPECT_NE(WaitForEnd("job").failure_reason.find("channel train"), std::string::npos);
}

TEST_F(TrainingTest, NamesAreUniqueAndImagesKnown) {
  SetProgram("exit 0");
  ASSERT_TRUE(Create(Spec("job")));
  EXPECT_EQ(Create(Spec("job")).error().reason(), "ResourceInUse");
  TrainingJobSpec other = Spec("other");
  other.image = "xgboost:1";
  EXPECT_EQ(Create(other).error().reason(), "ValidationException");
  EXPECT_EQ(training_->Describe("other").error().code(), Code::kNotFound);
}

TEST_F(TrainingTest, StopEndsAProgramThatIgnoresIt) {
  SetProgram("trap '' TERM; echo up; while true; do sleep 0.05; done");
  ASSERT_TRUE(Create(Spec("job")));
  WaitFor("job", [this](const TrainingJob&) { return !logs_.lines().empty(); });
  ASSERT_TRUE(shards_.RunAndWait(training_->Stop("job")));
  EXPECT_EQ(WaitForEnd("job").status, JobStatus::kStopped);
  EXPECT_EQ(shards_.RunAndWait(training_->Stop("job")).error().reason(), "ValidationException");
}

TEST_F(TrainingTest, ARuntimeLimitStopsTheJob) {
  SetProgram("sleep 1000");
  TrainingJobSpec spec = Spec("job");
  spec.max_runtime_s = 1;
  ASSERT_TRUE(Create(spec));
  const TrainingJob job = WaitForEnd("job");
  EXPECT_EQ(job.status, JobStatus::kStopped);
  EXPECT_EQ(job.transitions.back().status, "MaxRuntimeExceeded");
}

TEST_F(TrainingTest, AJobThatRanWhenTheServerEndedRunsAgain) {
  SetProgram("echo started; test -e " + (directory_.path() / "go").string() + " || sleep 1000");
  ASSERT_TRUE(Create(Spec("job")));
  ASSERT_TRUE(Create(Spec("waiting")));
  WaitFor("job", [this](const TrainingJob&) { return !logs_.lines().empty(); });
  ASSERT_TRUE(io::WriteFileDurably(directory_.path() / "go", ""));
  Reopen();
  EXPECT_EQ(WaitForEnd("job").status, JobStatus::kCompleted);
  EXPECT_EQ(WaitForEnd("waiting").status, JobStatus::kCompleted);
  EXPECT_EQ(training_->List({}).value().size(), 2U);
  EXPECT_EQ(training_->List({.name_contains = "wait"}).value().size(), 1U);
}

TEST(ChannelFile, KeysStayInTheirFolder) {
  const Channel channel{"train", {"b", "data/train/"}, ""};
  EXPECT_EQ(detail::ChannelFile("/r", channel, "data/train/a/b.png").value(),
            "/r/input/data/train/a/b.png");
  EXPECT_FALSE(detail::ChannelFile("/r", channel, "data/train/../../x"));
  EXPECT_FALSE(detail::ChannelFile("/r", channel, "data/train//etc/passwd"));
  const Channel lst{"train_lst", {"b", "data/train.lst"}, ""};
  EXPECT_EQ(detail::ChannelFile("/r", lst, "data/train.lst").value(),
            "/r/input/data/train_lst/train.lst");
}

TEST(MetricParser, ReadsTheLogsOfTheBuiltInAlgorithm) {
  EXPECT_EQ(detail::ParseMetric("[x INFO 1] Epoch[3] Train-accuracy=0.5")->first, "train:accuracy");
  EXPECT_FALSE(detail::ParseMetric("Epoch[3] Validation-accuracy=unknown"));
  EXPECT_FALSE(detail::ParseMetric("Epoch[3] Time cost=4.9"));
}

}  // namespace
}  // namespace scones::training
