#include "endpoints/endpoints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <thread>

#include "base/json.h"
#include "endpoints/detail/deployment.h"
#include "endpoints/model_fault.h"
#include "endpoints/testing/memory_blobs.h"
#include "endpoints/testing/model_tar.h"
#include "vision/image_codec.h"

namespace scones::endpoints {
namespace {

using testing::ColourModel;
using ::testing::HasSubstr;

constexpr const char* kModelUrl = "s3://bucket/models/colour.tar.gz";

std::string Picture(int red, int green, int blue) {
  vision::Image image(5, 7);
  for (std::size_t i = 0; i < image.pixels.size(); i += 3) {
    image.pixels[i] = static_cast<std::uint8_t>(red);
    image.pixels[i + 1] = static_cast<std::uint8_t>(green);
    image.pixels[i + 2] = static_cast<std::uint8_t>(blue);
  }
  return vision::EncodePng(image);
}

// A service over a database, shards and an in-memory blob store; Restart() stands for the process
// ending and starting again.
class EndpointsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(blobs_.Put(kModelUrl, ColourModel()));
    Start();
  }
  void TearDown() override { End(); }

  static constexpr int kDiskThreads = 2;

  // `before_open` sees the pools that the service will use.
  void Start(const std::function<void()>& before_open = [] {}) {
    database_ = db::Database::Open(directory_.path() / "scones.db", {}).value();
    shards_ = std::make_unique<io::Shards>(2);
    disk_ = std::make_unique<io::BlockingPool>("disk", kDiskThreads, 1000);
    options_.directory = directory_.path() / "endpoints";
    before_open();
    auto opened = Endpoints::Open(options_, *database_, *shards_, *disk_, blobs_, clock_);
    ASSERT_TRUE(opened) << opened.error().message();
    endpoints_ = std::move(*opened);
  }
  void End() {
    shards_->Stop();
    endpoints_.reset();
    database_.reset();
    disk_.reset();
    shards_.reset();
  }
  void Restart() {
    End();
    Start();
  }

  template <class T>
  T Wait(io::Task<T> task) {
    return shards_->RunAndWait(std::move(task));
  }
  io::Task<bool> FlushTask() {
    co_await endpoints_->FlushCaptures();
    co_return true;
  }

