// What the functions service takes and gives: configurations, versions, aliases, invocations.
// Plain values; Lambda's own vocabulary. No wire formats here.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "io/task.h"

namespace scones::functions {

inline constexpr std::size_t kMaxSyncPayloadBytes = 6 * 1024 * 1024;
inline constexpr std::size_t kMaxAsyncPayloadBytes = 1024 * 1024;
inline constexpr std::size_t kLogTailBytes = 4 * 1024;
inline constexpr const char* kLatest = "$LATEST";

// Settings that a caller chooses; $LATEST has one, and each published version a frozen copy.
struct FunctionSettings {
  std::string runtime;  // "provided", "provided.al2", "provided.al2023", "python3.N"
  std::string handler;
  std::string role;
  std::string description;
  std::int64_t timeout_s = 3;
  std::int64_t memory_mb = 128;
  std::map<std::string, std::string> environment;
  std::vector<std::string> architectures = {"x86_64"};
};

struct FunctionConfiguration {
  std::string name;
  std::string version = kLatest;  // or "1", "2", …
  std::string arn;                // without a version for $LATEST
  FunctionSettings settings;
  std::string code_sha256;  // base64, of the zip
  std::int64_t code_bytes = 0;
  Timestamp last_modified;
  std::string revision_id;
  // True where a function of this program runs instead of a process (see native.h).
  bool native = false;
};

struct FunctionCode {
  std::string zip;
};

// Fields left empty keep their value.
struct SettingsUpdate {
  std::optional<std::string> runtime, handler, role, description, revision_id;
  std::optional<std::int64_t> timeout_s, memory_mb;
  std::optional<std::map<std::string, std::string>> environment;
};

struct Alias {
  std::string name;
  std::string arn;
  std::string version;
  std::string description;
  std::string revision_id;
};

// Everything that belongs to a function but not to one of its versions.
struct FunctionExtras {
  std::optional<std::int64_t> reserved_concurrency;
  std::map<std::string, std::string> tags;
  std::map<std::string, Alias> aliases;
  // Statement id → statement, as JSON text of a resource policy's statement.
  std::map<std::string, std::string> policy;
  std::int64_t last_version = 0;
};

struct AccountSettings {
  std::int64_t total_code_bytes_limit = 0;
  std::int64_t concurrency_limit = 0;
  std::int64_t unreserved_concurrency = 0;
  std::int64_t total_code_bytes = 0;
  std::int64_t function_count = 0;
};

// A name as callers write it: "name", "name:qualifier", "ACCOUNT:function:name[:qualifier]" or an
// ARN of any account and region, which all resolve here.
struct FunctionRef {
  std::string name;
  std::string qualifier;  // "" where none was given

  // Errors: kInvalid/ValidationException; also when both texts give different qualifiers.
  static Result<FunctionRef> Parse(std::string_view text, std::string_view qualifier = "");
};

enum class InvocationType { kRequestResponse, kEvent, kDryRun };

struct InvokeRequest {
  FunctionRef function;
  std::string payload;  // JSON text; "" is {}
  InvocationType type = InvocationType::kRequestResponse;
  std::string client_context;  // JSON text or ""
  std::string trace_id;        // X-Amzn-Trace-Id, made up where empty
};

struct InvokeResult {
  int status = 200;  // 202 for kEvent, 204 for kDryRun
  std::string request_id;
  std::string executed_version;
  std::string payload;         // the function's answer, or its error as JSON text
  std::string function_error;  // "" or "Unhandled"
  std::string trace_id;        // of the request, or made up
  std::string log_tail;        // the last kLogTailBytes of this invocation's log
};

// What a native function is told about its invocation.
struct InvokeContext {
  std::string request_id;
  std::string function_name;
  std::string version;
  std::string function_arn;
  std::string trace_id;
  std::chrono::steady_clock::time_point deadline;
  std::map<std::string, std::string> environment;  // the function's variables
};

// A function of this program. Fails with Error(code, errorType, errorMessage): the reason becomes
// errorType ("Exception" where empty). Called on any shard, any number of times at once.
using NativeFunction =
    std::function<io::Task<Result<std::string>>(InvokeContext context, std::string event)>;

}  // namespace scones::functions
