// What one inference costs beside the network itself: routing, decoding, queue, threads, text,
// capture. The network is a global average and a 3x3 product, so nearly all of the time is ours.
#include <benchmark/benchmark.h>

#include <chrono>
#include <thread>

#include "endpoints/endpoints.h"
#include "endpoints/testing/memory_blobs.h"
#include "endpoints/testing/model_tar.h"
#include "vision/image_codec.h"

namespace scones::endpoints {
namespace {

// One endpoint in service, ready to be invoked.
struct Deployed {
  explicit Deployed(bool capture) {
    (void)blobs.Put("s3://b/m.tar.gz", testing::ColourModel());
    service =
        Endpoints::Open({.directory = directory.path()}, *database, shards, disk, blobs, clock)
            .value();
    ModelSpec model{.name = "m", .container = {.model_data_url = "s3://b/m.tar.gz"}};
    (void)shards.RunAndWait(service->CreateModel(model)).value();
    EndpointConfigSpec config{.name = "c", .variants = {{.name = "v", .model_name = "m"}}};
    config.data_capture = {.enable = capture,
                           .initial_sampling_percentage = 100,
                           .destination_s3_uri = "s3://b/captured",
                           .options = {CaptureMode::kInput, CaptureMode::kOutput}};
    (void)shards.RunAndWait(service->CreateEndpointConfig(config)).value();
    (void)shards.RunAndWait(service->CreateEndpoint("ep", "c", {})).value();
    while (service->DescribeEndpoint("ep")->status == EndpointStatus::kCreating) {
      std::this_thread::yield();
    }
  }
  ~Deployed() {
    shards.Stop();
    service.reset();
  }

  io::TemporaryDirectory directory;
  SystemClock clock;
  testing::MemoryBlobs blobs;
  io::Shards shards{1};
  io::BlockingPool disk{"disk", 1, 100};
  std::unique_ptr<db::Database> database =
      db::Database::Open(directory.path() / "scones.db", {}).value();
  std::unique_ptr<Endpoints> service;
};

io::Task<int> InvokeMany(Endpoints& endpoints, std::string picture, int count) {
  int right = 0;
  for (int i = 0; i < count; ++i) {
    InvokeRequest request{.endpoint_name = "ep", .content_type = "image/png", .body = picture};
    Result<InvokeResponse> response = co_await endpoints.Invoke(std::move(request));
    right += response ? 1 : 0;
  }
  co_return right;
}

void Invoke(benchmark::State& state) {
  constexpr int kBatch = 100;
  Deployed deployed(state.range(0) != 0);
  vision::Image image(32, 32);
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    image.pixels[i] = static_cast<std::uint8_t>(i * 7919 >> 3);
  }
  const std::string picture = vision::EncodePng(image);
  for (auto _ : state) {
    if (deployed.shards.RunAndWait(InvokeMany(*deployed.service, picture, kBatch)) != kBatch) {
      state.SkipWithError("an inference failed");
    }
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

// Argument: capture off, on. Per item: divide by items_per_second.
BENCHMARK(Invoke)->Arg(0)->Arg(1)->MeasureProcessCPUTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace scones::endpoints
