// Operations of a JSON dialect of ours (Step Functions, SageMaker) as integrations: the same code
// that answers on the wire, called in process, with its parameters, answers and errors in the form
// that AWS's integrations give them. Every operation of the dialect is an integration at once.
// Safe from any shard.
#pragma once

#include <string>

#include "api/json_dialect.h"
#include "base/arn.h"
#include "base/time.h"
#include "integrations/sdk_shape.h"

namespace scones::integrations {

class JsonService {
 public:
  enum class Members { kPascalCase, kCamelCase };  // on the wire
  struct Options {
    const ErrorNaming& errors;
    Members members = Members::kPascalCase;
    std::string content_type;
    Identity identity;
  };
  // Both references outlive it.
  JsonService(const api::JsonDialect& dialect, const Clock& clock, Options options)
      : dialect_(dialect), clock_(clock), options_(std::move(options)) {}

  struct Answer {
    json::object members;
    std::size_t length = 0;  // of the body on the wire
    std::string request_id;
  };
  // `action` as in a Task's resource: "createModel". Errors: reason and message are the failed
  // task's Error and Cause.
  io::Task<Result<Answer>> Call(Sdk sdk, std::string action, json::object parameters) const;
  // The same as the result of a task.
  io::Task<Result<json::value>> Run(Sdk sdk, std::string action, json::object parameters) const;
  // With what version 1 adds.
  json::value Show(Sdk sdk, Answer answer) const;

 private:
  const api::JsonDialect& dialect_;
  const Clock& clock_;
  Options options_;
};

}  // namespace scones::integrations
