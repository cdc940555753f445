#include "objects/detail/upload_rows.h"

#include "objects/detail/catalog.h"
#include "objects/detail/faults.h"
#include "objects/detail/key_range.h"

namespace scones::objects::detail {
namespace {

constexpr std::string_view kUploadColumns =
    "SELECT sequence, id, key, created, attributes, tags, checksum_algorithm, checksum_type "
    "FROM object_uploads ";

UploadRow ReadUpload(const db::Statement& select) {
  return {.sequence = select.Int(0),
          .upload = {.key = std::string(select.Blob(2)),
                     .upload_id = std::string(select.Text(1)),
                     .created = FromMicroseconds(select.Int(3)),
                     .checksum_algorithm = ParseChecksumName(select.Text(6)),
                     .checksum_type = static_cast<ChecksumType>(select.Int(7))},
          .attributes = std::string(select.Blob(4)),
          .tags = std::string(select.Blob(5))};
}

// From columns number, size, etag, modified, checksum.
Part ReadPart(const db::Statement& select) {
  return {.number = static_cast<std::uint32_t>(select.Int(0)),
          .size = static_cast<std::uint64_t>(select.Int(1)),
          .etag = std::string(select.Text(2)),
          .modified = FromMicroseconds(select.Int(3)),
          .checksum = DecodeChecksum(select.Text(4))};
}

Result<PartPage> ReadParts(db::Connection& connection, std::string_view sql, std::int64_t owner,
                           std::uint32_t after, std::size_t max) {
  db::Statement select = connection.Prepare(sql);
  select.Bind(1, owner).Bind(2, std::int64_t{after});
  PartPage page;
  while (max > 0) {
    TRY(const bool more, select.Step());
    if (!more) break;
    page.truncated = page.parts.size() == max;
    if (page.truncated) break;
    page.parts.push_back(ReadPart(select));
  }
  return page;
}

}  // namespace

Result<void> WriteUpload(db::Connection& connection, std::int64_t bucket, const UploadRow& row) {
  const std::string_view algorithm =
      row.upload.checksum_algorithm ? ChecksumName(*row.upload.checksum_algorithm) : "";
  return connection.Prepare("INSERT INTO object_uploads VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)")
      .Bind(1, row.sequence)
      .Bind(2, std::string_view(row.upload.upload_id))
      .Bind(3, bucket)
      .BindBlob(4, row.upload.key)
      .Bind(5, ToMicroseconds(row.upload.created))
      .BindBlob(6, row.attributes)
      .BindBlob(7, row.tags)
      .Bind(8, algorithm)
      .Bind(9, static_cast<std::int64_t>(row.upload.checksum_type))
      .Run();
}

Result<UploadRow> FindUpload(db::Connection& connection, std::int64_t bucket,
                             const UploadName& name) {
  static const std::string sql =
      std::string(kUploadColumns) + "WHERE id = ?1 AND bucket = ?2 AND key = ?3";
  db::Statement select = connection.Prepare(sql);
  select.Bind(1, std::string_view(name.upload_id)).Bind(2, bucket).BindBlob(3, name.key);
  TRY(const bool found, select.Step());
  if (!found) return NoSuchUpload();
  return ReadUpload(select);
}

Result<void> RemoveUpload(db::Connection& connection, std::int64_t upload,
                          std::vector<Freed>& freed) {
  std::vector<std::int64_t> contents;
  {
    db::Statement select =
        connection.Prepare("SELECT content FROM object_upload_parts WHERE upload = ?1");
    select.Bind(1, upload);
    while (true) {
      TRY(const bool more, select.Step());
      if (!more) break;
      contents.push_back(select.Int(0));
    }
  }
  for (const std::int64_t content : contents) {
    TRY_VOID(ReleaseContent(connection, content, freed));
  }
  TRY_VOID(connection.Prepare("DELETE FROM object_upload_parts WHERE upload = ?1")
               .Bind(1, upload)
               .Run());
  return connection.Prepare("DELETE FROM object_uploads WHERE sequence = ?1").Bind(1, upload).Run();
}

Result<UploadPage> ReadUploads(db::Connection& connection, std::int64_t bucket,
                               const ListOptions& options) {
  static const std::string sql =
      std::string(kUploadColumns) + "WHERE bucket = ?1 AND key >= ?2 ORDER BY key, sequence";
  std::int64_t after_sequence = -1;
  if (!options.after_version.empty()) {
    const UploadName name{.bucket = {}, .key = options.after, .upload_id = options.after_version};
    const Result<UploadRow> row = FindUpload(connection, bucket, name);
    if (row) after_sequence = row->sequence;
  }
  db::Statement select = connection.Prepare(sql);
  const std::string first = FirstKey(options.prefix, options.after, options.delimiter);
  select.Bind(1, bucket).BindBlob(2, first);
  UploadPage page;
  while (options.max_entries > 0) {
    TRY(const bool more, select.Step());
    if (!more || !select.Blob(2).starts_with(options.prefix)) break;
    UploadRow row = ReadUpload(select);
    const std::string& key = row.upload.key;
    const bool told = !options.after.empty() && key == options.after &&
                      (after_sequence < 0 || row.sequence <= after_sequence);
    if (told) continue;
    const std::string common(CommonPrefix(key, options.prefix, options.delimiter));
    if (!common.empty() && !page.common_prefixes.empty() && page.common_prefixes.back() == common) {
      continue;
    }
    page.truncated = page.uploads.size() + page.common_prefixes.size() == options.max_entries;
    if (page.truncated) break;
    page.next_key = common.empty() ? key : common;
    page.next_upload_id = common.empty() ? row.upload.upload_id : "";
    if (common.empty()) {
      page.uploads.push_back(std::move(row.upload));
    } else {
      page.common_prefixes.push_back(common);
    }
  }
  return page;
}

Result<void> WritePart(db::Connection& connection, std::int64_t upload, const StoredPart& stored) {
  const std::string checksum = EncodeChecksum(stored.part.checksum);
  return connection
      .Prepare("INSERT OR REPLACE INTO object_upload_parts VALUES (?1,?2,?3,?4,?5,?6,?7)")
      .Bind(1, upload)
      .Bind(2, std::int64_t{stored.part.number})
      .Bind(3, stored.content)
      .Bind(4, static_cast<std::int64_t>(stored.part.size))
      .Bind(5, std::string_view(stored.part.etag))
      .Bind(6, ToMicroseconds(stored.part.modified))
      .Bind(7, std::string_view(checksum))
      .Run();
}

Result<std::optional<StoredPart>> FindPart(db::Connection& connection, std::int64_t upload,
                                           std::uint32_t number) {
  db::Statement select = connection.Prepare(
      "SELECT number, size, etag, modified, checksum, content FROM object_upload_parts "
      "WHERE upload = ?1 AND number = ?2");
  TRY(const bool found, select.Bind(1, upload).Bind(2, std::int64_t{number}).Step());
  if (!found) return std::optional<StoredPart>();
  return std::optional<StoredPart>({.part = ReadPart(select), .content = select.Int(5)});
}

Result<PartPage> ReadUploadParts(db::Connection& connection, std::int64_t upload,
                                 std::uint32_t after, std::size_t max) {
  return ReadParts(connection,
                   "SELECT number, size, etag, modified, checksum FROM object_upload_parts "
                   "WHERE upload = ?1 AND number > ?2 ORDER BY number",
                   upload, after, max);
}

Result<PartPage> ReadObjectParts(db::Connection& connection, std::int64_t content,
                                 std::uint32_t after, std::size_t max) {
  return ReadParts(connection,
                   "SELECT number, size, etag, modified, checksum FROM object_parts "
                   "WHERE content = ?1 AND number > ?2 ORDER BY number",
                   content, after, max);
}

Result<void> JoinParts(db::Connection& connection, std::int64_t content, std::int64_t upload,
                       const std::vector<StoredPart>& parts) {
  TRY_VOID(InsertContent(connection, content, ContentKind::kParts, ""));
  std::uint64_t offset = 0;
  for (const StoredPart& stored : parts) {
    const std::string checksum = EncodeChecksum(stored.part.checksum);
    TRY_VOID(connection.Prepare("INSERT INTO object_parts VALUES (?1,?2,?3,?4,?5,?6,?7,?8)")
                 .Bind(1, content)
                 .Bind(2, std::int64_t{stored.part.number})
                 .Bind(3, stored.content)
                 .Bind(4, static_cast<std::int64_t>(offset))
                 .Bind(5, static_cast<std::int64_t>(stored.part.size))
                 .Bind(6, std::string_view(stored.part.etag))
                 .Bind(7, ToMicroseconds(stored.part.modified))
                 .Bind(8, std::string_view(checksum))
                 .Run());
    // The upload's row goes without releasing what the object has taken over.
    TRY_VOID(connection.Prepare("DELETE FROM object_upload_parts WHERE upload = ?1 AND number = ?2")
                 .Bind(1, upload)
                 .Bind(2, std::int64_t{stored.part.number})
                 .Run());
    offset += stored.part.size;
  }
  return {};
}

}  // namespace scones::objects::detail
