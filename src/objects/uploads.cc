// Multipart uploads: parts are files of their own; completing joins them in metadata alone.
#include <fmt/format.h>

#include "base/encoding.h"
#include "base/random.h"
#include "objects/checksum.h"
#include "objects/detail/announce.h"
#include "objects/detail/store_state.h"
#include "objects/detail/upload_rows.h"

namespace scones::objects {
namespace {

using detail::BucketRow;
using detail::ContentKind;
using detail::Freed;
using detail::Ingested;
using detail::Row;
using detail::StoredPart;
using detail::UploadRow;

constexpr std::uint32_t kMaxPartNumber = 10'000;

struct CompleteJob {
  UploadName name;
  CompleteOptions options;
  std::int64_t now_us = 0;
  std::uint64_t min_part = 0;
  std::uint64_t max_object = 0;
  std::shared_ptr<detail::Contents> contents;
  EventSink* sink = nullptr;

  Result<PutReceipt> operator()(db::Connection& connection, std::vector<Freed>& freed) {
    TRY(const BucketRow bucket, detail::FindBucket(connection, name.bucket));
    TRY(const std::optional<Row> newest, detail::FindNewest(connection, bucket.id, name.key));
    Result<UploadRow> found = detail::FindUpload(connection, bucket.id, name);
    if (!found) return RepeatedReceipt(found.error(), bucket, newest);
    const UploadRow& upload = *found;
    TRY_VOID(detail::CheckWrite(options.conditions, newest));
    TRY(std::vector<StoredPart> parts, ChooseParts(connection, upload));
    TRY(Row row, MakeRow(upload, parts));
    row.content = row.sequence;
    TRY_VOID(detail::JoinParts(connection, row.content, upload.sequence, parts));
    TRY_VOID(detail::RemoveUpload(connection, upload.sequence, freed));
    TRY_VOID(detail::AddVersion(connection, bucket, name.key, newest, row, freed));
    TRY_VOID(detail::AnnounceCreated(connection, sink, bucket,
                                     "ObjectCreated:CompleteMultipartUpload", name.key, row,
                                     options.origin));
    return Receipt(row, bucket.bucket.versioning);
  }

  static PutReceipt Receipt(const Row& row, Versioning versioning) {
    return {.etag = row.etag,
            .version = detail::VersionOf(row, versioning),
            .size = row.size,
            .modified = detail::FromMicroseconds(row.modified_us),
            .checksum = detail::DecodeAttributes(row.attributes).checksum,
            .source_version = {}};
  }

  // A client that lost the reply asks again: the object tells that it came from this upload.
  Result<PutReceipt> RepeatedReceipt(const Error& error, const BucketRow& bucket,
                                     const std::optional<Row>& newest) const {
    if (!newest || detail::DecodeAttributes(newest->attributes).upload_id != name.upload_id) {
      return error;
    }
    return Receipt(*newest, bucket.bucket.versioning);
  }

  static Result<void> CheckNamesChecksum(const Upload& upload, const CompletedPart& wanted) {
    const bool must = upload.checksum_algorithm && upload.checksum_type == ChecksumType::kComposite;
    if (!must || wanted.checksum) return {};
    return Error(
        Code::kInvalid, "InvalidRequest",
        fmt::format("The upload was created using a {} checksum. The complete request must "
                    "include the checksum for each part. It was missing for part {} in the "
                    "request.",
                    ChecksumName(*upload.checksum_algorithm), wanted.number));
  }

  Result<std::vector<StoredPart>> ChooseParts(db::Connection& connection,
                                              const UploadRow& upload) const {
    if (options.parts.empty()) {
      return Error(Code::kInvalid, "MalformedXML",
                   "The XML you provided was not well-formed or did not validate against our "
                   "published schema: at least one part is needed");
    }
    std::vector<StoredPart> chosen;
    std::uint32_t previous = 0;
    for (const CompletedPart& wanted : options.parts) {
      if (wanted.number <= previous) {
        return Error(Code::kInvalid, "InvalidPartOrder",
                     "The list of parts was not in ascending order. Parts must be ordered by part "
                     "number.");
      }
      previous = wanted.number;
      TRY(std::optional<StoredPart> stored,
          detail::FindPart(connection, upload.sequence, wanted.number));
      if (!stored || stored->part.etag != wanted.etag) return detail::InvalidPart();
      TRY_VOID(CheckNamesChecksum(upload.upload, wanted));
      const std::optional<Checksum>& checksum = stored->part.checksum;
      if (wanted.checksum && checksum && checksum->value != *wanted.checksum) {
        return detail::InvalidPart();
      }
      if (!chosen.empty() && chosen.back().part.size < min_part) {
        return Error(Code::kInvalid, "EntityTooSmall",
                     "Your proposed upload is smaller than the minimum allowed size");
      }
      chosen.push_back(*std::move(stored));
    }
    return chosen;
  }