  void MakeModel(const std::string& name, const std::string& url = kModelUrl,
                 std::map<std::string, std::string> environment = {}) {
    ModelSpec spec;
    spec.name = name;
    spec.container.environment = std::move(environment);
    spec.container.model_data_url = url;
    const auto made = Wait(endpoints_->CreateModel(spec));
    ASSERT_TRUE(made) << made.error().message();
  }
  void MakeConfig(const std::string& name, const std::vector<std::string>& models,
                  std::optional<DataCaptureConfig> capture = std::nullopt) {
    EndpointConfigSpec spec;
    spec.name = name;
    for (const std::string& model : models) {
      spec.variants.push_back({.name = "v-" + model, .model_name = model});
    }
    spec.data_capture = std::move(capture);
    const auto made = Wait(endpoints_->CreateEndpointConfig(spec));
    ASSERT_TRUE(made) << made.error().message();
  }
  // Waits until the endpoint has left its transient states.
  EndpointRecord Settled(const std::string& name) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (true) {
      const auto record = endpoints_->DescribeEndpoint(name);
      if (record && record->status != EndpointStatus::kCreating &&
          record->status != EndpointStatus::kUpdating) {
        return *record;
      }
      if (std::chrono::steady_clock::now() > deadline) {
        ADD_FAILURE() << name << " did not settle";
        return {};
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  EndpointRecord MakeEndpoint(const std::string& name, const std::string& config) {
    const auto made = Wait(endpoints_->CreateEndpoint(name, config, {}));
    EXPECT_TRUE(made) << made.error().message();
    return Settled(name);
  }
  void MakeAll(std::optional<DataCaptureConfig> capture = std::nullopt) {
    MakeModel("colour");
    MakeConfig("config", {"colour"}, std::move(capture));
    const EndpointRecord record = MakeEndpoint("ep", "config");
    ASSERT_EQ(record.status, EndpointStatus::kInService) << record.failure_reason;
  }

  Result<InvokeResponse> Invoke(InvokeRequest request) {
    if (request.endpoint_name.empty()) request.endpoint_name = "ep";
    if (request.content_type.empty()) request.content_type = "image/png";
    if (request.body.empty()) request.body = Picture(255, 0, 0);
    return Wait(endpoints_->Invoke(std::move(request)));
  }

  io::TemporaryDirectory directory_;
  SystemClock clock_;
  testing::MemoryBlobs blobs_;
  Options options_;
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<io::Shards> shards_;
  std::unique_ptr<io::BlockingPool> disk_;
  std::unique_ptr<Endpoints> endpoints_;
};

TEST_F(EndpointsTest, APictureBecomesProbabilities) {
  MakeAll();
  const auto red = Invoke({});
  ASSERT_TRUE(red) << red.error().message();
  EXPECT_EQ(red->content_type, "application/json");
  EXPECT_EQ(red->variant_name, "v-colour");
  const json::array values = ParseJson(red->body)->as_array();
  ASSERT_EQ(values.size(), 3u);
  EXPECT_NEAR(values[0].as_double(), 0.99990921, 1e-6);  // e^10 / (e^10 + 2)
  EXPECT_NEAR(values[1].as_double(), 4.5394e-05, 1e-8);
  EXPECT_THAT(red->body, ::testing::MatchesRegex(R"(\[0\.9[0-9]+, .*\])"));
  const auto lines = Invoke({.accept = "application/jsonlines", .body = Picture(0, 0, 255)});
  EXPECT_THAT(lines->body, ::testing::StartsWith(R"({"prediction": [)"));
  EXPECT_GT(ParseJson(lines->body)->at_pointer("/prediction/2").as_double(), 0.99);
  EXPECT_EQ(lines->content_type, "application/jsonlines");
}

TEST_F(EndpointsTest, LogitsBecomeProbabilitiesAtTheModelsTemperature) {
  const std::string metadata = R"({"image_shape":"3,8,8","temperature":2.0})";
  ASSERT_TRUE(blobs_.Put(kModelUrl,
                         testing::MakeTarGz({{"model.onnx", testing::ColourOnnx(1, false), "", ""},
                                             {"metadata.json", metadata, "", ""}})));
  MakeAll();
  const json::value values = *ParseJson(Invoke({})->body);
  EXPECT_NEAR(values.at_pointer("/0").as_double(), std::exp(5) / (std::exp(5) + 2), 1e-5);
}

io::Task<int> InvokeInTurn(Endpoints& endpoints, int first, int count) {
  int right = 0;
  for (int i = first; i < first + count; ++i) {
    const int colour = i % 3;
    InvokeRequest request{
        .endpoint_name = "ep",
        .content_type = "image/png",
        .body = Picture(colour == 0 ? 255 : 0, colour == 1 ? 255 : 0, colour == 2 ? 255 : 0)};
    const Result<InvokeResponse> response = co_await endpoints.Invoke(std::move(request));
    if (!response) continue;
    const json::array values = ParseJson(response->body)->as_array();
    right += values.at(static_cast<std::size_t>(colour)).as_double() > 0.99 ? 1 : 0;
  }
  co_return right;
}

TEST_F(EndpointsTest, EveryRequestOfManyAtOnceGetsItsOwnAnswer) {
  options_.instances_per_variant = 2;
  Restart();
  MakeAll();
  constexpr int kClients = 24;
  constexpr int kEach = 20;
  std::atomic<int> right = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&, i] { right += Wait(InvokeInTurn(*endpoints_, i, kEach)); });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(right, kClients * kEach);
}

