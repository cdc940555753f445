// The object store behind the port that other services use (io/blob_store.h). Safe from any thread.
#pragma once

#include "io/blob_store.h"
#include "io/blocking_pool.h"
#include "objects/objects.h"

namespace scones::programs {

class ObjectBlobStore final : public io::BlobStore {
 public:
  // Both outlive it.
  ObjectBlobStore(objects::ObjectStore& objects, io::BlockingPool& disk)
      : objects_(objects), disk_(disk) {}

  io::Task<Result<std::string>> Read(S3Uri uri) override;
  io::Task<Result<void>> ReadToFile(S3Uri uri, io::Path path) override;
  io::Task<Result<void>> Write(S3Uri uri, std::string bytes, std::string content_type) override;
  io::Task<Result<void>> WriteFromFile(S3Uri uri, io::Path path, std::string content_type) override;
  io::Task<Result<std::vector<S3Uri>>> List(S3Uri prefix) override;

 private:
  io::Task<Result<void>> Put(S3Uri uri, http::BodyStream& body, std::string content_type);

  objects::ObjectStore& objects_;
  io::BlockingPool& disk_;
};

}  // namespace scones::programs
