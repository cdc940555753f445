#include "programs/local_server.h"

#include <fmt/format.h>

#include <thread>

#include "api/events.h"
#include "api/gateway.h"
#include "api/iam.h"
#include "api/json_dialect.h"
#include "api/lambda_dialect.h"
#include "api/logs.h"
#include "api/s3_dialect.h"
#include "api/sagemaker_endpoints.h"
#include "api/sagemaker_runtime.h"
#include "api/sagemaker_training.h"
#include "api/states.h"
#include "api/sts.h"
#include "auth/credentials.h"
#include "base/log.h"
#include "db/database.h"
#include "endpoints/endpoints.h"
#include "events/events.h"
#include "functions/functions.h"
#include "http/server.h"
#include "integrations/task_runner.h"
#include "logs/logs.h"
#include "objects/objects.h"
#include "programs/data_directory.h"
#include "programs/event_targets.h"
#include "programs/object_blob_store.h"
#include "programs/object_events.h"
#include "programs/object_map_data.h"
#include "programs/program_files.h"
#include "programs/workflow_ports.h"
#include "training/training.h"
#include "workflows/workflows.h"

namespace scones::programs {
namespace {

constexpr std::size_t kDiskThreads = 4;
constexpr std::size_t kDiskQueue = 10'000;
constexpr std::chrono::milliseconds kStopGrace{5000};

std::size_t ThreadCount(std::size_t wanted) {
  return wanted != 0 ? wanted : std::max(1U, std::thread::hardware_concurrency());
}

// Each has an engine of its own, with the memory that this takes.
int ModelThreads(std::size_t wanted) {
  constexpr std::size_t kMost = 4;
  return static_cast<int>(wanted != 0 ? wanted : std::min(ThreadCount(0), kMost));
}

// RunAndWait needs a value.
io::Task<bool> FlushCaptures(endpoints::Endpoints& endpoints) {
  co_await endpoints.FlushCaptures();
  co_return true;
}

}  // namespace

struct LocalServer::Parts {
  // What everything stands on. The shards are ended first and destroyed last.
  Options options;
  SystemClock clock;
  std::optional<DataDirectory> directory;
  std::unique_ptr<auth::Credentials> credentials;
  std::unique_ptr<io::Shards> shards;
  std::unique_ptr<io::BlockingPool> disk;
  std::unique_ptr<db::Database> database;

  // Services, each with the adapters that stand between it and the others.
  std::unique_ptr<events::Events> events;
  std::unique_ptr<ObjectEvents> object_events;
  std::unique_ptr<objects::ObjectStore> objects;
  std::unique_ptr<ObjectBlobStore> blobs;
  std::unique_ptr<logs::Logs> logs;
  std::unique_ptr<endpoints::Endpoints> endpoints;
  std::unique_ptr<LocalWorkflowPorts> workflow_ports;
  std::unique_ptr<functions::Functions> functions;
  std::unique_ptr<integrations::ServiceTaskRunner> task_runner;
  std::unique_ptr<ObjectMapData> map_data;
  std::unique_ptr<workflows::Workflows> workflows;
  std::unique_ptr<EventTargets> event_targets;
  std::unique_ptr<training::Training> training;

  // The wire.
  std::unique_ptr<api::S3Dialect> s3;
  std::unique_ptr<api::LambdaDialect> lambda;
  std::unique_ptr<api::SageMakerRuntime> sagemaker_runtime;
  std::unique_ptr<api::JsonDialect> sagemaker;
  std::unique_ptr<api::JsonDialect> states;
  std::unique_ptr<api::JsonDialect> cloudwatch_logs;
  std::unique_ptr<api::JsonDialect> event_bridge;
  std::unique_ptr<api::QueryDialect> sts;
  std::unique_ptr<api::QueryDialect> iam;
  std::unique_ptr<api::Gateway> gateway;
  std::unique_ptr<http::Server> http;
  std::string url;

