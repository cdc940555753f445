#include "objects/detail/announce.h"

namespace scones::objects::detail {
namespace {

// The ETag of no bytes, which a delete marker has.
constexpr const char* kEmptyEtag = "d41d8cd98f00b204e9800998ecf8427e";

Result<void> Announce(db::Connection& connection, EventSink& sink, const BucketRow& bucket,
                      const ObjectEvent& event) {
  TRY(const NotificationConfiguration configuration, DecodeNotification(*bucket.notification));
  return sink.Record(connection, configuration, event);
}

Result<bool> Exists(db::Connection& connection, const BucketRow& bucket, const ObjectName& name) {
  if (name.version.empty()) {
    TRY(const std::optional<Row> newest, FindNewest(connection, bucket.id, name.key));
    return newest.has_value();
  }
  const Result<Row> found = FindVersion(connection, bucket.id, name.key, name.version);
  if (!found && found.error().code() == Code::kNotFound) return false;
  if (!found) return found.error();
  return true;
}

}  // namespace

Result<void> AnnounceCreated(db::Connection& connection, EventSink* sink, const BucketRow& bucket,
                             std::string_view name, std::string_view key, const Row& row,
                             const Origin& origin) {
  if (!bucket.notification || sink == nullptr) return {};
  return Announce(connection, *sink, bucket,
                  {.name = std::string(name),
                   .bucket = bucket.bucket.name,
                   .key = std::string(key),
                   .size = row.size,
                   .etag = row.etag,
                   .version = VersionOf(row, bucket.bucket.versioning),
                   .sequence = row.sequence,
                   .time = FromMicroseconds(row.modified_us),
                   .origin = origin});
}

Result<DeleteReceipt> DeleteAndAnnounce(db::Connection& connection, EventSink* sink,
                                        const BucketRow& bucket, const ObjectName& name,
                                        std::int64_t sequence, std::int64_t now_us,
                                        const Origin& origin, std::vector<Freed>& freed) {
  if (!bucket.notification || sink == nullptr) {
    return DeleteVersion(connection, bucket, name, sequence, now_us, freed);
  }
  TRY(const bool existed, Exists(connection, bucket, name));
  TRY(DeleteReceipt receipt, DeleteVersion(connection, bucket, name, sequence, now_us, freed));
  const bool marked = name.version.empty() && receipt.delete_marker;
  if (!existed && !marked) return receipt;
  TRY_VOID(Announce(connection, *sink, bucket,
                    {.name = marked ? "ObjectRemoved:DeleteMarkerCreated" : "ObjectRemoved:Delete",
                     .bucket = bucket.bucket.name,
                     .key = name.key,
                     .size = 0,
                     .etag = marked ? kEmptyEtag : "",
                     .version = receipt.version,
                     .sequence = sequence,
                     .time = FromMicroseconds(now_us),
                     .origin = origin}));
  return receipt;
}

}  // namespace scones::objects::detail
