#include "objects/detail/ingest.h"

#include <fmt/format.h>
#include <unistd.h>

#include "base/encoding.h"
#include "io/crash_point.h"
#include "objects/detail/faults.h"

namespace scones::objects::detail {
namespace {

constexpr std::size_t kChunk = 256 * 1024;

class Digests {
 public:
  explicit Digests(IngestDigests wanted) : wanted_(std::move(wanted)), md5_(HashAlgorithm::kMd5) {
    if (wanted_.checksum_algorithm) checksum_.emplace(*wanted_.checksum_algorithm);
  }

  void Update(std::string_view bytes) {
    md5_.Update(bytes);
    if (checksum_) checksum_->Update(bytes);
  }

  Result<void> Finish(Ingested& ingested) {
    const std::string md5 = md5_.Finish();
    if (wanted_.md5 && *wanted_.md5 != md5) {
      return Error(Code::kInvalid, "BadDigest",
                   "The Content-MD5 you specified did not match what we received.");
    }
    ingested.etag = HexEncode(md5);
    if (!checksum_) return {};
    ingested.checksum = Checksum{.algorithm = *wanted_.checksum_algorithm,
                                 .type = ChecksumType::kFullObject,
                                 .value = Base64Encode(checksum_->Finish())};
    if (wanted_.checksum_value && *wanted_.checksum_value != ingested.checksum->value) {
      return Error(Code::kInvalid, "BadDigest",
                   fmt::format("The {} you specified did not match the calculated checksum.",
                               ChecksumName(*wanted_.checksum_algorithm)));
    }
    return {};
  }

 private:
  IngestDigests wanted_;
  Hasher md5_;
  std::optional<Hasher> checksum_;
};

// Reads until `limit` bytes are there or the body ends.
io::Task<Result<std::string>> ReadUpTo(http::BodyStream& body, std::size_t limit) {
  constexpr std::size_t kUnknownStep = 16 * 1024;
  std::string bytes;
  std::size_t filled = 0;
  // A byte more than announced, so that the read which finds the end has room.
  bytes.resize(std::min<std::size_t>(limit, body.size().value_or(kUnknownStep) + 1));
  while (filled < limit) {
    if (filled == bytes.size()) bytes.resize(std::min(limit, 2 * bytes.size()));
    const std::span<char> room(bytes.data() + filled, bytes.size() - filled);
    CO_TRY(const std::size_t count, co_await body.Read(room));
    if (count == 0) break;
    filled += count;
  }
  bytes.resize(filled);
  co_return bytes;
}

// The file while it is written: hashing and writing happen on the disk's threads.
class Staging {
 public:
  Staging(std::shared_ptr<Contents> contents, IngestDigests digests)
      : contents_(std::move(contents)), number_(contents_->NextNumber()), digests_(digests) {}
  ~Staging() {
    if (!published_) ::unlink(contents_->StagingPath(number_).c_str());
  }
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  Result<void> Append(std::string_view bytes) {
    if (file_.descriptor() < 0) {
      TRY(file_, io::File::Open(contents_->StagingPath(number_), io::File::Mode::kCreateNew, 0600));
    }
    digests_.Update(bytes);
    return file_.Write(bytes);
  }

  // Verifies, then makes the file durable under its final name.
  Result<void> Publish(Ingested& ingested) {
    TRY_VOID(Append(""));  // an empty body makes a file too
    TRY_VOID(digests_.Finish(ingested));
    SCONES_CRASH_POINT("objects.file.written");
    TRY_VOID(file_.Sync());
    SCONES_CRASH_POINT("objects.file.synced");
    const io::Path path = contents_->FilePath(number_);
    TRY_VOID(contents_->MakeFolderOf(number_));
    TRY_VOID(io::Rename(contents_->StagingPath(number_), path));
    published_ = true;
    ingested.file = std::make_unique<NewFile>(contents_, number_);
    SCONES_CRASH_POINT("objects.file.renamed");
    TRY_VOID(io::SyncDirectory(path.parent_path()));
    SCONES_CRASH_POINT("objects.file.durable");
    return {};
  }

 private:
  std::shared_ptr<Contents> contents_;
  const std::int64_t number_;
  Digests digests_;
  io::File file_;
  bool published_ = false;
};

io::Task<Result<Ingested>> IngestFile(std::shared_ptr<Contents> contents, std::string chunk,
                                      http::BodyStream& body, std::uint64_t max_bytes,
                                      IngestDigests digests) {
  const auto staging = std::make_shared<Staging>(contents, std::move(digests));
  auto ingested = std::make_shared<Ingested>();
  while (!chunk.empty()) {
    ingested->size += chunk.size();
    if (ingested->size > max_bytes) co_return EntityTooLarge();
    auto append = [staging, bytes = std::move(chunk)] { return staging->Append(bytes); };
    CO_TRY_VOID(co_await contents->disk().Run(std::move(append)));
    CO_TRY(chunk, co_await ReadUpTo(body, kChunk));
  }
  auto publish = [staging, ingested] { return staging->Publish(*ingested); };
  CO_TRY_VOID(co_await contents->disk().Run(std::move(publish)));
  co_return std::move(*ingested);
}

}  // namespace

NewFile::~NewFile() {
  if (!kept_) ::unlink(contents_->FilePath(number_).c_str());
}

io::Task<Result<Ingested>> Ingest(std::shared_ptr<Contents> contents, http::BodyStream& body,
                                  IngestLimits limits, IngestDigests digests) {
  if (body.size().value_or(0) > limits.max_bytes) co_return EntityTooLarge();
  const bool may_be_inline =
      limits.inline_bytes > 0 && body.size().value_or(0) <= limits.inline_bytes;
  const std::size_t first_read = may_be_inline ? limits.inline_bytes + 1 : kChunk;
  CO_TRY(std::string bytes, co_await ReadUpTo(body, first_read));
  if (!may_be_inline || bytes.size() > limits.inline_bytes) {
    auto ingested = co_await IngestFile(std::move(contents), std::move(bytes), body,
                                        limits.max_bytes, std::move(digests));
    if (!ingested) co_return StorageFault(ingested.error());
    co_return ingested;
  }
  Digests hashed(std::move(digests));
  hashed.Update(bytes);
  Ingested ingested;
  CO_TRY_VOID(hashed.Finish(ingested));
  ingested.size = bytes.size();
  ingested.bytes = std::move(bytes);
  co_return ingested;
}

}  // namespace scones::objects::detail
