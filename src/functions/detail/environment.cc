#include "functions/detail/environment.h"

#include <fmt/format.h>
#include <signal.h>

#include <fstream>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/random.h"
#include "functions/types.h"

namespace scones::functions {
namespace {

std::string ExitMessage(io::ProcessExit exit) {
  if (exit.signal != 0) {
    const char* name = ::sigabbrev_np(exit.signal);
    std::string text = exit.signal == SIGKILL ? "killed" : name != nullptr ? name : "unknown";
    return "Runtime exited with error: signal: " + text;
  }
  if (exit.code != 0) return fmt::format("Runtime exited with error: exit status {}", exit.code);
  return "Runtime exited without providing a reason";
}

// Resident memory now and at most, in MB, of the process `pid`; zeros when it is gone.
struct Memory {
  std::int64_t now_mb = 0;
  std::int64_t peak_mb = 0;
};
Memory ReadMemory(pid_t pid) {
  Memory memory;
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with("VmHWM:")) memory.peak_mb = std::atoll(line.c_str() + 6) / 1024;
    if (line.starts_with("VmRSS:")) memory.now_mb = std::atoll(line.c_str() + 6) / 1024;
  }
  return memory;
}

std::chrono::microseconds Between(SteadyTime from, SteadyTime to) {
  return std::chrono::duration_cast<std::chrono::microseconds>(to - from);
}

}  // namespace

Result<std::shared_ptr<Environment>> Environment::Start(Dependencies dependencies,
                                                        EnvironmentPlan plan) {
  Self self(new Environment(dependencies, std::move(plan)));
  TRY_VOID(self->StartServer());
  if (auto started = self->StartProcess(); !started) {
    self->Close();
    return started.error();
  }
  dependencies.shards.Spawn(Watch(self));
  return self;
}

Environment::Environment(Dependencies dependencies, EnvironmentPlan plan)
    : dependencies_(dependencies), plan_(std::move(plan)), key_(HexEncode(RandomBytes(24))) {}

Environment::~Environment() = default;

Result<void> Environment::StartServer() {
  http::ServerOptions options;
  options.max_connections = 64;
  auto handler = [weak = weak_from_this()](http::Request request, http::BodyStream& body) {
    return Serve(weak, std::move(request), body);
  };
  TRY(server_, http::Server::Start(dependencies_.shards, std::move(options), std::move(handler)));
  return {};
}

Result<void> Environment::StartProcess() {
  io::ProcessOptions options;
  options.command = plan_.command;
  options.environment = plan_.environment;
  options.environment["AWS_LAMBDA_RUNTIME_API"] = fmt::format("127.0.0.1:{}", server_->port());
  options.environment["SCONES_RUNTIME_KEY"] = key_;
  options.directory = plan_.directory;
  options.user_id = plan_.user_id;
  options.address_space_bytes = plan_.address_space_bytes;
  options.on_line = [this](std::string_view line) { OnLine(line); };
  TRY(process_, io::Process::Start(std::move(options)));
  return {};
}

std::uint16_t Environment::port() const { return server_->port(); }

bool Environment::ended() const {
  const std::lock_guard lock(mutex_);
  return ended_ || fate_ != Fate::kNone;
}

io::Task<void> Environment::Watch(Self self) {
  const auto exit = co_await self->process_->WaitAsync();
  self->OnExit(exit ? *exit : io::ProcessExit{.code = -1, .signal = 0});
}

io::Task<Outcome> Environment::Run(Invocation invocation) {
  const Self self = shared_from_this();
  auto start = [self, invocation = std::move(invocation)](io::Completion<Outcome> done) mutable {
    io::Completion<bool> poller;
    bool finish = false;
    {
      const std::lock_guard lock(self->mutex_);
      self->running_.emplace(Running{.invocation = std::move(invocation),
                                     .done = std::move(done),
                                     .given = std::chrono::steady_clock::now()});
      if (self->ended_) {
        self->running_->outcome = self->ExitOutcome(*self->running_, self->exit_);
        finish = true;
      } else {
        std::swap(poller, self->poller_);
      }
    }
    if (poller) poller(true);
    if (finish) self->Finish();
  };
  co_return co_await io::Await<Outcome>(std::move(start));
}