  ~Parts();
  Result<void> OpenFoundation();
  Result<void> OpenServices();
  void MakeDialects();
  Result<void> Listen();
};

Result<void> LocalServer::Parts::OpenFoundation() {
  TRY(directory, DataDirectory::Open(options.data_dir));
  TRY(credentials, auth::Credentials::OpenOrCreate(directory->path() / "credentials"));
  TRY(database, db::Database::Open(directory->path() / "scones.db", {}));
  shards = std::make_unique<io::Shards>(ThreadCount(options.threads));
  disk = std::make_unique<io::BlockingPool>("disk", kDiskThreads, kDiskQueue);
  return {};
}

Result<void> LocalServer::Parts::OpenServices() {
  const io::Path& root = directory->path();
  const Identity& identity = options.identity;
  for (const char* folder : {"objects", "endpoints", "training"}) {
    TRY_VOID(io::MakeDirectories(root / folder, 0700));
  }
  TRY(events, events::Events::Open(*database, *shards, clock, identity, {}));
  object_events = std::make_unique<ObjectEvents>(*events, identity);
  objects::ObjectStore::Options object_options{.directory = root / "objects"};
  object_options.event_sink = object_events.get();
  TRY(objects, objects::ObjectStore::Open(*database, *disk, clock, std::move(object_options)));
  blobs = std::make_unique<ObjectBlobStore>(*objects, *disk);
  TRY(logs, logs::Logs::Open({}, *database, clock));

  TRY(endpoints,
      endpoints::Endpoints::Open({.directory = root / "endpoints",
                                  .identity = identity,
                                  .instances_per_variant = ModelThreads(options.model_threads),
                                  .capture_file_age = options.capture_file_age},
                                 *database, *shards, *disk, *blobs, clock));

  workflow_ports = std::make_unique<LocalWorkflowPorts>(*blobs, *endpoints);
  const auth::KeyPair keys = credentials->Default().keys;
  TRY(functions,
      functions::Functions::Open({.data_dir = root / "functions",
                                  .access_key_id = keys.access_key_id,
                                  .secret_access_key = keys.secret_access_key,
                                  .native = functions::MakeWorkflowFunctions(*workflow_ports)},
                                 {.database = *database,
                                  .shards = *shards,
                                  .logs = *logs,
                                  .clock = clock,
                                  .identity = identity}));
  task_runner = std::make_unique<integrations::ServiceTaskRunner>(
      integrations::ServiceTaskRunner::Dependencies{
          .functions = *functions, .shards = *shards, .clock = clock, .identity = identity},
      integrations::ServiceTaskRunner::Options{
          .http = {.allowed_hosts = options.allowed_http_hosts, .region = identity.region}});
  map_data = std::make_unique<ObjectMapData>(*objects, *shards);
  TRY(workflows,
      workflows::Workflows::Open(*database, *task_runner, clock, identity, {}, map_data.get()));
  event_targets = std::make_unique<EventTargets>(*workflows, *functions, identity);
  events->Start(*event_targets);

  TRY(training, training::Training::Open({.directory = root / "training",
                                          .algorithms = {{"image-classification", TrainProgram()}},
                                          .max_running = options.training_jobs,
                                          .identity = identity},
                                         *database, *shards, *disk, *blobs, *logs, clock));
  return {};
}

void LocalServer::Parts::MakeDialects() {
  s3 = std::make_unique<api::S3Dialect>(*objects);
  lambda = std::make_unique<api::LambdaDialect>(*functions, *blobs);
  sagemaker_runtime = std::make_unique<api::SageMakerRuntime>(*endpoints);

  sagemaker = std::make_unique<api::JsonDialect>(api::JsonDialect::Options{
      .target_prefix = "SageMaker", .content_type = "application/x-amz-json-1.1"});
  api::AddTrainingOperations(*sagemaker, *training);
  api::AddEndpointOperations(*sagemaker, *endpoints);

  states = std::make_unique<api::JsonDialect>(api::JsonDialect::Options{
      .target_prefix = "AWSStepFunctions", .content_type = "application/x-amz-json-1.0"});
  api::AddStatesOperations(*states, *workflows);
  task_runner->Connect(
      {.workflows = *workflows, .states = *states, .sagemaker = *sagemaker, .s3 = *s3});

  cloudwatch_logs = std::make_unique<api::JsonDialect>(
      api::JsonDialect::Options{.target_prefix = "Logs_20140328",
                                .content_type = "application/x-amz-json-1.1",
                                .validation_error = "InvalidParameterException"});
  api::AddLogsOperations(*cloudwatch_logs, *logs, *disk);

  event_bridge = std::make_unique<api::JsonDialect>(api::JsonDialect::Options{
      .target_prefix = "AWSEvents", .content_type = "application/x-amz-json-1.1"});
  api::AddEventsOperations(*event_bridge, *events);

  sts = std::make_unique<api::QueryDialect>(api::kStsNamespace);
  api::AddStsActions(*sts, *credentials);
  iam = std::make_unique<api::QueryDialect>(api::kIamNamespace);
  api::AddIamActions(*iam);
}

Result<void> LocalServer::Parts::Listen() {
  api::Gateway::Options gateway_options{.identity = options.identity,
                                        .dialects = {{"s3", s3.get()},
                                                     {"lambda", lambda.get()},
                                                     {"states", states.get()},
                                                     {"sagemaker", sagemaker.get()},
                                                     {"sagemaker-runtime", sagemaker_runtime.get()},
                                                     {"logs", cloudwatch_logs.get()},
                                                     {"events", event_bridge.get()},
                                                     {"sts", sts.get()},
                                                     {"iam", iam.get()}}};
  gateway = std::make_unique<api::Gateway>(std::move(gateway_options), *credentials, clock);
  TRY(http, http::Server::Start(*shards, {.address = options.address, .port = options.port},
                                gateway->handler()));
  url = fmt::format("http://{}:{}", options.address, http->port());
  functions->SetEndpointUrl(url);
  LogInfo("server.started", "url={} data_dir={}", url, LogValue(directory->path().string()));
  return io::WriteFileDurably(directory->path() / kAddressFile,
                              fmt::format("{}\n{}\n", url, options.identity.region));
}

LocalServer::Parts::~Parts() {
  if (workflows) workflows->EndActivityPolls();  // they would use up the grace
  if (http) http->Stop(kStopGrace);
  // Before its targets: a delivery that their stop cuts off is made after the next start.
  if (events) events->Stop();
  if (task_runner) task_runner->Stop();
  training.reset();
  // Before the functions: an invocation that their stop cancels must not count as a failed task, so
  // that its execution goes on after the next start.
  workflows.reset();
  if (functions) functions->Stop();
  if (endpoints) shards->RunAndWait(FlushCaptures(*endpoints));
  if (shards) shards->Stop();
}

Result<std::unique_ptr<LocalServer>> LocalServer::Start(Options options) {
  auto parts = std::make_unique<Parts>();
  parts->options = std::move(options);
  TRY_VOID(parts->OpenFoundation());
  TRY_VOID(parts->OpenServices());
  parts->MakeDialects();
  TRY_VOID(parts->Listen());
  return std::unique_ptr<LocalServer>(new LocalServer(std::move(parts)));
}

LocalServer::LocalServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
LocalServer::~LocalServer() = default;

const std::string& LocalServer::url() const { return parts_->url; }

const io::Path& LocalServer::credentials_file() const { return parts_->credentials->path(); }

}  // namespace scones::programs
