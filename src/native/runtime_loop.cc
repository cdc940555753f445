#include "native/runtime_loop.h"

#include <charconv>

#include "base/json.h"

namespace scones::native {
namespace {

constexpr int kMaxFailedPolls = 3;
constexpr std::size_t kMaxEventBytes = 2 * functions::kMaxSyncPayloadBytes;

http::ClientRequest MakeRequest(const RuntimeOptions& options, std::string method,
                                std::string body) {
  http::ClientRequest request{.method = std::move(method), .body = std::move(body)};
  request.headers.Add("Content-Type", "application/json");
  if (!options.key.empty()) request.headers.Add("Scones-Runtime-Key", options.key);
  return request;
}

Result<http::Url> Address(const RuntimeOptions& options, const std::string& path) {
  return http::Url::Parse("http://" + options.api + "/2018-06-01/runtime/" + path);
}

// The event after it: the platform freezes or holds this process, so there is no time-out.
io::Task<Result<http::Response>> Poll(http::Client& client, const RuntimeOptions& options) {
  CO_TRY(http::Url url, Address(options, "invocation/next"));
  http::ClientRequest request = MakeRequest(options, "GET", "");
  request.timeout = std::chrono::milliseconds(0);
  co_return co_await client.Fetch(std::move(url), std::move(request), kMaxEventBytes);
}

io::Task<Result<void>> Post(http::Client& client, const RuntimeOptions& options, std::string path,
                            std::string body) {
  CO_TRY(http::Url url, Address(options, path));
  http::ClientRequest request = MakeRequest(options, "POST", std::move(body));
  CO_TRY(const http::Response response,
         co_await client.Fetch(std::move(url), std::move(request), 64 * 1024));
  if (response.status < 300) co_return Result<void>();
  co_return Error(Code::kInternal, "the runtime API refused " + path + " with status " +
                                       std::to_string(response.status) + ": " + response.body);
}

std::string ErrorPayload(const Error& error, const std::string& request_id) {
  return ToJson(json::object{{"errorMessage", error.message()},
                             {"errorType", error.reason().empty() ? "Exception" : error.reason()},
                             {"requestId", request_id},
                             {"stackTrace", json::array()}});
}

functions::InvokeContext MakeContext(const RuntimeOptions& options, const http::Headers& headers) {
  std::int64_t deadline_ms = 0;
  const std::string_view text = headers.Get("Lambda-Runtime-Deadline-Ms");
  std::from_chars(text.data(), text.data() + text.size(), deadline_ms);
  const auto left =
      std::chrono::milliseconds(deadline_ms) - std::chrono::system_clock::now().time_since_epoch();
  return {.request_id = std::string(headers.Get("Lambda-Runtime-Aws-Request-Id")),
          .function_name = options.function_name,
          .version = options.function_version,
          .function_arn = std::string(headers.Get("Lambda-Runtime-Invoked-Function-Arn")),
          .trace_id = std::string(headers.Get("Lambda-Runtime-Trace-Id")),
          .deadline = std::chrono::steady_clock::now() +
                      std::chrono::duration_cast<std::chrono::steady_clock::duration>(left),
          .environment = options.environment};
}

}  // namespace

io::Task<Result<void>> RunLoop(http::Client& client, RuntimeOptions options,
                               functions::NativeFunction function) {
  int failed_polls = 0;
  while (true) {
    Result<http::Response> event = co_await Poll(client, options);
    if (event && event->status == 410) co_return Result<void>();
    if (!event || event->status != 200) {
      if (++failed_polls < kMaxFailedPolls) continue;
      if (!event) co_return event.error();
      co_return Error(Code::kUnavailable,
                      "the runtime API answers polls with status " + std::to_string(event->status));
    }
    failed_polls = 0;
    functions::InvokeContext context = MakeContext(options, event->headers);
    const std::string id = context.request_id;
    const Result<std::string> answer =
        co_await function(std::move(context), std::move(event->body));
    if (answer) {
      CO_TRY_VOID(co_await Post(client, options, "invocation/" + id + "/response", *answer));
    } else {
      std::string payload = ErrorPayload(answer.error(), id);
      CO_TRY_VOID(
          co_await Post(client, options, "invocation/" + id + "/error", std::move(payload)));
    }
  }
}

io::Task<Result<void>> ReportInitError(http::Client& client, RuntimeOptions options, Error error) {
  std::string payload = ErrorPayload(error, "");
  co_return co_await Post(client, options, "init/error", std::move(payload));
}

}  // namespace scones::native
