// What went wrong, in a form that a caller can act on.
// Thread-safe as any value. C++17, because scones-train includes it.
#pragma once

#include <string>
#include <utility>

namespace scones {

// One code per decision that a caller takes.
enum class Code {
  kInvalid,          // the request can never succeed as it is
  kNotFound,         //
  kExists,           // already there, or in a state that forbids the call
  kPrecondition,     // a condition that the caller set does not hold
  kUnauthenticated,  // no or wrong credentials
  kDenied,           // known caller, not allowed
  kExhausted,        // a limit or a full queue or disk: try later
  kDeadline,         // not done in time
  kCancelled,        // the caller or a stop asked for it
  kUnavailable,      // a dependency does not answer now
  kDataLoss,         // stored bytes are not what was written
  kInternal,         // a bug of ours
};

// `reason` is the name on the wire where the fact has one ("NoSuchKey", "States.Timeout"), else
// empty. `message` says what, which object, and what to do.
class Error {
 public:
  Error(Code code, std::string reason, std::string message)
      : code_(code), reason_(std::move(reason)), message_(std::move(message)) {}
  Error(Code code, std::string message) : Error(code, "", std::move(message)) {}

  Code code() const { return code_; }
  const std::string& reason() const { return reason_; }
  const std::string& message() const { return message_; }

  // The same error with `context` and ": " before its message, for a caller that knows more.
  Error Within(const std::string& context) const {
    return Error(code_, reason_, context + ": " + message_);
  }

 private:
  Code code_;
  std::string reason_;
  std::string message_;
};

const char* CodeName(Code code);

}  // namespace scones
