// S3's operations as aws-sdk integrations: parameters become a request to our own S3 dialect, in
// process, and its response the members that the SDK for Java 2 gives. Safe from any shard.
#pragma once

#include <string>

#include "api/s3_dialect.h"
#include "base/arn.h"
#include "base/json.h"
#include "base/time.h"

namespace scones::integrations {

class S3Service {
 public:
  // Both references outlive it.
  S3Service(api::S3Dialect& dialect, const Clock& clock, Identity identity)
      : dialect_(dialect), clock_(clock), identity_(std::move(identity)) {}

  // `action` as in a Task's resource: "getObject". Errors: reason and message are the failed task's
  // Error and Cause ("S3.NoSuchKeyException").
  io::Task<Result<json::value>> Run(std::string action, json::object parameters) const;

 private:
  api::S3Dialect& dialect_;
  const Clock& clock_;
  Identity identity_;
};

}  // namespace scones::integrations
