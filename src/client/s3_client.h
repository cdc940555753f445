// The calls to S3 that our programs make, over AwsClient. Path-style addresses, which AWS and this
// project's server both take.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/arn.h"
#include "client/aws_client.h"
#include "io/file.h"

namespace scones::client {

struct ObjectSummary {
  std::string key;
  std::uint64_t size_bytes = 0;
  std::string etag;  // without quotes
  std::string last_modified;
};

// Safe from any shard. `client` outlives it.
class S3Client {
 public:
  explicit S3Client(AwsClient& client) : client_(client) {}

  // A bucket that the caller owns already is success.
  io::Task<Result<void>> CreateBucket(std::string bucket);
  io::Task<Result<void>> PutObject(S3Uri uri, std::string body, std::string content_type);
  io::Task<Result<std::string>> GetObject(S3Uri uri);
  // Streams to `path`, which appears only once it is whole. Writes block the calling shard.
  io::Task<Result<void>> DownloadObject(S3Uri uri, io::Path path);
  // Errors: kNotFound.
  io::Task<Result<ObjectSummary>> HeadObject(S3Uri uri);
  // All keys that start with `prefix.key`, in order, over as many pages as there are.
  io::Task<Result<std::vector<ObjectSummary>>> ListObjects(S3Uri prefix);
  io::Task<Result<void>> DeleteObject(S3Uri uri);

 private:
  AwsClient& client_;
};

// One page of ListObjectsV2's answer. Errors: kInternal for something else.
struct ListPage {
  std::vector<ObjectSummary> objects;
  std::string next_token;  // "": the last page
};
Result<ListPage> ParseListPage(std::string_view xml);

}  // namespace scones::client
