#include "objects/detail/catalog.h"

#include <fmt/format.h>

#include <charconv>

#include "objects/detail/faults.h"
#include "objects/detail/pairs.h"

namespace scones::objects::detail {
namespace {

constexpr std::size_t kMaxKeyBytes = 1024;

Result<void> WriteRow(db::Connection& connection, std::string_view sql, std::int64_t bucket,
                      std::string_view key, const Row& row) {
  return connection.Prepare(sql)
      .Bind(1, bucket)
      .BindBlob(2, key)
      .Bind(3, row.sequence)
      .Bind(4, row.flags)
      .Bind(5, row.content)
      .Bind(6, static_cast<std::int64_t>(row.size))
      .Bind(7, std::string_view(row.etag))
      .Bind(8, row.modified_us)
      .Bind(9, std::int64_t{row.parts})
      .BindBlob(10, row.attributes)
      .BindBlob(11, row.tags)
      .Run();
}

Result<void> WriteNewest(db::Connection& connection, std::int64_t bucket, std::string_view key,
                         const Row& row) {
  return WriteRow(connection,
                  "INSERT OR REPLACE INTO objects VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)",
                  bucket, key, row);
}

Result<void> WriteOlder(db::Connection& connection, std::int64_t bucket, std::string_view key,
                        const Row& row) {
  return WriteRow(connection,
                  "INSERT INTO object_versions VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)", bucket,
                  key, row);
}

Result<void> DeleteNewest(db::Connection& connection, std::int64_t bucket, std::string_view key) {
  return connection.Prepare("DELETE FROM objects WHERE bucket = ?1 AND key = ?2")
      .Bind(1, bucket)
      .BindBlob(2, key)
      .Run();
}

Result<void> DeleteOlder(db::Connection& connection, std::int64_t bucket, std::string_view key,
                         std::int64_t sequence) {
  return connection
      .Prepare("DELETE FROM object_versions WHERE bucket = ?1 AND key = ?2 AND sequence = ?3")
      .Bind(1, bucket)
      .BindBlob(2, key)
      .Bind(3, sequence)
      .Run();
}

Result<std::optional<Row>> FindOlder(db::Connection& connection, std::string_view sql,
                                     std::int64_t bucket, std::string_view key,
                                     std::int64_t sequence) {
  db::Statement select = connection.Prepare(sql);
  TRY(const bool found, select.Bind(1, bucket).BindBlob(2, key).Bind(3, sequence).Step());
  if (!found) return std::optional<Row>();
  return std::optional<Row>(ReadRow(select, 0));
}

// In versions older than the newest, by key (in the index) and then by flag.
Result<std::optional<Row>> FindOlderNull(db::Connection& connection, std::int64_t bucket,
                                         std::string_view key) {
  return FindOlder(connection,
                   "SELECT " SCONES_OBJECT_COLUMNS
                   " FROM object_versions WHERE bucket = ?1 AND key = ?2 AND flags & ?3",
                   bucket, key, kNullVersion);
}

Result<std::optional<Row>> FindNewestOlder(db::Connection& connection, std::int64_t bucket,
                                           std::string_view key) {
  return FindOlder(connection,
                   "SELECT " SCONES_OBJECT_COLUMNS
                   " FROM object_versions WHERE bucket = ?1 AND key = ?2 AND sequence > ?3"
                   " ORDER BY sequence DESC LIMIT 1",
                   bucket, key, 0);
}

Result<std::int64_t> ParseVersion(std::string_view version) {
  std::int64_t sequence = 0;
  const auto parsed =
      std::from_chars(version.data(), version.data() + version.size(), sequence, 16);
  if (parsed.ec != std::errc() || parsed.ptr != version.data() + version.size()) {
    return Error(Code::kInvalid, "InvalidArgument", "Invalid version id specified");
  }
  return sequence;
}

Result<void> FreeContent(db::Connection& connection, const Row& row, std::vector<Freed>& freed) {
  if (row.is_marker()) return {};
  return ReleaseContent(connection, row.content, freed);
}

Result<DeleteReceipt> DeleteById(db::Connection& connection, std::int64_t bucket,
                                 const ObjectName& name, std::vector<Freed>& freed) {
  DeleteReceipt receipt{.version = name.version, .delete_marker = false};
  Result<Row> found = FindVersion(connection, bucket, name.key, name.version);
  if (!found && found.error().code() == Code::kNotFound) return receipt;
  TRY(const Row row, std::move(found));
  receipt.delete_marker = row.is_marker();
  TRY_VOID(FreeContent(connection, row, freed));
  TRY(const std::optional<Row> newest, FindNewest(connection, bucket, name.key));
  if (!newest || newest->sequence != row.sequence) {
    TRY_VOID(DeleteOlder(connection, bucket, name.key, row.sequence));
    return receipt;
  }
  TRY(const std::optional<Row> next, FindNewestOlder(connection, bucket, name.key));
  if (!next) {
    TRY_VOID(DeleteNewest(connection, bucket, name.key));
    return receipt;
  }
  TRY_VOID(DeleteOlder(connection, bucket, name.key, next->sequence));
  TRY_VOID(WriteNewest(connection, bucket, name.key, *next));
  return receipt;
}

}  // namespace

Row ReadRow(const db::Statement& statement, int first_column) {
  return Row{.sequence = statement.Int(first_column),
             .flags = statement.Int(first_column + 1),
             .content = statement.Int(first_column + 2),
             .size = static_cast<std::uint64_t>(statement.Int(first_column + 3)),
             .etag = std::string(statement.Text(first_column + 4)),
             .modified_us = statement.Int(first_column + 5),
             .parts = static_cast<std::uint32_t>(statement.Int(first_column + 6)),
             .attributes = std::string(statement.Blob(first_column + 7)),
             .tags = std::string(statement.Blob(first_column + 8))};
}

Timestamp FromMicroseconds(std::int64_t value) {
  return Timestamp(std::chrono::microseconds(value));
}
std::int64_t ToMicroseconds(Timestamp time) { return time.time_since_epoch().count(); }

std::string VersionOf(const Row& row) {
  return row.is_null() ? "null" : fmt::format("{:016x}", row.sequence);
}

std::string VersionOf(const Row& row, Versioning versioning) {
  return versioning == Versioning::kOff ? "" : VersionOf(row);
}

ObjectInfo Describe(std::string key, const Row& row, Versioning versioning) {
  Attributes attributes = DecodeAttributes(row.attributes);
  return ObjectInfo{.key = std::move(key),
                    .version = VersionOf(row, versioning),
                    .delete_marker = row.is_marker(),
                    .size = row.size,
                    .etag = row.etag,
                    .modified = FromMicroseconds(row.modified_us),
                    .headers = std::move(attributes.headers),
                    .tags = DecodePairs(row.tags),
                    .checksum = std::move(attributes.checksum),
                    .parts_count = row.parts};
}

Result<BucketRow> FindBucket(db::Connection& connection, std::string_view name) {
  db::Statement select = connection.Prepare(
      "SELECT id, region, created, versioning, notification FROM object_buckets WHERE name = ?1");
  TRY(const bool found, select.Bind(1, name).Step());
  if (!found) return NoSuchBucket();
  BucketRow row{.id = select.Int(0),
                .bucket = {.name = std::string(name),
                           .region = std::string(select.Text(1)),
                           .created = FromMicroseconds(select.Int(2)),
                           .versioning = static_cast<Versioning>(select.Int(3))},
                .notification = {}};
  if (!select.IsNull(4)) row.notification = std::string(select.Text(4));
  return row;
}

Result<std::optional<Row>> FindNewest(db::Connection& connection, std::int64_t bucket,
                                      std::string_view key) {
  db::Statement select = connection.Prepare("SELECT " SCONES_OBJECT_COLUMNS
                                            " FROM objects WHERE bucket = ?1 AND key = ?2");
  TRY(const bool found, select.Bind(1, bucket).BindBlob(2, key).Step());
  if (!found) return std::optional<Row>();
  return std::optional<Row>(ReadRow(select, 0));
}

Result<Row> FindVersion(db::Connection& connection, std::int64_t bucket, std::string_view key,
                        std::string_view version) {
  const bool wants_null = version == "null";
  std::int64_t sequence = 0;
  if (!wants_null) {
    TRY(sequence, ParseVersion(version));
  }
  TRY(std::optional<Row> newest, FindNewest(connection, bucket, key));
  const auto matches = [&](const Row& row) {
    return wants_null ? row.is_null() : !row.is_null() && row.sequence == sequence;
  };
  if (newest && matches(*newest)) return *std::move(newest);
  std::optional<Row> older;
  if (wants_null) {
    TRY(older, FindOlderNull(connection, bucket, key));
  } else {
    TRY(older, FindOlder(connection,
                         "SELECT " SCONES_OBJECT_COLUMNS
                         " FROM object_versions WHERE bucket = ?1 AND key = ?2 AND sequence = ?3",
                         bucket, key, sequence));
  }
  if (!older || !matches(*older)) return NoSuchVersion();
  return *std::move(older);
}

Result<Row> FindReadable(db::Connection& connection, std::int64_t bucket, const ObjectName& name) {
  if (name.version.empty()) {
    TRY(std::optional<Row> newest, FindNewest(connection, bucket, name.key));
    if (!newest || newest->is_marker()) return NoSuchKey();
    return *std::move(newest);
  }
  TRY(Row row, FindVersion(connection, bucket, name.key, name.version));
  if (row.is_marker()) {
    return Error(Code::kExists, "MethodNotAllowed",
                 "The specified method is not allowed against this resource.");
  }
  return row;
}

Result<void> CheckWrite(const WriteConditions& conditions, const std::optional<Row>& newest) {
  const bool exists = newest && !newest->is_marker();
  if (conditions.if_none_match && exists &&
      (*conditions.if_none_match == "*" || *conditions.if_none_match == newest->etag)) {
    return PreconditionFailed("If-None-Match");
  }
  if (conditions.if_match) {
    if (!exists) return NoSuchKey();
    if (*conditions.if_match != "*" && *conditions.if_match != newest->etag) {
      return PreconditionFailed("If-Match");
    }
  }
  return {};
}

Result<void> AddVersion(db::Connection& connection, const BucketRow& bucket, std::string_view key,
                        const std::optional<Row>& newest, Row& row, std::vector<Freed>& freed) {
  const Versioning versioning = bucket.bucket.versioning;
  if (versioning == Versioning::kEnabled) {
    row.flags &= ~kNullVersion;
  } else {
    row.flags |= kNullVersion;
  }
  // A new null version takes the place of the former one, wherever that is.
  const bool replaces_newest = newest && row.is_null() && newest->is_null();
  if (replaces_newest) TRY_VOID(FreeContent(connection, *newest, freed));
  if (newest && !replaces_newest) TRY_VOID(WriteOlder(connection, bucket.id, key, *newest));
  if (versioning == Versioning::kSuspended && !replaces_newest) {
    TRY(const std::optional<Row> former, FindOlderNull(connection, bucket.id, key));
    if (former) {
      TRY_VOID(FreeContent(connection, *former, freed));
      TRY_VOID(DeleteOlder(connection, bucket.id, key, former->sequence));
    }
  }
  return WriteNewest(connection, bucket.id, key, row);
}

Result<DeleteReceipt> DeleteVersion(db::Connection& connection, const BucketRow& bucket,
                                    const ObjectName& name, std::int64_t sequence,
                                    std::int64_t now_us, std::vector<Freed>& freed) {
  if (!name.version.empty()) return DeleteById(connection, bucket.id, name, freed);
  TRY(const std::optional<Row> newest, FindNewest(connection, bucket.id, name.key));
  if (bucket.bucket.versioning == Versioning::kOff) {
    if (!newest) return DeleteReceipt();
    TRY_VOID(FreeContent(connection, *newest, freed));
    TRY_VOID(DeleteNewest(connection, bucket.id, name.key));
    return DeleteReceipt();
  }
  Row marker{.sequence = sequence, .flags = kDeleteMarker, .modified_us = now_us};
  TRY_VOID(AddVersion(connection, bucket, name.key, newest, marker, freed));
  return DeleteReceipt{.version = VersionOf(marker), .delete_marker = true};
}

Result<void> CheckKey(std::string_view key) {
  if (key.empty()) return Error(Code::kInvalid, "InvalidURI", "An object's key cannot be empty.");
  if (key.size() > kMaxKeyBytes) {
    return Error(Code::kInvalid, "KeyTooLongError", "Your key is too long");
  }
  return {};
}

}  // namespace scones::objects::detail
