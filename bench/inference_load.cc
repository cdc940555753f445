// What bench/inference.sh measures with:
//   inference_load deploy URL CREDENTIALS MODEL ENDPOINT PRECISION   makes an endpoint, captures on
//   inference_load run …      InvokeEndpoint with signed requests, each of a picture of its own
//   inference_load engine …   the engine alone: the most pictures a second at any batch size
// Each prints lines of a name and a value, with more for people behind it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <barrier>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <thread>

#include "auth/signer.h"
#include "base/encoding.h"
#include "base/hash.h"
#include "client/aws_client.h"
#include "endpoints/artifact.h"
#include "io/file.h"
#include "io/shards.h"
#include "lib/http_load.h"
#include "nn/calibration.h"
#include "nn/engine.h"
#include "vision/image_codec.h"

namespace scones::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

template <class T>
T Must(Result<T> result, std::string_view what) {
  if (!result) Die(fmt::format("{}: {}", what, result.error().message()));
  return std::move(*result);
}

struct Settings {
  std::string url;
  std::string credentials;
  std::string model;
  std::string endpoint = "bench";
  std::string precision = "fp32";
  std::string pictures;
  std::size_t connections = 64;
  std::size_t count = 20'000;
  std::size_t warm_up = 2'000;
  double rate = 0;
  bool even = false;
  int pid = 0;
  int samples = 0;
  int threads = 1;
};

client::AwsConfig ConfigOf(const Settings& settings) {
  return Must(client::LoadAwsConfig(
                  {.endpoint_url = settings.url, .credentials_file = settings.credentials},
                  client::ProcessEnvironment()),
              "configuration");
}

std::vector<std::string> ReadPictures(const std::string& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".png") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  if (paths.empty()) Die(folder + " holds no PNG files");
  std::vector<std::string> pictures;
  for (const auto& path : paths) pictures.push_back(Must(io::ReadFile(path), path.string()));
  return pictures;
}

