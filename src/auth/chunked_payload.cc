#include "auth/chunked_payload.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "auth/canonical.h"
#include "auth/signature.h"
#include "base/encoding.h"

namespace scones::auth {
namespace {

constexpr std::size_t kMaxLineBytes = 1024;
constexpr std::size_t kMaxTrailerBytes = 4096;

Error Invalid(const char* reason, std::string message) {
  return Error(Code::kInvalid, reason, std::move(message));
}

Error WrongSignature(const char* of) {
  return Error(Code::kUnauthenticated, "SignatureDoesNotMatch",
               fmt::format("the signature of {} does not match its bytes", of));
}

std::optional<HashAlgorithm> ChecksumOfTrailer(std::string_view name) {
  if (name == "x-amz-checksum-crc32") return HashAlgorithm::kCrc32;
  if (name == "x-amz-checksum-crc32c") return HashAlgorithm::kCrc32c;
  if (name == "x-amz-checksum-crc64nvme") return HashAlgorithm::kCrc64Nvme;
  if (name == "x-amz-checksum-sha1") return HashAlgorithm::kSha1;
  if (name == "x-amz-checksum-sha256") return HashAlgorithm::kSha256;
  return std::nullopt;
}

std::string_view TrimBlanks(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string ChunkSignature(const ChunkedPayloadOptions::Signing& signing,
                           std::string_view previous_signature, std::string_view data_sha256_hex) {
  return SignatureOf(signing.key,
                     fmt::format("AWS4-HMAC-SHA256-PAYLOAD\n{}\n{}\n{}\n{}\n{}", signing.basic_time,
                                 signing.scope, previous_signature, kEmptySha256, data_sha256_hex));
}

std::string TrailerSignature(const ChunkedPayloadOptions::Signing& signing,
                             std::string_view previous_signature, std::string_view trailer_text) {
  return SignatureOf(
      signing.key,
      fmt::format("AWS4-HMAC-SHA256-TRAILER\n{}\n{}\n{}\n{}", signing.basic_time, signing.scope,
                  previous_signature, HexEncode(Digest(HashAlgorithm::kSha256, trailer_text))));
}

ChunkedPayload::ChunkedPayload(ChunkedPayloadOptions options) : options_(std::move(options)) {}

Result<ChunkedPayload> ChunkedPayload::Make(ChunkedPayloadOptions options) {
  ChunkedPayload payload(std::move(options));
  std::string_view list = payload.options_.announced_trailers;
  if (!payload.options_.has_trailer) list = {};
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    const std::string name = ToLower(TrimBlanks(list.substr(0, end)));
    list.remove_prefix(std::min(end + 1, list.size()));
    const std::optional<HashAlgorithm> algorithm = ChecksumOfTrailer(name);
    if (!algorithm || payload.checksums_.size() == 5) {
      return Invalid("InvalidRequest",
                     fmt::format("The value specified in the x-amz-trailer header is not "
                                 "supported: {}",
                                 name));
    }
    payload.checksums_.emplace_back(name, Hasher(*algorithm));
  }
  return payload;
}

Error ChunkedPayload::Cut() {
  return Invalid("IncompleteBody",
                 "The request body terminated unexpectedly: it ends within a chunk");
}

Result<ChunkedPayload::Step> ChunkedPayload::Next(std::string_view input) {
  Step step;
  while (step.consumed < input.size() && state_ != State::kDone) {
    switch (state_) {
      case State::kSizeLine: {
        TRY(const bool complete, TakeLine(input, step));
        if (complete) TRY_VOID(OnSizeLine());
        break;
      }
      case State::kData: {
        const std::size_t count = std::min<std::uint64_t>(remaining_, input.size() - step.consumed);
        step.data = input.substr(step.consumed, count);
        step.consumed += count;
        remaining_ -= count;
        decoded_ += count;
        if (chunk_hash_) chunk_hash_->Update(step.data);
        for (auto& [name, hasher] : checksums_) hasher.Update(step.data);
        if (remaining_ == 0) state_ = State::kDataEnd;
        return step;
      }
      case State::kDataEnd: {
        TRY(const bool complete, TakeLine(input, step));
        if (!complete) break;
        if (!line_.empty()) {
          return Invalid("InvalidRequest", "a chunk is longer than its size says");
        }
        TRY_VOID(OnChunkEnd());
        state_ = State::kSizeLine;
        break;
      }
      case State::kTrailerLine: {
        TRY(const bool complete, TakeLine(input, step));
        if (!complete) break;
        TRY_VOID(OnTrailerLine());
        line_.clear();
        break;
      }
      case State::kDone:
        break;
    }
  }
  return step;
}

// Collects a line into line_, without its end. In most states the caller uses up line_.
Result<bool> ChunkedPayload::TakeLine(std::string_view input, Step& step) {
  const std::string_view rest = input.substr(step.consumed);
  const std::size_t feed = rest.find('\n');
  const std::size_t taken = std::min(feed, rest.size());
  if (line_.size() + taken > kMaxLineBytes) {
    return Invalid("InvalidRequest", "a line of the chunked payload is too long");
  }
  line_.append(rest.substr(0, taken));
  step.consumed += taken;
  if (feed == std::string_view::npos) return false;
  ++step.consumed;
  if (line_.ends_with('\r')) line_.pop_back();
  return true;
}

Result<void> ChunkedPayload::OnSizeLine() {
  const std::string line = std::exchange(line_, "");
  std::uint64_t size = 0;
  const char* const line_end = line.data() + line.size();
  const auto [end, error] = std::from_chars(line.data(), line_end, size, 16);
  if (error != std::errc() || end == line.data() || end - line.data() > 15) {
    return Invalid("InvalidChunkSizeError", "a chunk's size is not a hexadecimal number");
  }
  const std::string_view extension(end, line_end);
  constexpr std::string_view kName = ";chunk-signature=";
  if (options_.signing) {
    if (!extension.starts_with(kName)) return WrongSignature("a chunk without signature");
    chunk_signature_ = extension.substr(kName.size());
    chunk_hash_.emplace(HashAlgorithm::kSha256);
  } else if (!extension.empty()) {
    return Invalid("InvalidRequest", "an unsigned chunk's size is followed by something else");
  }
  if (size > options_.decoded_length - decoded_) {
    return Invalid("IncompleteBody",
                   "there is more data than x-amz-decoded-content-length announced");
  }
  remaining_ = size;
  if (size > 0) {
    state_ = State::kData;
    return {};
  }
  if (!all_data()) {
    return Invalid("IncompleteBody",
                   "You did not provide the number of bytes specified by the "
                   "x-amz-decoded-content-length HTTP header");
  }
  TRY_VOID(OnChunkEnd());
  state_ = State::kTrailerLine;
  return {};
}

Result<void> ChunkedPayload::OnChunkEnd() {
  if (!options_.signing) return {};
  const std::string expected = ChunkSignature(*options_.signing, options_.signing->seed_signature,
                                              HexEncode(chunk_hash_->Finish()));
  if (!ConstantTimeEquals(expected, chunk_signature_)) return WrongSignature("a chunk");
  options_.signing->seed_signature = expected;
  return {};
}

Result<void> ChunkedPayload::OnTrailerLine() {
  constexpr std::string_view kSignatureName = "x-amz-trailer-signature";
  trailer_bytes_ += line_.size() + 1;
  if (trailer_bytes_ > kMaxTrailerBytes) {
    return Invalid("MalformedTrailerError", "the trailer is too long");
  }
  if (line_.empty()) {
    // Some clients put an empty line between the fields and their signature.
    const bool signature_due =
        options_.signing && options_.has_trailer && trailer_signature_.empty();
    if (signature_due && !trailers_.empty()) return {};
    return OnTrailerEnd();
  }
  const std::size_t colon = line_.find(':');
  if (!options_.has_trailer || colon == std::string::npos) {
    return Invalid("MalformedTrailerError",
                   "The request contained trailing data that was not well-formed");
  }
  std::string name = ToLower(TrimBlanks(std::string_view(line_).substr(0, colon)));
  std::string value(TrimBlanks(std::string_view(line_).substr(colon + 1)));
  if (name == kSignatureName && options_.signing && trailer_signature_.empty()) {
    trailer_signature_ = std::move(value);
    return {};
  }
  if (!trailer_signature_.empty()) {
    return Invalid("MalformedTrailerError", "a field follows the trailer's signature");
  }
  trailer_text_.append(name).append(":").append(value).append("\n");
  TRY_VOID(CheckChecksum(name, value));
  trailers_.emplace_back(std::move(name), std::move(value));
  return {};
}

Result<void> ChunkedPayload::CheckChecksum(const std::string& name, const std::string& value) {
  for (auto entry = checksums_.begin(); entry != checksums_.end(); ++entry) {
    if (entry->first != name) continue;
    if (Base64Encode(entry->second.Finish()) != value) {
      return Invalid("BadDigest",
                     fmt::format("The {} you specified did not match the calculated checksum.",
                                 name.substr(std::string_view("x-amz-checksum-").size())));
    }
    checksums_.erase(entry);
    return {};
  }
  return Invalid("MalformedTrailerError",
                 fmt::format("the trailer holds '{}', which x-amz-trailer did not announce", name));
}

Result<void> ChunkedPayload::OnTrailerEnd() {
  if (!checksums_.empty()) {
    return Invalid("MalformedTrailerError",
                   fmt::format("the trailer lacks '{}', which x-amz-trailer announced",
                               checksums_.front().first));
  }
  if (options_.signing && options_.has_trailer) {
    const std::string expected =
        TrailerSignature(*options_.signing, options_.signing->seed_signature, trailer_text_);
    if (!ConstantTimeEquals(expected, trailer_signature_)) return WrongSignature("the trailer");
  }
  state_ = State::kDone;
  return {};
}

}  // namespace scones::auth
