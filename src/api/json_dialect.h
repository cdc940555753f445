// AWS JSON 1.0 and 1.1: POST / with X-Amz-Target: PREFIX.Operation, a JSON object in, one out.
// Used by Step Functions (1.0, "AWSStepFunctions"), SageMaker (1.1, "SageMaker"), CloudWatch Logs
// (1.1, "Logs_20140328") and EventBridge (1.1, "AWSEvents"). Each operation is a row:
// Add(name, function).
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "api/dialect.h"
#include "base/json.h"
#include "base/result.h"

namespace scones::api {

// Takes the request's members, returns the response's ({} for none, null for an empty body).
using JsonOperation = std::function<io::Task<Result<json::value>>(Call call, json::object input)>;

class JsonDialect final : public Dialect {
 public:
  struct Options {
    std::string target_prefix;  // "AWSStepFunctions"
    std::string content_type;   // "application/x-amz-json-1.0"
    std::size_t max_body_bytes = 8 * 1024 * 1024;
    // Where an Error has no reason: the service's name for such a fault.
    std::string validation_error = "ValidationException";
  };
  explicit JsonDialect(Options options);

  void Add(std::string operation, JsonOperation function);
  // Judges each request before its operation runs.
  using Check = Result<void> (*)(std::string_view operation, const json::object& input);
  void CheckWith(Check check) { check_ = check; }

  bool Has(std::string_view operation) const { return operations_.contains(operation); }
  // The operation for a caller in this process, without the wire. The error's reason is what the
  // wire would name. Errors: those of the operation; UnknownOperationException.
  io::Task<Result<json::value>> Invoke(Call call, std::string operation, json::object input) const;

  io::Task<http::Response> Handle(Call call, http::Request request,
                                  http::BodyStream& body) override;

 private:
  io::Task<Result<json::value>> Run(Call call, std::string target, http::BodyStream& body);

  Options options_;
  std::map<std::string, JsonOperation, std::less<>> operations_;
  Check check_ = nullptr;
};

}  // namespace scones::api