void Deploy(const Settings& settings) {
  SystemClock clock;
  io::Shards shards(1);
  client::AwsClient aws(ConfigOf(settings), clock);
  const auto put = [&](const std::string& path, std::string body) {
    client::AwsRequest request{.service = "s3", .method = "PUT", .path = path};
    request.body = std::move(body);
    Must(shards.RunAndWait(aws.Call(std::move(request))), path);
  };
  const auto call = [&](const std::string& operation, json::object input) {
    return Must(shards.RunAndWait(aws.CallJson("sagemaker", operation, std::move(input))),
                operation);
  };
  const std::string& name = settings.endpoint;
  put("/" + name, "");
  put("/" + name + "/model.tar.gz", Must(io::ReadFile(settings.model), settings.model));
  const std::string url = fmt::format("s3://{}/model.tar.gz", name);
  call("CreateModel", {{"ModelName", name},
                       {"ExecutionRoleArn", "arn:aws:iam::000000000000:role/scones"},
                       {"PrimaryContainer",
                        {{"Image", "bench"},
                         {"ModelDataUrl", url},
                         {"Environment", {{"SCONES_PRECISION", settings.precision}}}}}});
  call("CreateEndpointConfig",
       {{"EndpointConfigName", name},
        {"ProductionVariants", json::array{{{"VariantName", "all"},
                                            {"ModelName", name},
                                            {"InitialInstanceCount", 1},
                                            {"InstanceType", "ml.m5.large"}}}},
        {"DataCaptureConfig",
         {{"EnableCapture", true},
          {"InitialSamplingPercentage", 100},
          {"DestinationS3Uri", fmt::format("s3://{}/captured", name)},
          {"CaptureOptions",
           json::array{{{"CaptureMode", "Input"}}, {{"CaptureMode", "Output"}}}}}}});
  call("CreateEndpoint", {{"EndpointName", name}, {"EndpointConfigName", name}});
  while (true) {
    const json::object found = call("DescribeEndpoint", {{"EndpointName", name}});
    const std::string status = StringOr(found, "EndpointStatus", "");
    if (status == "InService") return;
    if (status != "Creating") Die(StringOr(found, "FailureReason", status));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

// Requests signed beforehand, and again before their signatures come of age.
class SignedRequests {
 public:
  SignedRequests(const Settings& settings, std::vector<std::string> bodies)
      : config_(ConfigOf(settings)),
        path_(fmt::format("/endpoints/{}/invocations", settings.endpoint)),
        host_(settings.url.substr(settings.url.find("//") + 2)),
        bodies_(std::move(bodies)),
        requests_(bodies_.size()) {
    for (std::size_t i = 0; i < bodies_.size(); ++i) Get(i);
  }

  std::string_view Get(std::size_t index) {
    Signed& request = requests_[index % requests_.size()];
    const auto now = SteadyClock::now();
    if (request.text.empty() || now - request.when > kLifetime) {
      request = {Sign(bodies_[index % bodies_.size()]), now};
    }
    return request.text;
  }

 private:
  static constexpr std::chrono::minutes kLifetime{10};  // the server allows 15
  struct Signed {
    std::string text;
    SteadyClock::time_point when;
  };

  std::string Sign(const std::string& body) const {
    const auth::HeaderFields headers = {{"Host", host_},
                                        {"Content-Type", "image/png"},
                                        {"Accept", "application/json"},
                                        {"Content-Length", std::to_string(body.size())}};
    const auth::RequestView view{
        .method = "POST", .raw_path = path_, .raw_query = "", .headers = headers};
    const auth::SigningOptions options{.region = config_.region, .service = "sagemaker"};
    const auto added =
        Must(auth::SignHeaders(view, config_.keys, options,
                               HexEncode(Digest(HashAlgorithm::kSha256, body)), clock_.Now()),
             "signing");
    std::string text = fmt::format("POST {} HTTP/1.1\r\n", path_);
    for (const auto& field : headers) text += fmt::format("{}: {}\r\n", field.first, field.second);
    for (const auto& field : added) text += fmt::format("{}: {}\r\n", field.first, field.second);
    return text + "\r\n" + body;
  }

  const client::AwsConfig config_;
  const std::string path_;
  const std::string host_;
  const SystemClock clock_;
  const std::vector<std::string> bodies_;
  std::vector<Signed> requests_;
};

// Numbers between brackets that sum up to 1.
bool IsDistribution(std::string_view body) {
  if (!body.starts_with('[') || !body.ends_with(']')) return false;
  const char* at = body.data() + 1;
  const char* const end = body.data() + body.size() - 1;
  double sum = 0;
  while (at < end) {
    double value = 0;
    const auto [next, fault] = std::from_chars(at, end, value);
    if (fault != std::errc() || value < 0) return false;
    sum += value;
    at = next;
    while (at < end && (*at == ',' || *at == ' ')) ++at;
  }
  return std::abs(sum - 1) < 1e-3;
}

void Run(const Settings& settings) {
  SignedRequests requests(settings, ReadPictures(settings.pictures));
  std::uint16_t port = 0;
  const std::string digits = settings.url.substr(settings.url.rfind(':') + 1);
  std::from_chars(digits.data(), digits.data() + digits.size(), port);
  LoadOptions options{
      .port = port,
      .connections = settings.connections,
      .count = settings.warm_up,
      .request = [&](std::size_t index) { return requests.Get(index); },
      .check = [](std::size_t, std::string_view body) { return IsDistribution(body); }};
  if (settings.warm_up > 0) RunLoad(options);
  options.count = settings.count;
  options.rate = settings.rate;
  options.even_gaps = settings.even;
  if (settings.samples > 0) {
    options.progress = [&](std::size_t done) {
      const std::size_t step = std::max<std::size_t>(1, settings.count / settings.samples);
      if (done % step == 0) {
        fmt::print("resident {:.1f} MiB after {}\n", ResidentMiB(settings.pid), done);
        std::fflush(stdout);
      }
    };
  }
  const double cpu = settings.pid != 0 ? CpuSeconds(settings.pid) : 0;
  const LoadOutcome outcome = RunLoad(options);
  const double p50 = outcome.PercentileMs(0.5);
  const double p99 = outcome.PercentileMs(0.99);
  const auto count = static_cast<double>(settings.count);
  fmt::print("per_second {:.0f}\np50_ms {:.3f}\np99_ms {:.3f} = {:.2f} p50\n", outcome.PerSecond(),
             p50, p99, p99 / p50);
  if (settings.pid != 0) {
    fmt::print("server_cpu_us {:.1f} a request, {:.2f} cores; load generator {:.1f} us\n",
               1e6 * (CpuSeconds(settings.pid) - cpu) / count,
               (CpuSeconds(settings.pid) - cpu) / outcome.seconds,
               1e6 * outcome.client_cpu_seconds / count);
  }
}

// Pictures a second of `threads` engines, each on its own thread, at one batch size.
double MeasureEngines(const std::vector<std::unique_ptr<nn::Engine>>& engines, int batch) {
  constexpr std::chrono::milliseconds kTime{700};
  const nn::Model& model = engines.front()->model();
  std::vector<std::thread> threads;
  std::vector<double> rates(engines.size());
  std::barrier start(static_cast<std::ptrdiff_t>(engines.size()));
  for (std::size_t i = 0; i < engines.size(); ++i) {
    threads.emplace_back([&, i] {
      const auto size = static_cast<std::size_t>(batch);
      const std::vector<float> input(size * static_cast<std::size_t>(model.input_shape().size()),
                                     0.5f);
      std::vector<float> output(size * static_cast<std::size_t>(model.class_count()));
      start.arrive_and_wait();
      const auto begin = SteadyClock::now();
      std::size_t done = 0;
      while (SteadyClock::now() - begin < kTime) {
        if (!engines[i]->Run(input, batch, output)) Die("the engine failed");
        done += size;
      }
      rates[i] = static_cast<double>(done) /
                 std::chrono::duration<double>(SteadyClock::now() - begin).count();
    });
  }
  for (std::thread& thread : threads) thread.join();
  double sum = 0;
  for (const double rate : rates) sum += rate;
  return sum;
}

// The model's own pictures, as an endpoint calibrates with them.
nn::Calibration CalibrateWith(const endpoints::Artifact& artifact,
                              const std::shared_ptr<const nn::Model>& model) {
  vision::TensorSpec spec;
  spec.width = artifact.metadata.width;
  spec.height = artifact.metadata.height;
  spec.mean = artifact.metadata.mean;
  spec.std = artifact.metadata.std;
  std::vector<float> values(artifact.calibration.size() * spec.size());
  for (std::size_t i = 0; i < artifact.calibration.size(); ++i) {
    const auto decoded =
        vision::DecodeToTensor(artifact.calibration[i].bytes, spec,
                               std::span(values).subspan(i * spec.size(), spec.size()));
    if (!decoded) Die(decoded.error().message());
  }
  return Must(nn::Calibrate(model, values), "calibration");
}

void MeasureEngine(const Settings& settings) {
  const endpoints::Artifact artifact =
      Must(endpoints::ReadArtifact(settings.model, {}), settings.model);
  const auto model = Must(nn::Model::FromOnnx(artifact.onnx), settings.model);
  nn::EngineOptions options;
  options.precision = Must(nn::ParsePrecision(settings.precision), "precision");
  if (options.precision == nn::Precision::kInt8) {
    options.calibration = CalibrateWith(artifact, model);
  }
  std::vector<std::unique_ptr<nn::Engine>> engines;
  for (int i = 0; i < settings.threads; ++i) {
    engines.push_back(Must(nn::Engine::Make(model, options), "engine"));
  }
  MeasureEngines(engines, 1);
  double best = 0;
  for (int batch = 1; batch <= options.max_batch; batch *= 2) {
    const double rate = MeasureEngines(engines, batch);
    fmt::print("engine_batch_{} {:.0f} /s, {:.1f} us a picture and thread\n", batch, rate,
               1e6 * settings.threads / rate);
    best = std::max(best, rate);
  }
  fmt::print("engine_best {:.0f} /s on {} threads\n", best, settings.threads);
}

}  // namespace

int Main(int argc, char** argv) {
  Settings settings;
  CLI::App app("Load on InvokeEndpoint, and the engine without it");
  app.require_subcommand(1);
  CLI::App* deploy = app.add_subcommand("deploy");
  CLI::App* run = app.add_subcommand("run");
  CLI::App* engine = app.add_subcommand("engine");
  for (CLI::App* command : {deploy, run}) {
    command->add_option("--url", settings.url)->required();
    command->add_option("--credentials", settings.credentials)->required();
    command->add_option("--endpoint", settings.endpoint);
  }
  for (CLI::App* command : {deploy, engine}) {
    command->add_option("--model", settings.model, "model.tar.gz")->required();
    command->add_option("--precision", settings.precision);
  }
  run->add_option("--pictures", settings.pictures, "folder of PNG files")->required();
  run->add_option("--connections", settings.connections);
  run->add_option("--count", settings.count, "requests");
  run->add_option("--warm-up", settings.warm_up, "requests before");
  run->add_option("--rate", settings.rate, "open loop: requests a second");
  run->add_flag("--even", settings.even, "open loop: even gaps instead of exponential ones");
  run->add_option("--pid", settings.pid, "the server's process");
  run->add_option("--samples", settings.samples, "how often to print its memory");
  engine->add_option("--threads", settings.threads);
  CLI11_PARSE(app, argc, argv);
  if (deploy->parsed()) Deploy(settings);
  if (run->parsed()) Run(settings);
  if (engine->parsed()) MeasureEngine(settings);
  return 0;
}

}  // namespace scones::bench

int main(int argc, char** argv) { return scones::bench::Main(argc, argv); }