  Result<Row> MakeRow(const UploadRow& upload, const std::vector<StoredPart>& stored) const {
    Row row{.sequence = contents->NextNumber(),
            .modified_us = now_us,
            .parts = static_cast<std::uint32_t>(stored.size()),
            .tags = upload.tags};
    Hasher md5(HashAlgorithm::kMd5);
    std::vector<Part> parts;
    for (const StoredPart& one : stored) {
      TRY(const std::string raw, HexDecode(one.part.etag));
      md5.Update(raw);
      row.size += one.part.size;
      parts.push_back(one.part);
    }
    if (row.size > max_object) return detail::EntityTooLarge();
    row.etag = fmt::format("{}-{}", HexEncode(md5.Finish()), stored.size());
    detail::Attributes attributes = detail::DecodeAttributes(upload.attributes);
    attributes.upload_id = name.upload_id;
    const Upload& declared = upload.upload;
    if (declared.checksum_algorithm) {
      TRY(attributes.checksum,
          JoinChecksums(*declared.checksum_algorithm, declared.checksum_type, parts));
      if (options.checksum_value && *options.checksum_value != attributes.checksum->value) {
        return Error(Code::kInvalid, "BadDigest",
                     fmt::format("The {} you specified did not match the calculated checksum.",
                                 ChecksumName(*declared.checksum_algorithm)));
      }
    }
    row.attributes = detail::EncodeAttributes(attributes);
    return row;
  }
};

struct PutPartJob {
  UploadName name;
  Part part;
  Ingested ingested;

