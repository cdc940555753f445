// Bodies whose bytes are held against what the request's signature says of them, while they stream.
// One thread at a time; the body below must outlive them.
#pragma once

#include <memory>
#include <string>

#include "auth/chunked_payload.h"
#include "base/hash.h"
#include "http/message.h"

namespace scones::api {

// The whole payload has the SHA-256 `hash_` (hexadecimal). Where its size is known, the last Read
// that brings data fails if it hasn't; else the Read that finds the end. Errors:
// kInvalid/XAmzContentSHA256Mismatch.
class HashedBody final : public http::BodyStream {
 public:
  HashedBody(http::BodyStream& body, std::string hash)
      : body_(body), hash_(std::move(hash)), hasher_(HashAlgorithm::kSha256) {}

  io::Task<Result<std::size_t>> Read(std::span<char> buffer) override;
  std::optional<std::uint64_t> size() const override { return body_.size(); }

 private:
  http::BodyStream& body_;
  const std::string hash_;
  Hasher hasher_;
  std::uint64_t read_ = 0;
  bool checked_ = false;
};

// The payload within aws-chunked framing. The Read that brings the last data has verified
// everything. Errors: those of auth::ChunkedPayload.
class AwsChunkedBody final : public http::BodyStream {
 public:
  AwsChunkedBody(http::BodyStream& body, auth::ChunkedPayload payload, std::uint64_t decoded_length)
      : body_(body), payload_(std::move(payload)), decoded_length_(decoded_length) {}

  io::Task<Result<std::size_t>> Read(std::span<char> buffer) override;
  std::optional<std::uint64_t> size() const override { return decoded_length_; }
  http::Headers trailers() const override;

 private:
  io::Task<Result<void>> Refill();

  http::BodyStream& body_;
  auth::ChunkedPayload payload_;
  const std::uint64_t decoded_length_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  // [begin_, end_) of buffer_ has come and is not yet decoded
  std::size_t end_ = 0;
};

}  // namespace scones::api