TEST_F(EndpointsTest, AModelIsServedAtThePrecisionThatItsEnvironmentAsksFor) {
  const std::string list = "0\t0\tr.png\n1\t1\tg.png\n2\t2\tb.png\n";
  ASSERT_TRUE(blobs_.Put(
      kModelUrl,
      testing::MakeTarGz({{"model.onnx", testing::ColourOnnx(), "", ""},
                          {"metadata.json", std::string(testing::kColourMetadata), "", ""},
                          {"calibration/calibration.lst", list, "", ""},
                          {"calibration/r.png", Picture(255, 0, 0), "", ""},
                          {"calibration/g.png", Picture(0, 255, 0), "", ""},
                          {"calibration/b.png", Picture(0, 0, 255), "", ""}})));
  MakeModel("colour", kModelUrl, {{"SCONES_PRECISION", "bf16"}});
  MakeConfig("config", {"colour"});
  const EndpointRecord record = MakeEndpoint("ep", "config");
  ASSERT_EQ(record.status, EndpointStatus::kInService) << record.failure_reason;
  const std::string before = Invoke({.body = Picture(200, 100, 50)})->body;
  // fp32 gives e^7.84 / (e^7.84 + e^3.92 + e^1.96); bf16 rounds on the way.
  EXPECT_NEAR(ParseJson(before)->at_pointer("/0").as_double(), 0.9777, 0.01);
  Restart();
  EXPECT_EQ(Invoke({.body = Picture(200, 100, 50)})->body, before) << "another precision";
}

TEST_F(EndpointsTest, AnEndpointWhosePrecisionCannotBeHadFailsAndSaysWhy) {
  MakeModel("colour", kModelUrl, {{"SCONES_PRECISION", "int8"}});
  MakeConfig("config", {"colour"});
  const EndpointRecord record = MakeEndpoint("ep", "config");
  EXPECT_EQ(record.status, EndpointStatus::kFailed);
  EXPECT_THAT(record.failure_reason, ::testing::HasSubstr("int8 needs pictures to calibrate"));

  ModelSpec spec{.name = "odd", .container = {.model_data_url = kModelUrl}};
  spec.container.environment["SCONES_PRECISION"] = "int4";
  const auto made = Wait(endpoints_->CreateModel(spec));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().reason(), "ValidationException");
  EXPECT_THAT(made.error().message(), ::testing::HasSubstr("'int4'"));
}

TEST_F(EndpointsTest, TheModelSaysWhatItCannotRead) {
  MakeAll();
  const auto status = [&](InvokeRequest request) {
    const auto response = Invoke(std::move(request));
    const auto fault = response ? std::nullopt : FindModelFault(response.error());
    return fault ? fault->status : 0;
  };
  EXPECT_EQ(status({.content_type = "text/csv"}), 415);
  EXPECT_EQ(status({.accept = "image/png"}), 406);
  EXPECT_EQ(status({.body = "no picture"}), 400);
  const std::string png = Picture(1, 2, 3);
  EXPECT_EQ(status({.body = png.substr(0, png.size() - 20)}), 400);
  EXPECT_TRUE(Invoke({}));
}

TEST_F(EndpointsTest, WhatDoesNotExistIsNamedAsAwsDoes) {
  MakeAll();
  const auto invoked = Invoke({.endpoint_name = "nope"});
  EXPECT_EQ(invoked.error().reason(), "ValidationError");
  EXPECT_EQ(invoked.error().message(), "Endpoint nope of account 000000000000 not found.");
  EXPECT_EQ(Invoke({.target_variant = "other"}).error().reason(), "ValidationError");
  EXPECT_EQ(Invoke({.target_variant = "v-colour"})->variant_name, "v-colour");
  EXPECT_EQ(endpoints_->DescribeEndpoint("nope").error().message(),
            "Could not find endpoint \"arn:aws:sagemaker:us-east-1:000000000000:endpoint/nope\".");
  EXPECT_EQ(endpoints_->DescribeModel("nope").error().message(),
            "Could not find model \"arn:aws:sagemaker:us-east-1:000000000000:model/nope\".");
  ModelSpec again;
  again.name = "colour";
  again.container.model_data_url = kModelUrl;
  EXPECT_EQ(Wait(endpoints_->CreateModel(again)).error().message(),
            "Cannot create already existing model "
            "\"arn:aws:sagemaker:us-east-1:000000000000:model/colour\".");
  again.name = "-bad";
  EXPECT_THAT(Wait(endpoints_->CreateModel(again)).error().message(), HasSubstr("'-bad'"));
  EXPECT_THAT(Wait(endpoints_->CreateEndpoint("x", "nope", {})).error().message(),
              HasSubstr("Could not find endpoint configuration"));
}

