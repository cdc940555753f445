#include "integrations/task_runner.h"

#include <fmt/format.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/log.h"
#include "integrations/function_task.h"
#include "integrations/job.h"
#include "integrations/json_service.h"
#include "integrations/s3_service.h"

namespace scones::integrations {
namespace {

using workflows::TaskDone;
using workflows::TaskOutcome;
using workflows::TaskRequest;

constexpr std::chrono::seconds kStopGrace{5};

// A .sync task between its start and its end.
struct Job {
  std::atomic<bool> cancelled{false};
  std::atomic<bool> submitted{false};
  std::string action;        // "createTrainingJob"
  json::object description;  // parameters of the describe call; set before `submitted`
};

struct Connected {
  workflows::Workflows& workflows;
  JsonService states;
  JsonService sagemaker;
  S3Service s3;
};

std::string JobKey(const std::string& execution_arn, std::uint64_t seq) {
  return fmt::format("{} {}", execution_arn, seq);
}

bool IsFunctionTask(const asl::RunTask& task) {
  return task.kind == asl::TaskKind::kFunction || task.service == "lambda" ||
         task.service == "aws-sdk:lambda";
}

bool IsTemporary(const Error& error) {
  return error.code() == Code::kUnavailable || error.code() == Code::kExhausted ||
         error.code() == Code::kDeadline;
}

bool IsSync(const asl::RunTask& task) {
  return task.pattern == asl::TaskPattern::kSync || task.pattern == asl::TaskPattern::kSync2;
}

TaskOutcome Failed(const Error& error) {
  return TaskOutcome::Failed(error.reason(), error.message());
}

TaskOutcome Outcome(const TaskRequest& request, Result<json::value> result) {
  if (!result) return Failed(result.error());
  const bool wait = request.task.pattern == asl::TaskPattern::kWaitForTaskToken;
  return wait ? TaskOutcome::Submitted(ToJson(*result)) : TaskOutcome::Succeeded(ToJson(*result));
}

}  // namespace

struct ServiceTaskRunner::State {
  State(Dependencies given, Options wanted)
      : dependencies(std::move(given)), options(std::move(wanted)), http(options.http) {}

  // Counts the calls that use a service, so that Stop can wait for them.
  class Use {
   public:
    explicit Use(State& state) : state_(&state) {
      const std::lock_guard lock(state.mutex);
      admitted_ = !state.stopping;
      if (admitted_) ++state.uses;
    }
    ~Use() {
      if (!admitted_) return;
      const std::lock_guard lock(state_->mutex);
      if (--state_->uses == 0) state_->idle.notify_all();
    }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    explicit operator bool() const { return admitted_; }

   private:
    State* state_;
    bool admitted_ = false;
  };

  // After Stop an answer may be the stop's own fault, and the next run asks again.
  void Report(const TaskDone& done, TaskOutcome outcome) {
    {
      const std::lock_guard lock(mutex);
      if (stopping) return;
    }
    done(std::move(outcome));
  }

  const JsonService* FindJson(const asl::RunTask& task) const {
    if (task.service == "states" || task.service == "aws-sdk:sfn") return &connected->states;
    if (task.service == "sagemaker" || task.service == "aws-sdk:sagemaker") {
      return &connected->sagemaker;
    }
    return nullptr;
  }

  io::Task<Result<json::value>> Call(const TaskRequest& request, json::object parameters);
  io::Task<Result<JsonService::Answer>> Submit(const JsonService& service,
                                               const TaskRequest& request, json::object parameters);
  io::Task<std::optional<TaskOutcome>> AwaitJob(const JsonService& service, Job& job, bool parse);
  io::Task<void> AwaitExecution(std::string arn);
  io::Task<void> StopJob(std::shared_ptr<Job> job);

  // Coroutines of their own; `self` keeps the state.
  static io::Task<void> RunFunction(std::shared_ptr<State> self, FunctionTask task, TaskDone done);
  static io::Task<void> RunCall(std::shared_ptr<State> self, TaskRequest request, TaskDone done);
  static io::Task<void> RunJob(std::shared_ptr<State> self, TaskRequest request,
                               std::shared_ptr<Job> job, TaskDone done);
  static io::Task<void> RunStop(std::shared_ptr<State> self, std::shared_ptr<Job> job);
  static void Begin(const std::shared_ptr<State>& self, TaskRequest request, TaskDone done);

  const Dependencies dependencies;
  const Options options;
  HttpTasks http;