void Environment::Tick(SteadyTime now) {
  Fate fate = Fate::kNone;
  {
    const std::lock_guard lock(mutex_);
    if (ended_ || fate_ != Fate::kNone || !running_ || running_->answered) return;
    const auto limit = running_->delivered ? *running_->delivered + plan_.timeout
                                           : running_->given + plan_.init_timeout + plan_.timeout;
    if (now >= limit) fate = Fate::kTimedOut;
  }
  if (fate != Fate::kNone) Kill(fate);
}

void Environment::CheckMemory() {
  if (ended()) return;
  if (ReadMemory(process_->pid()).now_mb > plan_.memory_mb) Kill(Fate::kOutOfMemory);
}

void Environment::Kill(Fate fate) {
  {
    const std::lock_guard lock(mutex_);
    if (fate_ == Fate::kNone) fate_ = fate;
  }
  if (process_ != nullptr) process_->Signal(SIGKILL);
}

void Environment::Close() {
  Kill(Fate::kClosed);
  if (process_ != nullptr) {
    (void)process_->Wait();  // how it ended no longer matters
  }
  io::Completion<bool> poller;
  {
    const std::lock_guard lock(mutex_);
    std::swap(poller, poller_);
  }
  if (poller) poller(false);
  server_->Stop(std::chrono::milliseconds(0));
}

void Environment::Log(std::vector<std::string> lines, LogTail* tail) {
  const Timestamp now = dependencies_.clock.Now();
  std::vector<io::LogEvent> events;
  for (std::string& line : lines) {
    if (tail != nullptr) tail->Add(line);
    events.push_back({now, std::move(line)});
  }
  dependencies_.logs.Append(plan_.log_group, plan_.log_stream, std::move(events));
}

void Environment::OnLine(std::string_view line) {
  const std::lock_guard lock(mutex_);
  Log({std::string(line)}, running_ && running_->delivered ? &running_->tail : nullptr);
}

void Environment::OnExit(io::ProcessExit exit) {
  io::Completion<bool> poller;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    exit_ = exit;
    std::swap(poller, poller_);
    if (running_ && !running_->answered) running_->outcome = ExitOutcome(*running_, exit);
  }
  if (poller) poller(false);
  Finish();
}

Outcome Environment::ExitOutcome(const Running& running, io::ProcessExit exit) const {
  const std::string& id = running.invocation.request_id;
  if (fate_ == Fate::kClosed) return {.cancelled = true};
  if (fate_ == Fate::kTimedOut) {
    const auto limit = running.delivered ? plan_.timeout : plan_.timeout + plan_.init_timeout;
    return {.payload = ServiceErrorPayload("Sandbox.Timedout", id, TimeoutMessage(limit)),
            .failed = true};
  }
  if (fate_ == Fate::kOutOfMemory) {
    return {.payload = ServiceErrorPayload("Runtime.OutOfMemory", id, ExitMessage(exit)),
            .failed = true};
  }
  if (init_error_) return {.payload = *init_error_, .failed = true};
  return {.payload = ServiceErrorPayload("Runtime.ExitError", id, ExitMessage(exit)),
          .failed = true};
}

void Environment::Finish() {
  std::optional<Running> finished;
  {
    const std::lock_guard lock(mutex_);
    if (!running_) return;
    Running& running = *running_;
    const std::string& id = running.invocation.request_id;
    const SteadyTime end = running.answered.value_or(std::chrono::steady_clock::now());
    if (!running.delivered) Log({StartLine(id, plan_.version)}, &running.tail);
    if (fate_ == Fate::kTimedOut) {
      Log({fmt::format("{} {} {}", FormatIso8601(dependencies_.clock.Now()), id,
                       TimeoutMessage(plan_.timeout))},
          &running.tail);
    }
    InvocationReport report{.duration = Between(running.delivered.value_or(running.given), end),
                            .memory_mb = plan_.memory_mb,
                            .max_memory_mb = ReadMemory(process_->pid()).peak_mb};
    std::swap(report.init_duration, init_duration_);
    Log({EndLine(id), ReportLine(id, report)}, &running.tail);
    running.outcome.log_tail = running.tail.Take();
    finished = std::move(running_);
    running_.reset();
  }
  finished->done(std::move(finished->outcome));
}

}  // namespace scones::functions