  Result<Part> operator()(db::Connection& connection, std::vector<Freed>& freed) {
    TRY(const BucketRow bucket, detail::FindBucket(connection, name.bucket));
    TRY(const UploadRow upload, detail::FindUpload(connection, bucket.id, name));
    TRY(const std::optional<StoredPart> former,
        detail::FindPart(connection, upload.sequence, part.number));
    if (former) TRY_VOID(detail::ReleaseContent(connection, former->content, freed));
    const StoredPart stored{.part = part, .content = ingested.file->number()};
    TRY_VOID(detail::InsertContent(connection, stored.content, ContentKind::kFile, ""));
    TRY_VOID(detail::WritePart(connection, upload.sequence, stored));
    return part;
  }
};

Result<HashAlgorithm> AgreeOnChecksum(HashAlgorithm of_upload,
                                      std::optional<HashAlgorithm> of_part) {
  if (of_part.value_or(of_upload) == of_upload) return of_upload;
  return Error(Code::kInvalid, "InvalidRequest",
               fmt::format("Checksum Type mismatch occurred, expected checksum Type: {}, actual "
                           "checksum Type: {}",
                           ChecksumName(of_upload), ChecksumName(*of_part)));
}

}  // namespace

io::Task<Result<Upload>> ObjectStore::CreateUpload(std::string bucket, std::string key,
                                                   UploadOptions options) {
  CO_TRY_VOID(detail::CheckKey(key));
  UploadRow row{.sequence = state_->contents->NextNumber(),
                .upload = {.key = std::move(key),
                           .upload_id = HexEncode(RandomBytes(32)),
                           .created = state_->clock.Now(),
                           .checksum_algorithm = options.checksum_algorithm,
                           .checksum_type = options.checksum_type},
                .attributes = detail::EncodeAttributes(
                    {.headers = std::move(options.headers), .checksum = {}, .upload_id = {}}),
                .tags = detail::EncodePairs(options.tags)};
  auto create = [bucket = std::move(bucket), row = std::move(row)](
                    db::Connection& connection, std::vector<Freed>&) -> Result<Upload> {
    TRY(const BucketRow found, detail::FindBucket(connection, bucket));
    TRY_VOID(detail::WriteUpload(connection, found.id, row));
    return row.upload;
  };
  co_return co_await state_->Change(std::move(create));
}

io::Task<Result<Part>> ObjectStore::PutPart(UploadName name, std::uint32_t number,
                                            http::BodyStream& body, PutOptions options) {
  if (number < 1 || number > kMaxPartNumber) {
    co_return Error(Code::kInvalid, "InvalidArgument",
                    "Part number must be an integer between 1 and 10000, inclusive");
  }
  const auto find = [&name](db::Connection& connection) -> Result<UploadRow> {
    TRY(const BucketRow bucket, detail::FindBucket(connection, name.bucket));
    return detail::FindUpload(connection, bucket.id, name);
  };
  CO_TRY(const UploadRow upload, state_->database.Read(find));
  if (upload.upload.checksum_algorithm) {
    CO_TRY(options.checksum_algorithm,
           AgreeOnChecksum(*upload.upload.checksum_algorithm, options.checksum_algorithm));
  }
  detail::IngestDigests digests{.md5 = std::move(options.md5),
                                .checksum_algorithm = options.checksum_algorithm,
                                .checksum_value = std::move(options.checksum_value)};
  // Parts are never inline: a reader of the object holds on to files, not to rows.
  const detail::IngestLimits limits{.inline_bytes = 0, .max_bytes = state_->options.max_single_put};
  CO_TRY(Ingested ingested,
         co_await detail::Ingest(state_->contents, body, limits, std::move(digests)));
  const auto job = std::make_shared<PutPartJob>(PutPartJob{.name = std::move(name),
                                                           .part = {.number = number,
                                                                    .size = ingested.size,
                                                                    .etag = ingested.etag,
                                                                    .modified = state_->clock.Now(),
                                                                    .checksum = ingested.checksum},
                                                           .ingested = std::move(ingested)});
  auto put = [job](db::Connection& connection, std::vector<Freed>& freed) {
    return (*job)(connection, freed);
  };
  auto part = co_await state_->Change(std::move(put));
  if (part) job->ingested.file->Keep();
  co_return part;
}

io::Task<Result<PutReceipt>> ObjectStore::CompleteUpload(UploadName name, CompleteOptions options) {
  auto complete = [job = CompleteJob{.name = std::move(name),
                                     .options = std::move(options),
                                     .now_us = state_->NowMicroseconds(),
                                     .min_part = state_->options.min_part,
                                     .max_object = state_->options.max_object,
                                     .contents = state_->contents,
                                     .sink = state_->options.event_sink}](
                      db::Connection& connection, std::vector<Freed>& freed) mutable {
    return job(connection, freed);
  };
  co_return co_await state_->Change(std::move(complete));
}

io::Task<Result<void>> ObjectStore::AbortUpload(UploadName name) {
  auto abort = [name = std::move(name)](db::Connection& connection,
                                        std::vector<Freed>& freed) -> Result<void> {
    TRY(const BucketRow bucket, detail::FindBucket(connection, name.bucket));
    TRY(const UploadRow upload, detail::FindUpload(connection, bucket.id, name));
    return detail::RemoveUpload(connection, upload.sequence, freed);
  };
  co_return co_await state_->Change(std::move(abort));
}

io::Task<Result<PartPage>> ObjectStore::ListParts(UploadName name, std::uint32_t after,
                                                  std::size_t max) {
  auto list = [name = std::move(name), after, max](db::Connection& connection) -> Result<PartPage> {
    TRY(const BucketRow bucket, detail::FindBucket(connection, name.bucket));
    TRY(const UploadRow upload, detail::FindUpload(connection, bucket.id, name));
    TRY(PartPage page, detail::ReadUploadParts(connection, upload.sequence, after, max));
    page.upload = upload.upload;
    return page;
  };
  co_return co_await state_->Scan(std::move(list));
}

io::Task<Result<UploadPage>> ObjectStore::ListUploads(std::string bucket, ListOptions options) {
  auto list = [bucket = std::move(bucket),
               options = std::move(options)](db::Connection& connection) -> Result<UploadPage> {
    TRY(const BucketRow row, detail::FindBucket(connection, bucket));
    return detail::ReadUploads(connection, row.id, options);
  };
  co_return co_await state_->Scan(std::move(list));
}

io::Task<Result<PartPage>> ObjectStore::ListObjectParts(ObjectName name, std::uint32_t after,
                                                        std::size_t max) {
  auto list = [name = std::move(name), after, max](db::Connection& connection) -> Result<PartPage> {
    TRY(const BucketRow bucket, detail::FindBucket(connection, name.bucket));
    TRY(const Row row, detail::FindReadable(connection, bucket.id, name));
    if (row.parts == 0) return PartPage();
    return detail::ReadObjectParts(connection, row.content, after, max);
  };
  co_return co_await state_->Scan(std::move(list));
}

}  // namespace scones::objects
