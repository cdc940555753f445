// The port through which services read and write objects by s3:// address without knowing the
// object store. Implemented by the composition root over `objects`.
#pragma once

#include <string>
#include <vector>

#include "base/arn.h"
#include "base/result.h"
#include "io/file.h"
#include "io/task.h"

namespace scones::io {

// Errors: kNotFound (NoSuchBucket, NoSuchKey), kExhausted, kInternal. Safe from any thread.
class BlobStore {
 public:
  virtual ~BlobStore() = default;

  virtual Task<Result<std::string>> Read(S3Uri uri) = 0;
  virtual Task<Result<void>> ReadToFile(S3Uri uri, Path path) = 0;
  // Durable on return.
  virtual Task<Result<void>> Write(S3Uri uri, std::string bytes, std::string content_type) = 0;
  virtual Task<Result<void>> WriteFromFile(S3Uri uri, Path path, std::string content_type) = 0;
  // All keys of the bucket that start with `prefix.key`, in order.
  virtual Task<Result<std::vector<S3Uri>>> List(S3Uri prefix) = 0;
};

}  // namespace scones::io
