// The rows of buckets and object versions: `objects` has the newest version of each key (which may
// be a delete marker), `object_versions` the older ones. Functions run inside a transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "db/connection.h"
#include "objects/detail/contents.h"
#include "objects/types.h"

namespace scones::objects::detail {

struct BucketRow {
  std::int64_t id = 0;
  Bucket bucket;
  std::optional<std::string> notification;  // encoded; nothing where nobody is told
};

inline constexpr std::int64_t kNullVersion = 1;   // flag: has no id of its own
inline constexpr std::int64_t kDeleteMarker = 2;  // flag

struct Row {
  std::int64_t sequence = 0;
  std::int64_t flags = kNullVersion;
  std::int64_t content = 0;
  std::uint64_t size = 0;
  std::string etag;
  std::int64_t modified_us = 0;
  std::uint32_t parts = 0;
  std::string attributes;
  std::string tags;

  bool is_marker() const { return (flags & kDeleteMarker) != 0; }
  bool is_null() const { return (flags & kNullVersion) != 0; }
};

// In the order that ReadRow reads.
#define SCONES_OBJECT_COLUMNS \
  "sequence, flags, content, size, etag, modified, parts, attributes, tags"
Row ReadRow(const db::Statement& statement, int first_column);

Timestamp FromMicroseconds(std::int64_t value);
std::int64_t ToMicroseconds(Timestamp time);

// The id on the wire: "null", or the sequence as 16 hexadecimal digits.
std::string VersionOf(const Row& row);
// "" for the null version of a bucket that never kept versions.
std::string VersionOf(const Row& row, Versioning versioning);
ObjectInfo Describe(std::string key, const Row& row, Versioning versioning);

// Errors: kNotFound/NoSuchBucket.
Result<BucketRow> FindBucket(db::Connection& connection, std::string_view name);
// The newest version, which may be a delete marker.
Result<std::optional<Row>> FindNewest(db::Connection& connection, std::int64_t bucket,
                                      std::string_view key);
// Any version by id, markers too. Errors: kNotFound/NoSuchVersion, kInvalid for a malformed id.
Result<Row> FindVersion(db::Connection& connection, std::int64_t bucket, std::string_view key,
                        std::string_view version);
// What a read of `name` means. Errors also: NoSuchKey, kExists/MethodNotAllowed.
Result<Row> FindReadable(db::Connection& connection, std::int64_t bucket, const ObjectName& name);

// Errors: kPrecondition/PreconditionFailed, kNotFound/NoSuchKey (If-Match without an object).
Result<void> CheckWrite(const WriteConditions& conditions, const std::optional<Row>& newest);

// Makes `row` the newest version of the key, with flags as the bucket's versioning wants. `newest`
// is what FindNewest found; contents that go are noted in `freed`.
Result<void> AddVersion(db::Connection& connection, const BucketRow& bucket, std::string_view key,
                        const std::optional<Row>& newest, Row& row, std::vector<Freed>& freed);

// Deletes as S3 does: a version for good, or the current one, leaving a marker where versions are
// kept. `sequence` numbers the marker.
Result<DeleteReceipt> DeleteVersion(db::Connection& connection, const BucketRow& bucket,
                                    const ObjectName& name, std::int64_t sequence,
                                    std::int64_t now_us, std::vector<Freed>& freed);

// Errors: kInvalid/KeyTooLongError, InvalidURI for an empty key.
Result<void> CheckKey(std::string_view key);

}  // namespace scones::objects::detail
