// From an error response of AWS's protocols to an Error, and whether a call is worth another try.
// Pure.
#pragma once

#include <chrono>
#include <optional>

#include "base/error.h"
#include "http/message.h"

namespace scones::client {

// The reason is the wire's name for it ("NoSuchKey", "ResourceNotFound"); the code comes from the
// status and that name.
Error ParseAwsError(const http::Response& response);

// Connections that failed or broke, deadlines of one try, 5xx, 429 and throttling.
bool MayRetry(const Error& error);

// How long to wait before try number `attempt` + 1 (the first is 1): up to 50 ms, doubling to 5 s;
// `random` in [0, 1) spreads the callers out.
std::chrono::milliseconds Backoff(int attempt, double random);

}  // namespace scones::client
