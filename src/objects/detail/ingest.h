// Takes a body in: small ones into memory, large ones into a file that is durable under its final
// name before any metadata speaks of it. Digests are made on the way.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "http/message.h"
#include "io/task.h"
#include "objects/detail/contents.h"
#include "objects/types.h"

namespace scones::objects::detail {

// A file in its final place that nothing names yet: removed with this object unless kept.
class NewFile {
 public:
  NewFile(std::shared_ptr<Contents> contents, std::int64_t number)
      : contents_(std::move(contents)), number_(number) {}
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  std::int64_t number() const { return number_; }
  // Call when the metadata that names it is committed.
  void Keep() { kept_ = true; }

 private:
  std::shared_ptr<Contents> contents_;
  std::int64_t number_;
  bool kept_ = false;
};

struct Ingested {
  std::uint64_t size = 0;
  std::string etag;
  std::optional<Checksum> checksum;
  std::string bytes;  // where `file` is null
  std::unique_ptr<NewFile> file;
};

struct IngestLimits {
  std::uint64_t inline_bytes = 0;  // larger bodies become files
  std::uint64_t max_bytes = 0;
};

// What a body must match and which checksum to make of it.
struct IngestDigests {
  std::optional<std::string> md5;  // raw
  std::optional<HashAlgorithm> checksum_algorithm;
  std::optional<std::string> checksum_value;  // base64
};

// Errors: kInvalid/EntityTooLarge, BadDigest; kExhausted; those of `body`. Nothing stays behind.
io::Task<Result<Ingested>> Ingest(std::shared_ptr<Contents> contents, http::BodyStream& body,
                                  IngestLimits limits, IngestDigests digests);

}  // namespace scones::objects::detail
