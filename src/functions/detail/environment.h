// An execution environment: one process that runs one version of a function, and the Runtime API
// (2018-06-01) on a loopback port of its own, through which it fetches events and answers them.
// One invocation at a time. Safe from any thread; Start and Close block.
//
// Life: starting → polling ⇄ busy → ended. The process ends by itself, by a time-out, by using more
// memory than it may, or by Close. An ended environment is never used again.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "functions/detail/invocation_log.h"
#include "http/server.h"
#include "io/blocking_pool.h"
#include "io/log_sink.h"
#include "io/process.h"
#include "io/shards.h"
#include "io/task.h"

namespace scones::functions {

using SteadyTime = std::chrono::steady_clock::time_point;

struct EnvironmentPlan {
  std::vector<std::string> command;
  std::map<std::string, std::string> environment;  // without AWS_LAMBDA_RUNTIME_API
  io::Path directory;
  unsigned user_id = 0;                 // 0: the server's
  std::size_t address_space_bytes = 0;  // 0: no limit
  std::string version;
  std::int64_t memory_mb = 128;
  std::chrono::seconds timeout{3};
  std::chrono::seconds init_timeout{10};
  std::string log_group, log_stream;
};

struct Invocation {
  std::string request_id;
  std::string payload;
  std::string function_arn;
  std::string trace_id;
  std::string client_context;
};

struct Outcome {
  std::string payload;
  bool failed = false;     // the function's or its environment's failure
  bool cancelled = false;  // by Close: there is no payload
  std::string log_tail;
};

class Environment : public std::enable_shared_from_this<Environment> {
 public:
  struct Dependencies {
    io::Shards& shards;
    io::LogSink& logs;
    io::BlockingPool& pool;  // for checks that may block
    const Clock& clock;
  };
  // Errors: those of processes and servers.
  static Result<std::shared_ptr<Environment>> Start(Dependencies dependencies,
                                                    EnvironmentPlan plan);
  ~Environment();

  // Precondition: no other Run is under way. Does not fail: what goes wrong is an Outcome.
  io::Task<Outcome> Run(Invocation invocation);
  // Enforces the time limit; call it every few tens of milliseconds.
  void Tick(SteadyTime now);
  // Enforces the memory limit. Reads /proc.
  void CheckMemory();
  bool ended() const;
  // Ends the process; a Run under way returns as cancelled. Blocks. Idempotent.
  void Close();

  std::uint16_t port() const;

 private:
  using Self = std::shared_ptr<Environment>;
  enum class Fate { kNone, kTimedOut, kOutOfMemory, kClosed };

  struct Running {
    Invocation invocation;
    io::Completion<Outcome> done;
    SteadyTime given;                     // when Run was called
    std::optional<SteadyTime> delivered;  // when the process took it
    std::optional<SteadyTime> answered;
    Outcome outcome;
    LogTail tail;
  };

  Environment(Dependencies dependencies, EnvironmentPlan plan);
  Result<void> StartServer();
  Result<void> StartProcess();
  static io::Task<void> Watch(Self self);
  static io::Task<http::Response> Serve(std::weak_ptr<Environment> weak, http::Request request,
                                        http::BodyStream& body);
  static io::Task<bool> MayPoll(Self self, std::string key, std::uint16_t client_port);
  static io::Task<http::Response> Next(Self self);
  static io::Task<http::Response> Answer(Self self, std::string request_id, bool failed,
                                         http::BodyStream& body);
  static io::Task<http::Response> InitError(Self self, http::BodyStream& body);

  void Wait(io::Completion<bool> poller);
  http::Response Deliver();
  void OnLine(std::string_view line);
  void OnExit(io::ProcessExit exit);
  Outcome ExitOutcome(const Running& running, io::ProcessExit exit) const;
  // Ends the invocation under way with its `outcome`; no effect where there is none.
  void Finish();
  void Log(std::vector<std::string> lines, LogTail* tail);
  void Kill(Fate fate);

  const Dependencies dependencies_;
  const EnvironmentPlan plan_;
  const std::string key_;
  const SteadyTime started_ = std::chrono::steady_clock::now();

  mutable std::mutex mutex_;  // guards what follows up to server_
  bool ended_ = false;
  Fate fate_ = Fate::kNone;
  io::ProcessExit exit_;
  std::optional<std::string> init_error_;
  std::optional<std::chrono::microseconds> init_duration_;  // until it has been reported
  bool polled_ = false;
  std::optional<Running> running_;
  io::Completion<bool> poller_;  // told true when there is an event, false at the end

  std::unique_ptr<http::Server> server_;  // set by Start, stopped by Close
  std::unique_ptr<io::Process> process_;  // last: its thread uses the members above
};

}  // namespace scones::functions
