// The Runtime API's routes: the part of Environment that talks with its process.
// Source: AWS Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes".
#include "base/hash.h"
#include "base/json.h"
#include "functions/detail/environment.h"
#include "functions/detail/peer.h"
#include "functions/types.h"

namespace scones::functions {
namespace {

constexpr std::string_view kPrefix = "/2018-06-01/runtime/";
// What may exceed a response's limit before the connection is dropped.
constexpr std::size_t kMaxErrorBytes = 256 * 1024;

http::Response JsonResponse(int status, std::string body) {
  http::Response response;
  response.status = status;
  response.headers.Add("Content-Type", "application/json");
  response.body = std::move(body);
  return response;
}

http::Response Refusal(int status, std::string_view type, std::string_view message) {
  return JsonResponse(status, ToJson(json::object{{"errorType", type}, {"errorMessage", message}}));
}

http::Response Accepted() { return JsonResponse(202, R"({"status":"OK"})"); }

}  // namespace

io::Task<http::Response> Environment::Serve(std::weak_ptr<Environment> weak, http::Request request,
                                            http::BodyStream& body) {
  const Self self = weak.lock();
  if (self == nullptr) co_return Refusal(410, "Gone", "The environment has ended");
  std::string_view path = request.raw_path();
  if (!path.starts_with(kPrefix)) co_return Refusal(404, "InvalidPath", "No such resource");
  path.remove_prefix(kPrefix.size());
  const bool opens = path == "invocation/next" && request.method == "GET";
  const bool fails_init = path == "init/error" && request.method == "POST";
  if (opens || fails_init) {
    std::string key(request.headers.Get("Scones-Runtime-Key"));
    const bool may = co_await MayPoll(self, std::move(key), request.remote_port);
    if (!may) {
      co_return Refusal(403, "Forbidden", "This runtime API serves another function's processes");
    }
    if (opens) co_return co_await Next(self);
    co_return co_await InitError(self, body);
  }
  // From here on the secret is the request id, which only `next` tells.
  if (path.starts_with("invocation/") && request.method == "POST") {
    path.remove_prefix(std::string_view("invocation/").size());
    const std::size_t slash = path.find('/');
    const std::string id(path.substr(0, slash));
    const std::string_view verb = slash == path.npos ? "" : path.substr(slash + 1);
    if (verb == "response") co_return co_await Answer(self, id, false, body);
    if (verb == "error") co_return co_await Answer(self, id, true, body);
  }
  co_return Refusal(404, "InvalidPath", "No such resource");
}

io::Task<bool> Environment::MayPoll(Self self, std::string key, std::uint16_t client_port) {
  if (!key.empty()) co_return ConstantTimeEquals(key, self->key_);
  auto check = [self, client_port]() -> Result<bool> {
    return ConnectionBelongsTo(self->process_->pid(), client_port, self->server_->port());
  };
  const auto belongs = co_await self->dependencies_.pool.Run(std::move(check));
  co_return belongs.value_or(false);
}

io::Task<http::Response> Environment::Next(Self self) {
  auto start = [self](io::Completion<bool> poller) { self->Wait(std::move(poller)); };
  const bool event = co_await io::Await<bool>(std::move(start));
  if (!event) co_return Refusal(410, "Gone", "The environment has ended");
  co_return self->Deliver();
}

// Keeps the poll open while there is nothing to do: runtimes wait without a time-out of their own.
void Environment::Wait(io::Completion<bool> poller) {
  io::Completion<bool> replaced;
  bool ready = false;
  bool end = false;
  {
    const std::lock_guard lock(mutex_);
    if (!polled_) {
      polled_ = true;
      init_duration_ = std::chrono::duration_cast<std::chrono::microseconds>(
          std::chrono::steady_clock::now() - started_);
    }
    end = ended_ || fate_ != Fate::kNone;
    ready = running_ && !running_->answered;
    if (!end && !ready) {
      replaced = std::move(poller_);
      poller_ = std::move(poller);
    }
  }
  if (replaced) replaced(false);
  if (end || ready) poller(!end);
}

// The event under way, also for a process that asks again because it lost the first reply.
http::Response Environment::Deliver() {
  const std::lock_guard lock(mutex_);
  if (!running_ || running_->answered || ended_) {
    return Refusal(410, "Gone", "The environment has ended");
  }
  Running& running = *running_;
  const Invocation& invocation = running.invocation;
  if (!running.delivered) {
    running.delivered = std::chrono::steady_clock::now();
    Log({StartLine(invocation.request_id, plan_.version)}, &running.tail);
  }
  const auto left = *running.delivered + plan_.timeout - std::chrono::steady_clock::now();
  const std::int64_t deadline_ms =
      EpochMilliseconds(dependencies_.clock.Now()) +
      std::chrono::duration_cast<std::chrono::milliseconds>(left).count();
  http::Response response = JsonResponse(200, invocation.payload);
  response.headers.Add("Lambda-Runtime-Aws-Request-Id", invocation.request_id);
  response.headers.Add("Lambda-Runtime-Deadline-Ms", std::to_string(deadline_ms));
  response.headers.Add("Lambda-Runtime-Invoked-Function-Arn", invocation.function_arn);
  response.headers.Add("Lambda-Runtime-Trace-Id", invocation.trace_id);
  if (!invocation.client_context.empty()) {
    response.headers.Add("Lambda-Runtime-Client-Context", invocation.client_context);
  }
  return response;
}

io::Task<http::Response> Environment::Answer(Self self, std::string request_id, bool failed,
                                             http::BodyStream& body) {
  const std::size_t limit = failed ? kMaxErrorBytes : kMaxSyncPayloadBytes;
  auto payload = co_await http::ReadAll(body, limit);
  const bool too_large = !payload && payload.error().reason() == "EntityTooLarge";
  if (!payload && !too_large) co_return Refusal(400, "InvalidRequest", payload.error().message());
  {
    const std::lock_guard lock(self->mutex_);
    const bool current = self->running_ && self->running_->delivered && !self->running_->answered &&
                         !self->ended_ && self->running_->invocation.request_id == request_id;
    if (!current) co_return Refusal(400, "InvalidRequestID", "Invalid request ID");
    self->running_->answered = std::chrono::steady_clock::now();
    Outcome& outcome = self->running_->outcome;
    outcome.failed = failed || too_large;
    outcome.payload = too_large ? ResponseTooLargePayload() : std::move(*payload);
  }
  // The process has ended its lines: wait for the pipe, so that the log is whole.
  self->process_->OnceDrained([environment = self.get()] { environment->Finish(); });
  if (too_large) co_return Refusal(413, "RequestEntityTooLarge", "The response is too large");
  co_return Accepted();
}

io::Task<http::Response> Environment::InitError(Self self, http::BodyStream& body) {
  auto payload = co_await http::ReadAll(body, kMaxErrorBytes);
  if (!payload) co_return Refusal(413, "RequestEntityTooLarge", payload.error().message());
  const std::lock_guard lock(self->mutex_);
  if (!self->polled_ && !self->init_error_) self->init_error_ = std::move(*payload);
  co_return Accepted();
}

}  // namespace scones::functions
