// The aws-chunked content coding: a payload in chunks that are signed one by one, perhaps with a
// trailer that holds a checksum of the whole. Taken apart and verified as bytes arrive, in O(1)
// memory. Pure; one thread at a time.
// Source: Amazon S3, "Signature Calculations for the Authorization Header: Transferring Payload in
// Multiple Chunks" and "... Including Trailing Headers".
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/result.h"

namespace scones::auth {

struct ChunkedPayloadOptions {
  // Absent where the chunks aren't signed (STREAMING-UNSIGNED-PAYLOAD-TRAILER).
  struct Signing {
    std::string key;             // as Verify returned it
    std::string basic_time;      // X-Amz-Date
    std::string scope;           // Scope::ToString()
    std::string seed_signature;  // the request's
  };
  std::optional<Signing> signing;
  bool has_trailer = false;
  std::string announced_trailers;    // the x-amz-trailer header
  std::uint64_t decoded_length = 0;  // x-amz-decoded-content-length
};

class ChunkedPayload {
 public:
  // Errors: kInvalid/InvalidRequest for a trailer that isn't a checksum known here.
  static Result<ChunkedPayload> Make(ChunkedPayloadOptions options);

  struct Step {
    std::size_t consumed = 0;  // bytes of the input that are dealt with, `data` included
    std::string_view data;     // a piece of the payload, within the input
  };
  // Takes framing and at most one piece of data off the front of `input`. All consumed, no data and
  // not done() means that more input is needed. What was handed out counts only once done() is
  // true. Errors: kUnauthenticated/SignatureDoesNotMatch; kInvalid/IncompleteBody where the length
  // differs from the announced, /BadDigest, /MalformedTrailerError, /InvalidChunkSizeError.
  Result<Step> Next(std::string_view input);

  // Every chunk, signature, length and checksum has been verified.
  bool done() const { return state_ == State::kDone; }
  // All data has come; what remains is framing.
  bool all_data() const { return decoded_ == options_.decoded_length; }
  const std::vector<std::pair<std::string, std::string>>& trailers() const { return trailers_; }

  // The error for an input that ends before done().
  static Error Cut();

 private:
  enum class State { kSizeLine, kData, kDataEnd, kTrailerLine, kDone };

  explicit ChunkedPayload(ChunkedPayloadOptions options);
  Result<bool> TakeLine(std::string_view input, Step& step);
  Result<void> OnSizeLine();
  Result<void> OnTrailerLine();
  Result<void> OnTrailerEnd();
  Result<void> OnChunkEnd();
  Result<void> CheckChecksum(const std::string& name, const std::string& value);

  ChunkedPayloadOptions options_;
  State state_ = State::kSizeLine;
  std::string line_;
  std::uint64_t remaining_ = 0;  // of the current chunk
  std::uint64_t decoded_ = 0;    // bytes of payload so far
  bool last_chunk_ = false;
  std::string chunk_signature_;
  std::string trailer_signature_;
  std::string trailer_text_;  // as its signature covers it
  std::size_t trailer_bytes_ = 0;
  std::optional<Hasher> chunk_hash_;  // SHA-256 of the current chunk, where signed
  std::vector<std::pair<std::string, Hasher>> checksums_;  // by trailer name, over the payload
  std::vector<std::pair<std::string, std::string>> trailers_;
};

// Framing of one chunk as a client writes it; `data` is "" for the last.
std::string ChunkSignature(const ChunkedPayloadOptions::Signing& signing,
                           std::string_view previous_signature, std::string_view data_sha256_hex);
// `trailer_text` is "name:value\n" for each.
std::string TrailerSignature(const ChunkedPayloadOptions::Signing& signing,
                             std::string_view previous_signature, std::string_view trailer_text);

}  // namespace scones::auth