  std::mutex mutex;
  std::condition_variable idle;
  bool stopping = false;  // guarded by mutex, as the rest
  std::size_t uses = 0;
  std::vector<std::pair<TaskRequest, TaskDone>> waiting;  // for Connect
  std::unordered_map<std::string, std::shared_ptr<Job>> jobs;
  // Set once, by Connect, before any task that reads it is begun.
  std::optional<Connected> connected;
};

// ---- Calls --------------------------------------------------------------------------------------

io::Task<Result<JsonService::Answer>> ServiceTaskRunner::State::Submit(const JsonService& service,
                                                                       const TaskRequest& request,
                                                                       json::object parameters) {
  const Sdk sdk = request.task.service.starts_with("aws-sdk:") ? Sdk::kJava2 : Sdk::kJava1;
  std::optional<Creation> creation = FindCreation(request, parameters, dependencies.identity);
  auto answer = co_await service.Call(sdk, request.task.action, std::move(parameters));
  if (answer || !creation) co_return answer;
  auto recognised = co_await Recognise(service, connected->workflows, sdk, request,
                                       *std::move(creation), answer.error());
  co_return recognised;
}

io::Task<Result<json::value>> ServiceTaskRunner::State::Call(const TaskRequest& request,
                                                             json::object parameters) {
  const asl::RunTask& task = request.task;
  if (const JsonService* service = FindJson(task)) {
    const Sdk sdk = task.service.starts_with("aws-sdk:") ? Sdk::kJava2 : Sdk::kJava1;
    CO_TRY(JsonService::Answer answer, co_await Submit(*service, request, std::move(parameters)));
    co_return service->Show(sdk, std::move(answer));
  }
  if (task.service == "aws-sdk:s3") {
    co_return co_await connected->s3.Run(task.action, std::move(parameters));
  }
  if (task.service == "http") co_return co_await http.Run(std::move(parameters));
  co_return Error(
      Code::kInvalid, "States.Runtime",
      fmt::format("The resource '{}' is one that this server does not have", task.resource));
}

io::Task<void> ServiceTaskRunner::State::RunFunction(std::shared_ptr<State> self, FunctionTask task,
                                                     TaskDone done) {
  TaskOutcome outcome = co_await InvokeFunction(self->dependencies.functions, std::move(task));
  self->Report(done, std::move(outcome));
}

io::Task<void> ServiceTaskRunner::State::RunCall(std::shared_ptr<State> self, TaskRequest request,
                                                 TaskDone done) {
  const Use use(*self);
  if (!use) co_return;
  Result<json::value> parameters = ParseJson(request.task.input);
  if (!parameters || !parameters->is_object()) {
    self->Report(done, TaskOutcome::Failed("States.Runtime",
                                           fmt::format("The Parameters of '{}' must be an object",
                                                       request.task.resource)));
    co_return;
  }
  Result<json::value> result = co_await self->Call(request, std::move(parameters->get_object()));
  self->Report(done, Outcome(request, std::move(result)));
}

// ---- Jobs ---------------------------------------------------------------------------------------

// Also resumes where that can't be waited for: its description says more. The wait itself is no use
// of the service, because it may last for a year; it ends with the service.
io::Task<void> ServiceTaskRunner::State::AwaitExecution(std::string arn) {
  const auto wait = [this, &arn](io::Completion<Result<void>> done) {
    const Use use(*this);
    if (!use) return done(Result<void>());
    connected->workflows.WhenEnded(arn, std::move(done));
  };
  (void)co_await io::Await<Result<void>>(wait);
}

// Nothing where the wait was given up.
io::Task<std::optional<TaskOutcome>> ServiceTaskRunner::State::AwaitJob(const JsonService& service,
                                                                        Job& job, bool parse) {
  const bool execution = job.action == "startExecution";
  std::chrono::milliseconds pause = options.first_poll;
  while (!job.cancelled) {
    if (execution) {
      co_await AwaitExecution(StringOr(job.description, "ExecutionArn", ""));
    }
    {
      const Use use(*this);
      if (!use) co_return std::nullopt;
      auto described = co_await service.Call(
          Sdk::kJava1, execution ? "describeExecution" : "describeTrainingJob", job.description);
      if (job.cancelled) break;
      if (described) {
        auto outcome = JobOutcome(described->members, parse);
        if (outcome) co_return outcome;
      } else if (!IsTemporary(described.error())) {
        co_return Failed(described.error());
      }
    }
    co_await io::SleepFor(pause);
    pause = std::min(pause * 2, options.last_poll);
  }
  co_return std::nullopt;
}

io::Task<void> ServiceTaskRunner::State::StopJob(std::shared_ptr<Job> job) {
  const Use use(*this);
  if (!use) co_return;
  const bool execution = job->action == "startExecution";
  const JsonService& service = execution ? connected->states : connected->sagemaker;
  auto stopped = co_await service.Call(Sdk::kJava1, execution ? "stopExecution" : "stopTrainingJob",
                                       job->description);
  if (!stopped) {
    LogWarning("integrations.job_not_stopped", "job={} cause={}",
               LogValue(ToJson(job->description)), LogValue(stopped.error().message()));
  }
}

io::Task<void> ServiceTaskRunner::State::RunStop(std::shared_ptr<State> self,
                                                 std::shared_ptr<Job> job) {
  co_await self->StopJob(std::move(job));
}

io::Task<void> ServiceTaskRunner::State::RunJob(std::shared_ptr<State> self, TaskRequest request,
                                                std::shared_ptr<Job> job, TaskDone done) {
  const std::string key = JobKey(request.execution_arn, request.task.seq);
  const auto finish = [&](TaskOutcome outcome) {
    {
      const std::lock_guard lock(self->mutex);
      self->jobs.erase(key);
    }
    self->Report(done, std::move(outcome));
  };
  const JsonService& service = *self->FindJson(request.task);
  Result<json::value> parsed = ParseJson(request.task.input);
  json::object parameters;
  if (parsed && parsed->is_object()) parameters = std::move(parsed->get_object());
  const std::optional<Creation> creation =
      FindCreation(request, parameters, self->dependencies.identity);
  if (!creation) {
    finish(TaskOutcome::Failed("States.Runtime",
                               fmt::format("'{}' has no .sync form here", request.task.resource)));
    co_return;
  }
  job->description = creation->key;
  if (!request.resumed) {
    const Use use(*self);
    if (!use || job->cancelled) co_return;
    auto answer = co_await self->Submit(service, request, std::move(parameters));
    if (!answer) {
      finish(Failed(answer.error()));
      co_return;
    }
    // The answer knows better than the request by which ARN an execution goes.
    if (answer->members.contains("ExecutionArn")) {
      job->description = {{"ExecutionArn", answer->members["ExecutionArn"]}};
    }
    self->Report(done,
                 TaskOutcome::Submitted(ToJson(service.Show(Sdk::kJava1, *std::move(answer)))));
  }
  job->submitted = true;
  if (job->cancelled) {
    co_await self->StopJob(job);
    co_return;
  }
  std::optional<TaskOutcome> outcome =
      co_await self->AwaitJob(service, *job, request.task.pattern == asl::TaskPattern::kSync2);
  if (outcome) finish(*std::move(outcome));
}

// ---- The port -----------------------------------------------------------------------------------

void ServiceTaskRunner::State::Begin(const std::shared_ptr<State>& self, TaskRequest request,
                                     TaskDone done) {
  if (!IsSync(request.task)) {
    self->dependencies.shards.Spawn(RunCall(self, std::move(request), std::move(done)));
    return;
  }
  auto job = std::make_shared<Job>();
  job->action = request.task.action;
  {
    const std::lock_guard lock(self->mutex);
    self->jobs[JobKey(request.execution_arn, request.task.seq)] = job;
  }
  self->dependencies.shards.Spawn(
      RunJob(self, std::move(request), std::move(job), std::move(done)));
}

ServiceTaskRunner::ServiceTaskRunner(Dependencies dependencies, Options options)
    : state_(std::make_shared<State>(std::move(dependencies), std::move(options))) {}

ServiceTaskRunner::~ServiceTaskRunner() { Stop(); }

void ServiceTaskRunner::Connect(Services services) {
  const Identity& identity = state_->dependencies.identity;
  const Clock& clock = state_->dependencies.clock;
  std::vector<std::pair<TaskRequest, TaskDone>> waiting;
  {
    const std::lock_guard lock(state_->mutex);
    state_->connected.emplace(
        Connected{.workflows = services.workflows,
                  .states = JsonService(services.states, clock,
                                        {.errors = kStatesErrors,
                                         .members = JsonService::Members::kCamelCase,
                                         .content_type = "application/x-amz-json-1.0",
                                         .identity = identity}),
                  .sagemaker = JsonService(services.sagemaker, clock,
                                           {.errors = kSageMakerErrors,
                                            .members = JsonService::Members::kPascalCase,
                                            .content_type = "application/x-amz-json-1.1",
                                            .identity = identity}),
                  .s3 = S3Service(services.s3, clock, identity)});
    waiting = std::exchange(state_->waiting, {});
  }
  for (auto& [request, done] : waiting) State::Begin(state_, std::move(request), std::move(done));
}

void ServiceTaskRunner::Stop() {
  std::unique_lock lock(state_->mutex);
  state_->stopping = true;
  state_->waiting.clear();
  state_->idle.wait_for(lock, kStopGrace, [this] { return state_->uses == 0; });
}

void ServiceTaskRunner::Start(TaskRequest request, TaskDone done) {
  if (IsFunctionTask(request.task)) {
    Result<FunctionTask> task = ParseFunctionTask(request.task);
    if (!task) return state_->Report(done, Failed(task.error()));
    state_->dependencies.shards.Spawn(
        State::RunFunction(state_, *std::move(task), std::move(done)));
    return;
  }
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopping) return;
    if (!state_->connected) {
      state_->waiting.emplace_back(std::move(request), std::move(done));
      return;
    }
  }
  State::Begin(state_, std::move(request), std::move(done));
}

void ServiceTaskRunner::Cancel(const std::string& execution_arn, std::uint64_t seq) {
  std::shared_ptr<Job> job;
  {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->jobs.find(JobKey(execution_arn, seq));
    if (found == state_->jobs.end()) {
      std::erase_if(state_->waiting, [&](const auto& entry) {
        return entry.first.execution_arn == execution_arn && entry.first.task.seq == seq;
      });
      return;
    }
    job = found->second;
    state_->jobs.erase(found);
  }
  job->cancelled = true;
  // Otherwise whoever submits it sees that.
  if (job->submitted) state_->dependencies.shards.Spawn(State::RunStop(state_, std::move(job)));
}

}  // namespace scones::integrations
