// Put, Copy, Delete, SetTags. The bytes are durable before the transaction that names them begins.
#include "base/encoding.h"
#include "objects/conditions.h"
#include "objects/detail/announce.h"
#include "objects/detail/pairs.h"
#include "objects/detail/store_state.h"

namespace scones::objects {
namespace {

using detail::BucketRow;
using detail::ContentKind;
using detail::Freed;
using detail::Ingested;
using detail::Row;

PutReceipt MakeReceipt(const Row& row, Versioning versioning) {
  return {.etag = row.etag,
          .version = detail::VersionOf(row, versioning),
          .size = row.size,
          .modified = detail::FromMicroseconds(row.modified_us),
          .checksum = detail::DecodeAttributes(row.attributes).checksum,
          .source_version = {}};
}

// Everything that the transaction of a Put needs.
struct PutJob {
  ObjectName name;
  WriteConditions conditions;
  Row row;
  Ingested ingested;
  std::shared_ptr<detail::Contents> contents;
  EventSink* sink = nullptr;
  Origin origin;

  Result<PutReceipt> operator()(db::Connection& connection, std::vector<Freed>& freed) {
    TRY(const BucketRow bucket, detail::FindBucket(connection, name.bucket));
    TRY(const std::optional<Row> newest, detail::FindNewest(connection, bucket.id, name.key));
    TRY_VOID(detail::CheckWrite(conditions, newest));
    row.sequence = contents->NextNumber();
    row.content = ingested.file ? ingested.file->number() : row.sequence;
    const ContentKind kind = ingested.file ? ContentKind::kFile : ContentKind::kInline;
    TRY_VOID(detail::InsertContent(connection, row.content, kind, ingested.bytes));
    TRY_VOID(detail::AddVersion(connection, bucket, name.key, newest, row, freed));
    TRY_VOID(detail::AnnounceCreated(connection, sink, bucket, "ObjectCreated:Put", name.key, row,
                                     origin));
    return MakeReceipt(row, bucket.bucket.versioning);
  }
};

struct CopyJob {
  ObjectName source;
  ObjectName target;
  CopyOptions options;
  std::int64_t now_us = 0;
  std::shared_ptr<detail::Contents> contents;
  EventSink* sink = nullptr;