TEST_F(EndpointsTest, AMissingOrDamagedArtefactFailsTheEndpointWithAReason) {
  MakeModel("absent", "s3://bucket/absent.tar.gz");
  MakeConfig("absent", {"absent"});
  const EndpointRecord absent = MakeEndpoint("absent", "absent");
  EXPECT_EQ(absent.status, EndpointStatus::kFailed);
  EXPECT_THAT(absent.failure_reason, HasSubstr("\"s3://bucket/absent.tar.gz\""));
  ASSERT_TRUE(blobs_.Put("s3://bucket/bad.tar.gz", "rubbish"));
  MakeModel("bad", "s3://bucket/bad.tar.gz");
  MakeConfig("bad", {"bad"});
  EXPECT_THAT(MakeEndpoint("bad", "bad").failure_reason, HasSubstr("no tar archive"));
  EXPECT_EQ(Invoke({.endpoint_name = "bad"}).error().reason(), "ValidationError");
  EXPECT_FALSE(Wait(endpoints_->UpdateEndpoint("bad", "absent")));
  EXPECT_TRUE(Wait(endpoints_->DeleteEndpoint("bad")));
  Restart();
  EXPECT_EQ(endpoints_->DescribeEndpoint("absent")->status, EndpointStatus::kFailed);
}

TEST_F(EndpointsTest, AnEndpointServesAgainAfterARestartWithoutTheBlobStore) {
  MakeAll();
  blobs_.Clear();
  ASSERT_TRUE(Wait(endpoints_->DeleteEndpointConfig("config")));
  ASSERT_TRUE(Wait(endpoints_->DeleteModel("colour")));
  Restart();
  const auto response = Invoke({});  // at once: waits for the model rather than failing
  ASSERT_TRUE(response) << response.error().message();
  EXPECT_EQ(endpoints_->DescribeEndpoint("ep")->status, EndpointStatus::kInService);
}

TEST_F(EndpointsTest, ALostArtefactIsFetchedAgainAndElseFailsTheEndpoint) {
  MakeAll();
  End();
  ASSERT_TRUE(io::RemoveAll(directory_.path() / "endpoints" / "models"));
  Start();
  EXPECT_TRUE(Invoke({}));
  End();
  ASSERT_TRUE(io::RemoveAll(directory_.path() / "endpoints" / "models"));
  blobs_.Clear();
  Start();
  EXPECT_EQ(Invoke({}).error().reason(), "ValidationError");
}

TEST_F(EndpointsTest, AnUpdateSwapsModelsAndAFailedOneKeepsTheFormer) {
  MakeAll();
  ASSERT_TRUE(blobs_.Put("s3://bucket/inverse.tar.gz", ColourModel(-1)));
  MakeModel("inverse", "s3://bucket/inverse.tar.gz");
  MakeConfig("inverse", {"inverse"});
  const auto updating = Wait(endpoints_->UpdateEndpoint("ep", "inverse"));
  ASSERT_TRUE(updating) << updating.error().message();
  EXPECT_EQ(updating->status, EndpointStatus::kUpdating);
  EXPECT_EQ(updating->config_name, "config");
  const EndpointRecord updated = Settled("ep");
  EXPECT_EQ(updated.config_name, "inverse");
  EXPECT_LT(ParseJson(Invoke({})->body)->at_pointer("/0").as_double(), 0.01);

  MakeModel("absent", "s3://bucket/absent.tar.gz");
  MakeConfig("absent", {"absent"});
  ASSERT_TRUE(Wait(endpoints_->UpdateEndpoint("ep", "absent")));
  const EndpointRecord kept = Settled("ep");
  EXPECT_EQ(kept.status, EndpointStatus::kInService);
  EXPECT_EQ(kept.config_name, "inverse");
  EXPECT_THAT(kept.failure_reason, HasSubstr("absent.tar.gz"));
  Restart();
  EXPECT_LT(ParseJson(Invoke({})->body)->at_pointer("/0").as_double(), 0.01);
}

