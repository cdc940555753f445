// List and ListVersions: a scan in key order that seeks past each common prefix, so its cost is
// that of the entries it returns.
#include "objects/detail/key_range.h"
#include "objects/detail/pairs.h"
#include "objects/detail/store_state.h"

namespace scones::objects {
namespace {

using detail::BucketRow;
using detail::Row;

constexpr std::string_view kScanObjects =
    "SELECT key, " SCONES_OBJECT_COLUMNS
    " FROM objects WHERE bucket = ?1 AND key >= ?2 ORDER BY key";
constexpr std::string_view kScanVersions =
    "SELECT key, " SCONES_OBJECT_COLUMNS
    ", 1 AS newest FROM objects WHERE bucket = ?1 AND key >= ?2 "
    "UNION ALL SELECT key, " SCONES_OBJECT_COLUMNS
    ", 0 FROM object_versions WHERE bucket = ?1 AND key >= ?2 ORDER BY 1, 2 DESC";
constexpr int kNewestColumn = 10;

class Lister {
 public:
  Lister(db::Connection& connection, const BucketRow& bucket, const ListOptions& options,
         bool all_versions)
      : connection_(connection),
        bucket_(bucket),
        options_(options),
        all_versions_(all_versions),
        next_key_(detail::FirstKey(options.prefix, options.after, options.delimiter)) {}

  Result<ListPage> Run() {
    if (options_.max_entries == 0) return std::move(page_);
    TRY_VOID(FindPlace());
    while (!done_) TRY_VOID(ScanToCommonPrefix());
    return std::move(page_);
  }

 private:
  // The version to go on after, as a place in the order.
  Result<void> FindPlace() {
    if (options_.after_version.empty()) return {};
    Result<Row> row =
        detail::FindVersion(connection_, bucket_.id, options_.after, options_.after_version);
    if (row) sequence_after_ = row->sequence;
    if (!row && row.error().code() != Code::kNotFound) return row.error();
    return {};
  }

  // Reads from next_key_ to the end of the page or of the range, or through the first key of a
  // common prefix, beyond which next_key_ then points.
  Result<void> ScanToCommonPrefix() {
    db::Statement scan = connection_.Prepare(all_versions_ ? kScanVersions : kScanObjects);
    scan.Bind(1, bucket_.id).BindBlob(2, next_key_);
    while (true) {
      TRY(const bool more, scan.Step());
      const std::string_view key = more ? scan.Blob(0) : std::string_view();
      if (!more || !key.starts_with(options_.prefix)) {
        done_ = true;
        return {};
      }
      if (IsTold(key, scan.Int(1))) continue;
      if (!all_versions_ && (scan.Int(2) & detail::kDeleteMarker) != 0) continue;
      if (IsFull()) return {};
      const std::string_view common =
          detail::CommonPrefix(key, options_.prefix, options_.delimiter);
      if (common.empty()) {
        AddObject(scan, key);
        continue;
      }
      page_.common_prefixes.emplace_back(common);
      page_.next_after = common;
      page_.next_after_version.clear();
      std::optional<std::string> beyond = detail::PrefixSuccessor(std::string(common));
      done_ = !beyond;
      if (beyond) next_key_ = *std::move(beyond);
      return {};
    }
  }

  // Whether the entry is at or before the place to go on after.
  bool IsTold(std::string_view key, std::int64_t sequence) const {
    if (key > options_.after) return false;
    if (options_.after.empty() || key < options_.after) return true;
    if (options_.after_version.empty()) return true;
    if (sequence_after_ < 0) return true;
    return sequence >= sequence_after_;
  }

  bool IsFull() {
    if (page_.objects.size() + page_.common_prefixes.size() < options_.max_entries) return false;
    page_.truncated = true;
    done_ = true;
    return true;
  }

  void AddObject(const db::Statement& scan, std::string_view key) {
    const Row row = detail::ReadRow(scan, 1);
    ObjectInfo info{.key = std::string(key),
                    .version = detail::VersionOf(row, bucket_.bucket.versioning),
                    .is_latest = !all_versions_ || scan.Int(kNewestColumn) != 0,
                    .delete_marker = row.is_marker(),
                    .size = row.size,
                    .etag = row.etag,
                    .modified = detail::FromMicroseconds(row.modified_us),
                    .headers = {},
                    .tags = {},
                    .checksum = detail::DecodeAttributes(row.attributes).checksum,
                    .parts_count = row.parts};
    if (all_versions_) info.version = detail::VersionOf(row);
    page_.next_after = info.key;
    page_.next_after_version = info.version;
    page_.objects.push_back(std::move(info));
  }

  db::Connection& connection_;
  const BucketRow& bucket_;
  const ListOptions& options_;
  const bool all_versions_;
  std::string next_key_;
  std::int64_t sequence_after_ = -1;
  bool done_ = false;
  ListPage page_;
};

Result<ListPage> ListAny(db::Connection& connection, const std::string& bucket,
                         const ListOptions& options, bool all_versions) {
  TRY(const BucketRow row, detail::FindBucket(connection, bucket));
  Lister lister(connection, row, options, all_versions);
  return lister.Run();
}

}  // namespace

io::Task<Result<ListPage>> ObjectStore::List(std::string bucket, ListOptions options) {
  auto list = [bucket = std::move(bucket),
               options = std::move(options)](db::Connection& connection) {
    return ListAny(connection, bucket, options, /*all_versions=*/false);
  };
  co_return co_await state_->Scan(std::move(list));
}

io::Task<Result<ListPage>> ObjectStore::ListVersions(std::string bucket, ListOptions options) {
  auto list = [bucket = std::move(bucket),
               options = std::move(options)](db::Connection& connection) {
    return ListAny(connection, bucket, options, /*all_versions=*/true);
  };
  co_return co_await state_->Scan(std::move(list));
}

}  // namespace scones::objects