  Result<PutReceipt> operator()(db::Connection& connection, std::vector<Freed>& freed) {
    TRY(const BucketRow from, detail::FindBucket(connection, source.bucket));
    TRY(Row row, detail::FindReadable(connection, from.id, source));
    TRY_VOID(
        CheckRead(options.source_conditions, row.etag, detail::FromMicroseconds(row.modified_us)));
    TRY(const BucketRow to, detail::FindBucket(connection, target.bucket));
    TRY(const std::optional<Row> newest, detail::FindNewest(connection, to.id, target.key));
    TRY_VOID(detail::CheckWrite(options.conditions, newest));
    TRY_VOID(detail::ShareContent(connection, row.content));
    std::string source_version = detail::VersionOf(row, from.bucket.versioning);
    detail::Attributes attributes = detail::DecodeAttributes(row.attributes);
    attributes.upload_id.clear();
    if (options.headers) attributes.headers = *options.headers;
    row.attributes = detail::EncodeAttributes(attributes);
    if (options.tags) row.tags = detail::EncodePairs(*options.tags);
    row.sequence = contents->NextNumber();
    row.modified_us = now_us;
    TRY_VOID(detail::AddVersion(connection, to, target.key, newest, row, freed));
    TRY_VOID(detail::AnnounceCreated(connection, sink, to, "ObjectCreated:Copy", target.key, row,
                                     options.origin));
    PutReceipt receipt = MakeReceipt(row, to.bucket.versioning);
    receipt.source_version = std::move(source_version);
    return receipt;
  }
};

}  // namespace

io::Task<Result<PutReceipt>> ObjectStore::Put(ObjectName name, http::BodyStream& body,
                                              PutOptions options) {
  CO_TRY_VOID(detail::CheckKey(name.key));
  if (body.size().value_or(state_->options.inline_limit + 1) > state_->options.inline_limit) {
    // Refuse a large body before taking it in.
    CO_TRY([[maybe_unused]] const Bucket bucket, co_await GetBucket(name.bucket));
  }
  detail::IngestDigests digests{.md5 = std::move(options.md5),
                                .checksum_algorithm = options.checksum_algorithm,
                                .checksum_value = std::move(options.checksum_value)};
  const detail::IngestLimits limits{.inline_bytes = state_->options.inline_limit,
                                    .max_bytes = state_->options.max_single_put};
  CO_TRY(Ingested ingested,
         co_await detail::Ingest(state_->contents, body, limits, std::move(digests)));
  const auto job = std::make_shared<PutJob>(
      PutJob{.name = std::move(name),
             .conditions = std::move(options.conditions),
             .row = {.size = ingested.size,
                     .etag = ingested.etag,
                     .modified_us = state_->NowMicroseconds(),
                     .attributes = detail::EncodeAttributes({.headers = std::move(options.headers),
                                                             .checksum = ingested.checksum,
                                                             .upload_id = {}}),
                     .tags = detail::EncodePairs(options.tags)},
             .ingested = std::move(ingested),
             .contents = state_->contents,
             .sink = state_->options.event_sink,
             .origin = std::move(options.origin)});
  auto put = [job](db::Connection& connection, std::vector<Freed>& freed) {
    return (*job)(connection, freed);
  };
  auto receipt = co_await state_->Change(std::move(put));
  if (receipt && job->ingested.file) job->ingested.file->Keep();
  co_return receipt;
}

io::Task<Result<PutReceipt>> ObjectStore::Copy(ObjectName source, ObjectName target,
                                               CopyOptions options) {
  CO_TRY_VOID(detail::CheckKey(target.key));
  if (options.checksum_algorithm) {
    GetOptions get{.conditions = options.source_conditions, .range = {}, .part_number = {}};
    CO_TRY(OpenedObject opened, co_await Get(source, std::move(get)));
    const std::optional<Checksum>& has = opened.info.checksum;
    if (!has || has->algorithm != *options.checksum_algorithm) {
      // A checksum that the source lacks takes a look at every byte.
      PutOptions put{.headers = options.headers.value_or(opened.info.headers),
                     .tags = options.tags.value_or(opened.info.tags),
                     .md5 = {},
                     .checksum_algorithm = options.checksum_algorithm,
                     .checksum_value = {},
                     .conditions = options.conditions,
                     .origin = options.origin};
      if (!opened.stream) opened.stream = http::MakeStringBody(std::move(opened.bytes));
      auto receipt = co_await Put(std::move(target), *opened.stream, std::move(put));
      if (receipt) receipt->source_version = opened.info.version;
      co_return receipt;
    }
  }
  auto copy = [job = CopyJob{.source = std::move(source),
                             .target = std::move(target),
                             .options = std::move(options),
                             .now_us = state_->NowMicroseconds(),
                             .contents = state_->contents,
                             .sink = state_->options.event_sink}](
                  db::Connection& connection, std::vector<Freed>& freed) mutable {
    return job(connection, freed);
  };
  co_return co_await state_->Change(std::move(copy));
}

io::Task<Result<DeleteReceipt>> ObjectStore::Delete(ObjectName name, Origin origin) {
  std::string bucket = name.bucket;
  std::vector<ObjectName> names;
  names.push_back(std::move(name));
  CO_TRY(const auto receipts,
         co_await DeleteMany(std::move(bucket), std::move(names), std::move(origin)));
  co_return receipts.front();
}

io::Task<Result<std::vector<Result<DeleteReceipt>>>> ObjectStore::DeleteMany(
    std::string bucket, std::vector<ObjectName> names, Origin origin) {
  using Receipts = std::vector<Result<DeleteReceipt>>;
  auto remove = [bucket = std::move(bucket), names = std::move(names), contents = state_->contents,
                 sink = state_->options.event_sink, origin = std::move(origin),
                 now_us = state_->NowMicroseconds()](
                    db::Connection& connection, std::vector<Freed>& freed) -> Result<Receipts> {
    TRY(const BucketRow row, detail::FindBucket(connection, bucket));
    Receipts receipts;
    for (const ObjectName& name : names) {
      Result<DeleteReceipt> receipt = detail::DeleteAndAnnounce(
          connection, sink, row, name, contents->NextNumber(), now_us, origin, freed);
      // A name that is wrong fails alone; a fault of the database undoes everything.
      if (!receipt && receipt.error().code() != Code::kInvalid) return receipt.error();
      receipts.push_back(std::move(receipt));
    }
    return receipts;
  };
  co_return co_await state_->Change(std::move(remove));
}

io::Task<Result<void>> ObjectStore::SetTags(ObjectName name, Pairs tags) {
  auto set = [name = std::move(name), bytes = detail::EncodePairs(tags)](
                 db::Connection& connection, std::vector<Freed>&) -> Result<void> {
    TRY(const BucketRow bucket, detail::FindBucket(connection, name.bucket));
    TRY(const Row row, detail::FindReadable(connection, bucket.id, name));
    for (const std::string_view sql :
         {"UPDATE objects SET tags = ?4 WHERE bucket = ?1 AND key = ?2 AND sequence = ?3",
          "UPDATE object_versions SET tags = ?4 WHERE bucket = ?1 AND key = ?2 AND sequence = "
          "?3"}) {
      TRY_VOID(connection.Prepare(sql)
                   .Bind(1, bucket.id)
                   .BindBlob(2, name.key)
                   .Bind(3, row.sequence)
                   .BindBlob(4, bytes)
                   .Run());
    }
    return {};
  };
  co_return co_await state_->Change(std::move(set));
}

}  // namespace scones::objects