TEST_F(EndpointsTest, ADeletedEndpointIsGoneAndItsNameIsFree) {
  MakeAll();
  ASSERT_TRUE(Wait(endpoints_->DeleteEndpoint("ep")));
  EXPECT_EQ(Invoke({}).error().reason(), "ValidationError");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (endpoints_->DescribeEndpoint("ep") && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  EXPECT_EQ(MakeEndpoint("ep", "config").status, EndpointStatus::kInService);
  EXPECT_TRUE(Invoke({}));
}

TEST_F(EndpointsTest, LimitsAreRefusedByName) {
  options_.max_endpoints = 1;
  options_.max_queue = 0;
  Restart();
  MakeAll();
  EXPECT_EQ(Wait(endpoints_->CreateEndpoint("two", "config", {})).error().reason(),
            "ResourceLimitExceeded");
  EXPECT_EQ(Invoke({}).error().reason(), "ThrottlingException");
}

TEST_F(EndpointsTest, ARequestThatComesTooLateForItsDeadlineIsNotComputed) {
  MakeAll();
  options_.max_invocation_time = std::chrono::milliseconds(-1);
  Restart();
  const auto late = Invoke({});
  EXPECT_EQ(late.error().code(), Code::kUnavailable);
  EXPECT_EQ(late.error().reason(), "ServiceUnavailable");
}

TEST_F(EndpointsTest, ARequestForAModelThatLoadsTooLongIsAnsweredMeanwhile) {
  MakeAll();
  options_.max_invocation_time = std::chrono::milliseconds(1);
  End();
  std::promise<void> go_on;
  const std::shared_future<void> gate = go_on.get_future().share();
  Start([&] {  // nothing loads before the gate opens
    for (int i = 0; i < kDiskThreads; ++i) ASSERT_TRUE(disk_->TryPost([gate] { gate.wait(); }));
  });
  EXPECT_EQ(Invoke({}).error().reason(), "ServiceUnavailable");
  go_on.set_value();
  EXPECT_EQ(Settled("ep").status, EndpointStatus::kInService);
}

TEST_F(EndpointsTest, ManyRequestsAtOnceAreAllAnsweredRight) {
  MakeAll();
  std::vector<std::thread> clients;
  std::atomic<int> right = 0;
  for (int c = 0; c < 8; ++c) {
    clients.emplace_back([&, c] {
      for (int i = 0; i < 50; ++i) {
        const int colour = (c + i) % 3;
        const auto response = Invoke(
            {.body = Picture(colour == 0 ? 255 : 0, colour == 1 ? 255 : 0, colour == 2 ? 255 : 0)});
        const json::array values = ParseJson(response->body)->as_array();
        right += values[static_cast<std::size_t>(colour)].to_number<double>() > 0.99 ? 1 : 0;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(right, 8 * 50);
}

TEST_F(EndpointsTest, ListsAreFilteredSortedAndPaged) {
  for (const char* name : {"a1", "b1", "a2", "b2", "a3"}) MakeModel(name);
  ListQuery query{.name_contains = "a",
                  .sort_key = SortKey::kName,
                  .sort_order = SortOrder::kAscending,
                  .max_results = 2};
  auto page = endpoints_->ListModels(query);
  ASSERT_EQ(page->items.size(), 2u);
  EXPECT_EQ(page->items[0].spec.name, "a1");
  EXPECT_EQ(page->items[1].spec.name, "a2");
  query.next_token = page->next_token;
  page = endpoints_->ListModels(query);
  ASSERT_EQ(page->items.size(), 1u);
  EXPECT_EQ(page->items[0].spec.name, "a3");
  EXPECT_EQ(page->next_token, "");
  EXPECT_EQ(endpoints_->ListModels({})->items[0].spec.name, "a3");  // newest first
  EXPECT_FALSE(endpoints_->ListModels({.max_results = 101}));
  EXPECT_FALSE(endpoints_->ListModels({.next_token = "rubbish"}));
}

TEST_F(EndpointsTest, TagsAreAddedListedAndRemoved) {
  MakeModel("colour");
  const std::string arn = endpoints_->DescribeModel("colour")->arn;
  ASSERT_TRUE(Wait(endpoints_->AddTags(arn, {{"team", "bikes"}, {"stage", "dev"}})));
  ASSERT_TRUE(Wait(endpoints_->DeleteTags(arn, {"stage"})));
  EXPECT_EQ(*endpoints_->ListTags(arn), (Tags{{"team", "bikes"}}));
  EXPECT_FALSE(endpoints_->ListTags("arn:aws:sagemaker:us-east-1:000000000000:other/x"));
  EXPECT_FALSE(endpoints_->ListTags(arn + "x"));
}

class CaptureOfEndpoints : public EndpointsTest {
 protected:
  static DataCaptureConfig Config(int percentage = 100) {
    return {.enable = true,
            .initial_sampling_percentage = percentage,
            .destination_s3_uri = "s3://bucket/captured",
            .options = {CaptureMode::kInput, CaptureMode::kOutput},
            .json_content_types = {"application/json"}};
  }
  std::vector<json::value> Captured(int* files = nullptr) const {
    std::vector<json::value> records;
    for (const auto& [uri, bytes] : blobs_.objects()) {
      if (!uri.starts_with("s3://bucket/captured/ep/v-colour/2")) continue;
      if (files != nullptr) ++*files;
      std::size_t start = 0;
      for (std::size_t end; (end = bytes.find('\n', start)) != std::string::npos; start = end + 1) {
        records.push_back(ParseJson(bytes.substr(start, end - start)).value());
      }
      EXPECT_EQ(start, bytes.size());
    }
    return records;
  }
};

TEST_F(CaptureOfEndpoints, EveryInferenceIsStoredOnceFlushed) {
  MakeAll(Config());
  const std::string png = Picture(9, 8, 7);
  const auto response = Invoke({.inference_id = "mine", .body = png});
  ASSERT_TRUE(Invoke({}));
  EXPECT_FALSE(Invoke({.body = "bad"}));  // not an inference
  EXPECT_TRUE(Captured().empty());
  Wait(FlushTask());
  int files = 0;
  const auto records = Captured(&files);
  EXPECT_EQ(files, 1);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].at_pointer("/eventMetadata/inferenceId").as_string(), "mine");
  EXPECT_EQ(records[0].at_pointer("/captureData/endpointOutput/data").as_string(), response->body);
  EXPECT_EQ(records[0].at_pointer("/captureData/endpointInput/encoding").as_string(), "BASE64");
}

TEST_F(CaptureOfEndpoints, AcknowledgedRecordsOutliveTheProcess) {
  MakeAll(Config());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Invoke({}));
  End();
  // The last line of another file was cut when its process was killed.
  const io::Path spool = directory_.path() / "endpoints" / "capture";
  ASSERT_TRUE(
      io::WriteFileDurably(spool / "torn.uri", "s3://bucket/captured/ep/v-colour/2/torn.jsonl"));
  ASSERT_TRUE(io::WriteFileDurably(spool / "torn.jsonl", "{\"whole\":1}\n{\"cut\":"));
  ASSERT_TRUE(
      io::WriteFileDurably(spool / "empty.uri", "s3://bucket/captured/ep/v-colour/2/e.jsonl"));
  EXPECT_TRUE(Captured().empty());
  Start();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (Captured().size() < 6 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  EXPECT_EQ(Captured().size(), 6u);
  Wait(FlushTask());
  EXPECT_TRUE(std::filesystem::is_empty(spool));
}

TEST_F(CaptureOfEndpoints, FilesAreStoredWhenTheyAreOldOrLargeEnough) {
  options_.capture_file_bytes = 1;
  Restart();
  MakeAll(Config());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Invoke({}));
  Wait(FlushTask());
  int files = 0;
  EXPECT_EQ(Captured(&files).size(), 3u);
  EXPECT_EQ(files, 3);
}

TEST_F(CaptureOfEndpoints, AnUnreachableBucketStopsNoInferenceAndIsTriedAgain) {
  MakeAll(Config());
  blobs_.refuse_writes = true;
  ASSERT_TRUE(Invoke({}));
  Wait(FlushTask());
  EXPECT_TRUE(Captured().empty());
  EXPECT_TRUE(Invoke({}));
  blobs_.refuse_writes = false;
  Restart();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (Captured().size() < 2 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  EXPECT_EQ(Captured().size(), 2u);
}

TEST_F(CaptureOfEndpoints, AFullBacklogDropsRecordsAndServesOn) {
  options_.max_capture_backlog_bytes = 10;
  Restart();
  MakeAll(Config());
  EXPECT_TRUE(Invoke({}));
  Wait(FlushTask());
  EXPECT_TRUE(Captured().empty());
}

TEST_F(CaptureOfEndpoints, DeletingAnEndpointStoresItsRecords) {
  MakeAll(Config());
  ASSERT_TRUE(Invoke({}));
  ASSERT_TRUE(Wait(endpoints_->DeleteEndpoint("ep")));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (endpoints_->DescribeEndpoint("ep") && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  EXPECT_EQ(Captured().size(), 1u);
}

TEST_F(CaptureOfEndpoints, ZeroPercentOrDisabledCapturesNothing) {
  MakeAll(Config(0));
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(Invoke({}));
  Wait(FlushTask());
  EXPECT_TRUE(Captured().empty());
}

TEST(ModelFault, IsFoundAgainInItsError) {
  const Error error = ModelError({.status = 400, .message = "a \"quoted\" (text)."});
  EXPECT_EQ(error.message(),
            "Received client error (400) from primary with message \"a \"quoted\" (text).\".");
  EXPECT_EQ(FindModelFault(error)->status, 400);
  EXPECT_EQ(FindModelFault(error)->message, "a \"quoted\" (text).");
  EXPECT_EQ(ModelError({.status = 500, .message = ""}).code(), Code::kInternal);
  EXPECT_EQ(FindModelFault(ModelError({.status = 500, .message = ""}))->message, "");
  EXPECT_FALSE(FindModelFault(Error(Code::kInvalid, "ValidationError", "x")));
  EXPECT_FALSE(FindModelFault(Error(Code::kInvalid, "ModelError", "x")));
}

TEST(ChooseVariant, WeightsDivideTheChances) {
  detail::Deployment deployment;
  deployment.variants = {{"a", 3, nullptr}, {"zero", 0, nullptr}, {"b", 1, nullptr}};
  const auto at = [&](double chance) { return ChooseVariant(deployment, "", chance)->name; };
  EXPECT_EQ(at(0.0), "a");
  EXPECT_EQ(at(0.7499), "a");
  EXPECT_EQ(at(0.75), "b");
  EXPECT_EQ(at(0.99999999), "b");
  EXPECT_EQ(ChooseVariant(deployment, "zero", 0.5)->name, "zero");
  EXPECT_EQ(ChooseVariant(deployment, "c", 0.5), nullptr);
}

}  // namespace
}  // namespace scones::endpoints
