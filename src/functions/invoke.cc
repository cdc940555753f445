// Functions::Invoke and what runs behind it.
#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/encoding.h"
#include "base/json.h"
#include "base/log.h"
#include "base/random.h"
#include "functions/detail/invocation_log.h"
#include "functions/detail/state.h"

namespace scones::functions {
namespace {

// Larger payloads are checked off the shard's thread.
constexpr std::size_t kInlineCheckBytes = 64 * 1024;

using StatePointer = std::shared_ptr<Functions::State>;

Result<void> CheckJson(const std::string& payload) {
  const auto parsed = ParseJson(payload);
  if (parsed) return {};
  return Error(Code::kInvalid, "InvalidRequestContentException",
               "Could not parse request body into json: " + parsed.error().message());
}

io::Task<Result<void>> CheckPayload(StatePointer state, InvokeRequest& request) {
  const bool async = request.type == InvocationType::kEvent;
  const std::size_t limit = async ? kMaxAsyncPayloadBytes : kMaxSyncPayloadBytes;
  if (request.payload.size() > limit) {
    co_return Error(Code::kInvalid, "RequestTooLargeException",
                    fmt::format("Request must be smaller than {} bytes for the {} operation", limit,
                                async ? "InvokeAsync" : "InvokeFunction"));
  }
  if (request.payload.empty()) request.payload = "{}";
  if (request.payload.size() <= kInlineCheckBytes) co_return CheckJson(request.payload);
  auto check = [&request] { return CheckJson(request.payload); };
  co_return co_await state->pool->Run(std::move(check));
}

Error Throttled() { return Error(Code::kExhausted, "TooManyRequestsException", "Rate Exceeded."); }

// One of `limit` places in `counter` while it lives.
class Place {
 public:
  Place(std::atomic<std::int64_t>& counter, std::int64_t limit)
      : counter_(counter), taken_(counter.fetch_add(1) < limit) {}
  ~Place() { counter_.fetch_sub(1); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  bool taken() const { return taken_; }

 private:
  std::atomic<std::int64_t>& counter_;
  const bool taken_;
};

// The first of answer and time-out wins; the loser finds nothing to settle.
struct NativeRace {
  std::mutex mutex;
  io::Completion<Result<std::string>> done;

