// Get, Head: one look-up in the database, then bytes from the row or from pinned files.
#include "objects/conditions.h"
#include "objects/detail/content_stream.h"
#include "objects/detail/store_state.h"

namespace scones::objects {
namespace {

using detail::BucketRow;
using detail::ContentKind;
using detail::Row;
using detail::Segment;

struct Found {
  Versioning versioning = Versioning::kOff;
  Row row;
  ContentKind kind = ContentKind::kInline;
  bool has_content = false;  // false where it was removed between two looks
  std::string bytes;
};

constexpr std::string_view kSelectCurrent =
    "SELECT b.versioning, " SCONES_OBJECT_COLUMNS
    " FROM object_buckets b JOIN objects o ON o.bucket = b.id WHERE b.name = ?1 AND o.key = ?2";
constexpr std::string_view kSelectCurrentWithContent =
    "SELECT b.versioning, " SCONES_OBJECT_COLUMNS
    ", c.kind, c.bytes FROM object_buckets b JOIN objects o ON o.bucket = b.id"
    " JOIN object_contents c ON c.id = o.content WHERE b.name = ?1 AND o.key = ?2";
constexpr int kColumns = 9;

enum class Want { kRow, kContent };

// The common case in one statement. Nothing where it takes a closer look to tell why.
Result<std::optional<Found>> FindCurrent(db::Connection& connection, const ObjectName& name,
                                         Want want) {
  db::Statement select =
      connection.Prepare(want == Want::kRow ? kSelectCurrent : kSelectCurrentWithContent);
  TRY(const bool found, select.Bind(1, std::string_view(name.bucket)).BindBlob(2, name.key).Step());
  if (!found) return std::optional<Found>();
  Found one{.versioning = static_cast<Versioning>(select.Int(0)),
            .row = detail::ReadRow(select, 1)};
  if (one.row.is_marker()) return std::optional<Found>();
  if (want == Want::kContent) {
    one.has_content = true;
    one.kind = static_cast<ContentKind>(select.Int(1 + kColumns));
    one.bytes = std::string(select.Blob(2 + kColumns));
  }
  return std::optional<Found>(std::move(one));
}

Result<Found> FindAny(db::Connection& connection, const ObjectName& name, Want want) {
  if (name.version.empty()) {
    TRY(std::optional<Found> current, FindCurrent(connection, name, want));
    if (current) return *std::move(current);
  }
  TRY(const BucketRow bucket, detail::FindBucket(connection, name.bucket));
  TRY(Row row, detail::FindReadable(connection, bucket.id, name));
  Found found{.versioning = bucket.bucket.versioning, .row = std::move(row)};
  if (want == Want::kRow) return found;
  db::Statement select =
      connection.Prepare("SELECT kind, bytes FROM object_contents WHERE id = ?1");
  TRY(found.has_content, select.Bind(1, found.row.content).Step());
  if (found.has_content) {
    found.kind = static_cast<ContentKind>(select.Int(0));
    found.bytes = std::string(select.Blob(1));
  }
  return found;
}

Result<Extent> FindPart(db::Connection& connection, const Row& row, std::uint32_t number) {
  const Error no_such_part(Code::kInvalid, "InvalidPart",
                           "The requested partnumber is not satisfiable");
  if (row.parts == 0) {
    if (number != 1) return no_such_part;
    return Extent{.offset = 0, .length = row.size};
  }
  // Parts are numbered as they were uploaded; a reader counts them from 1.
  db::Statement select = connection.Prepare(
      "SELECT offset, size FROM object_parts WHERE content = ?1 ORDER BY number LIMIT 1 OFFSET ?2");
  TRY(const bool found, select.Bind(1, row.content).Bind(2, std::int64_t{number} - 1).Step());
  if (!found) return no_such_part;
  return Extent{.offset = static_cast<std::uint64_t>(select.Int(0)),
                .length = static_cast<std::uint64_t>(select.Int(1))};
}

Result<OpenedObject> Describe(db::Connection& connection, const ObjectName& name,
                              const Found& found, const GetOptions& options) {
  OpenedObject opened;
  opened.info = detail::Describe(name.key, found.row, found.versioning);
  TRY_VOID(CheckRead(options.conditions, opened.info.etag, opened.info.modified));
  Extent extent{.offset = 0, .length = opened.info.size};
  if (options.part_number) {
    TRY(extent, FindPart(connection, found.row, *options.part_number));
  } else if (options.range) {
    TRY(extent, ResolveRange(*options.range, opened.info.size));
  }
  opened.partial = options.part_number || options.range;
  opened.offset = extent.offset;
  opened.length = extent.length;
  return opened;
}

// The files of a content that is pinned; nothing where it went before the pin was there.
Result<std::vector<Segment>> FindSegments(db::Connection& connection, const Found& found) {
  std::vector<Segment> segments;
  if (found.kind == ContentKind::kFile) {
    segments.push_back({.file = found.row.content, .size = found.row.size});
  } else {
    db::Statement select = connection.Prepare(
        "SELECT segment, size FROM object_parts WHERE content = ?1 ORDER BY number");
    select.Bind(1, found.row.content);
    while (true) {
      TRY(const bool more, select.Step());
      if (!more) break;
      segments.push_back(
          {.file = select.Int(0), .size = static_cast<std::uint64_t>(select.Int(1))});
    }
  }
  // Looked at last: if the content is still there, the parts read before were all of them.
  db::Statement check = connection.Prepare("SELECT 1 FROM object_contents WHERE id = ?1");
  TRY(const bool exists, check.Bind(1, found.row.content).Step());
  if (!exists) segments.clear();
  return segments;
}

}  // namespace

io::Task<Result<OpenedObject>> ObjectStore::Head(ObjectName name, GetOptions options) {
  const auto head = [&](db::Connection& connection) -> Result<OpenedObject> {
    TRY(const Found found, FindAny(connection, name, Want::kRow));
    return Describe(connection, name, found, options);
  };
  co_return state_->database.Read(head);
}

io::Task<Result<OpenedObject>> ObjectStore::Get(ObjectName name, GetOptions options) {
  constexpr int kTries = 100;  // each is lost only to an overwrite in the same instant
  for (int i = 0; i < kTries; ++i) {
    Found found;
    const auto look = [&](db::Connection& connection) -> Result<OpenedObject> {
      TRY(found, FindAny(connection, name, Want::kContent));
      return Describe(connection, name, found, options);
    };
    CO_TRY(OpenedObject opened, state_->database.Read(look));
    if (!found.has_content) continue;
    if (found.kind == ContentKind::kInline) {
      opened.bytes = std::move(found.bytes);
      if (opened.length != opened.bytes.size()) {
        opened.bytes = opened.bytes.substr(opened.offset, opened.length);
      }
      co_return opened;
    }
    auto pin = state_->contents->MakePin(found.row.content);
    const auto find = [&found](db::Connection& connection) {
      return FindSegments(connection, found);
    };
    CO_TRY(std::vector<Segment> segments, state_->database.Read(find));
    if (segments.empty()) continue;
    auto stream = co_await detail::OpenContentStream(
        state_->contents, std::move(pin), std::move(segments), opened.offset, opened.length);
    if (!stream) co_return detail::StorageFault(stream.error());
    opened.stream = *std::move(stream);
    co_return opened;
  }
  co_return Error(Code::kUnavailable, "SlowDown", "the object is being replaced; try again");
}

io::Task<std::optional<std::string>> ObjectStore::FindDeleteMarker(ObjectName name) {
  const auto find = [&](db::Connection& connection) -> Result<std::string> {
    TRY(const BucketRow bucket, detail::FindBucket(connection, name.bucket));
    if (!name.version.empty()) {
      TRY(const Row row, detail::FindVersion(connection, bucket.id, name.key, name.version));
      return row.is_marker() ? detail::VersionOf(row) : "";
    }
    TRY(const std::optional<Row> newest, detail::FindNewest(connection, bucket.id, name.key));
    return newest && newest->is_marker() ? detail::VersionOf(*newest) : "";
  };
  const std::string version = state_->database.Read(find).value_or("");
  co_return version.empty() ? std::nullopt : std::optional<std::string>(version);
}

}  // namespace scones::objects