  void Settle(Result<std::string> answer) {
    io::Completion<Result<std::string>> winner;
    {
      const std::lock_guard lock(mutex);
      std::swap(winner, done);
    }
    if (winner) winner(std::move(answer));
  }
};

std::string NativeErrorPayload(const Error& error, const std::string& request_id) {
  return ToJson(json::object{{"errorMessage", error.message()},
                             {"errorType", error.reason().empty() ? "Exception" : error.reason()},
                             {"requestId", request_id},
                             {"stackTrace", json::array()}});
}

io::Task<Result<std::string>> CallNative(const NativeFunction& function, InvokeContext context,
                                         std::string event) {
  const auto executor = co_await boost::asio::this_coro::executor;
  auto race = std::make_shared<NativeRace>();
  boost::asio::steady_timer timer(executor, context.deadline);
  auto start = [&](io::Completion<Result<std::string>> done) {
    race->done = std::move(done);
    timer.async_wait([race](const boost::system::error_code& stopped) {
      if (!stopped) race->Settle(Error(Code::kDeadline, "Sandbox.Timedout", ""));
    });
    boost::asio::co_spawn(executor, function(std::move(context), std::move(event)),
                          [race](std::exception_ptr thrown, Result<std::string> answer) {
                            if (thrown)
                              answer = Error(Code::kInternal, "Exception", "the function threw");
                            race->Settle(std::move(answer));
                          });
  };
  co_return co_await io::Await<Result<std::string>>(std::move(start));
}

// Writes the log of a native invocation in one piece; returns its tail.
std::string LogNative(const Functions::Dependencies& dependencies, const Version& version,
                      std::vector<std::string> lines) {
  const Timestamp now = dependencies.clock.Now();
  LogTail tail;
  std::vector<io::LogEvent> events;
  for (std::string& line : lines) {
    tail.Add(line);
    events.push_back({now, std::move(line)});
  }
  dependencies.logs.Append(LogGroupName(version.configuration.name), version.log_stream,
                           std::move(events));
  return tail.Take();
}

std::string MakeTraceId(Timestamp now) {
  return fmt::format("Root=1-{:08x}-{};Parent={};Sampled=0", EpochMilliseconds(now) / 1000,
                     HexEncode(RandomBytes(12)), HexEncode(RandomBytes(8)));
}

}  // namespace

io::Task<Result<InvokeResult>> Functions::Invoke(InvokeRequest request) {
  const StatePointer state = state_;
  const ActiveGuard active(state);
  if (state->stopping) {
    co_return Error(Code::kUnavailable, "ServiceException", "The server is stopping");
  }
  CO_TRY(const FunctionPointer function, state->registry->Find(request.function));
  CO_TRY(const VersionPointer version, state->registry->FindVersion(*function, request.function));
  CO_TRY_VOID(co_await CheckPayload(state, request));
  const std::string request_id = RandomUuid();
  if (request.type == InvocationType::kDryRun) {
    co_return InvokeResult{.status = 204,
                           .request_id = request_id,
                           .executed_version = version->configuration.version};
  }
  if (request.type == InvocationType::kEvent) {
    AsyncEvent event{.request_id = request_id,
                     .function = request.function,
                     .payload = std::move(request.payload),
                     .client_context = std::move(request.client_context)};
    CO_TRY_VOID(co_await state->events->Add(std::move(event)));
    co_return InvokeResult{.status = 202, .request_id = request_id};
  }
  Invocation invocation{.request_id = request_id,
                        .payload = std::move(request.payload),
                        .trace_id = std::move(request.trace_id),
                        .client_context = std::move(request.client_context)};
  invocation.function_arn = function->record.versions.at(kLatest).configuration.arn;
  if (!request.function.qualifier.empty()) {
    invocation.function_arn += ":" + request.function.qualifier;
  }
  co_return co_await state->Run(function, version, std::move(invocation));
}

io::Task<Result<InvokeResult>> Functions::State::Run(FunctionPointer function,
                                                     VersionPointer version,
                                                     Invocation invocation) {
  const auto reserved = function->record.extras.reserved_concurrency;
  const Place of_function(function->load->in_flight, reserved.value_or(options.max_concurrency));
  if (!of_function.taken()) co_return Throttled();
  std::atomic<std::int64_t> apart{0};
  const Place of_account(reserved ? apart : unreserved_in_flight,
                         reserved ? 1 : options.max_concurrency - reserved_total);
  if (!of_account.taken()) co_return Throttled();

  if (invocation.trace_id.empty()) invocation.trace_id = MakeTraceId(dependencies.clock.Now());
  InvokeResult result{.request_id = invocation.request_id,
                      .executed_version = version->configuration.version,
                      .trace_id = invocation.trace_id};
  auto outcome = version->native != nullptr ? co_await RunNative(version, std::move(invocation))
                                            : co_await RunProcess(version, std::move(invocation));
  if (!outcome) co_return outcome.error();
  if (outcome->cancelled) {
    co_return Error(Code::kCancelled, "ServiceException", "The server is stopping");
  }
  result.payload = std::move(outcome->payload);
  result.function_error = outcome->failed ? "Unhandled" : "";
  result.log_tail = std::move(outcome->log_tail);
  co_return result;
}

io::Task<Result<Outcome>> Functions::State::RunNative(VersionPointer version,
                                                      Invocation invocation) {
  const FunctionConfiguration& configuration = version->configuration;
  const auto begin = std::chrono::steady_clock::now();
  const std::chrono::seconds timeout(configuration.settings.timeout_s);
  InvokeContext context{.request_id = invocation.request_id,
                        .function_name = configuration.name,
                        .version = configuration.version,
                        .function_arn = invocation.function_arn,
                        .trace_id = invocation.trace_id,
                        .deadline = begin + timeout,
                        .environment = configuration.settings.environment};
  auto answer =
      co_await CallNative(*version->native, std::move(context), std::move(invocation.payload));
  const std::string& id = invocation.request_id;
  std::vector<std::string> lines = {StartLine(id, configuration.version)};
  Outcome outcome{.failed = !answer || answer->size() > kMaxSyncPayloadBytes};
  if (answer && outcome.failed) {
    outcome.payload = ResponseTooLargePayload();
  } else if (answer) {
    outcome.payload = std::move(*answer);
  } else if (answer.error().code() == Code::kDeadline &&
             answer.error().reason() == "Sandbox.Timedout") {
    outcome.payload = ServiceErrorPayload("Sandbox.Timedout", id, TimeoutMessage(timeout));
    lines.push_back(FormatIso8601(dependencies.clock.Now()) + " " + id + " " +
                    TimeoutMessage(timeout));
  } else {
    outcome.payload = NativeErrorPayload(answer.error(), id);
    lines.push_back("[ERROR] " + answer.error().reason() + ": " + answer.error().message());
  }
  const auto duration = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - begin);
  lines.push_back(EndLine(id));
  lines.push_back(
      ReportLine(id, {.duration = duration, .memory_mb = configuration.settings.memory_mb}));
  outcome.log_tail = LogNative(dependencies, *version, std::move(lines));
  co_return outcome;
}

io::Task<Result<Outcome>> Functions::State::RunProcess(VersionPointer version,
                                                       Invocation invocation) {
  if (!version->configuration.settings.runtime.starts_with("python")) {
    std::error_code failed;
    if (!std::filesystem::exists(version->package->code / "bootstrap", failed)) {
      co_return Outcome{
          .payload = ServiceErrorPayload("Runtime.InvalidEntrypoint", invocation.request_id,
                                         "Couldn't find valid bootstrap(s): [/var/task/bootstrap "
                                         "/opt/bootstrap]"),
          .failed = true};
    }
  }
  auto environment = co_await environments->Acquire(version);
  if (!environment && environment.error().reason() == "Runtime.InvalidEntrypoint") {
    co_return Outcome{
        .payload = ServiceErrorPayload("Runtime.InvalidEntrypoint", invocation.request_id,
                                       environment.error().message()),
        .failed = true};
  }
  if (!environment) co_return environment.error();
  Outcome outcome = co_await (*environment)->Run(std::move(invocation));
  environments->Release(version, *environment);
  co_return outcome;
}

io::Task<AsyncOutcome> Functions::State::RunAsync(AsyncEvent event) {
  const ActiveGuard active(shared_from_this());
  if (stopping) co_return AsyncOutcome::kCancelled;
  auto function = registry->Find(event.function);
  if (!function) co_return AsyncOutcome::kDone;
  auto version = registry->FindVersion(**function, event.function);
  if (!version) co_return AsyncOutcome::kDone;
  Invocation invocation{.request_id = event.request_id,
                        .payload = std::move(event.payload),
                        .function_arn = (*version)->configuration.arn,
                        .client_context = std::move(event.client_context)};
  const auto result = co_await Run(*function, *version, std::move(invocation));
  if (result) {
    co_return result->function_error.empty() ? AsyncOutcome::kDone : AsyncOutcome::kFailed;
  }
  if (result.error().code() == Code::kCancelled) co_return AsyncOutcome::kCancelled;
  if (result.error().code() == Code::kExhausted) co_return AsyncOutcome::kThrottled;
  LogWarning("functions.event-failed", "function={} request_id={} cause={}", event.function.name,
             event.request_id, LogValue(result.error().message()));
  co_return AsyncOutcome::kFailed;
}

}  // namespace scones::functions
