// Buckets: their names, rows and small texts.
#include <fmt/format.h>

#include "objects/detail/store_state.h"

namespace scones::objects {
namespace {

using detail::BucketRow;
using detail::FindBucket;
using detail::Freed;

bool IsLabelCharacter(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool LooksLikeIpAddress(std::string_view name) {
  int dots = 0;
  for (const char c : name) {
    if (c == '.') ++dots;
    if (c != '.' && (c < '0' || c > '9')) return false;
  }
  return dots == 3;
}

Result<bool> HasRows(db::Connection& connection, std::string_view sql, std::int64_t bucket) {
  return connection.Prepare(sql).Bind(1, bucket).Step();
}

Result<void> DropUploads(db::Connection& connection, std::int64_t bucket,
                         std::vector<Freed>& freed) {
  std::vector<std::int64_t> contents;
  {
    db::Statement select = connection.Prepare(
        "SELECT p.content FROM object_uploads u JOIN object_upload_parts p ON p.upload = "
        "u.sequence "
        "WHERE u.bucket = ?1");
    select.Bind(1, bucket);
    while (true) {
      TRY(const bool more, select.Step());
      if (!more) break;
      contents.push_back(select.Int(0));
    }
  }
  for (const std::int64_t content : contents) {
    TRY_VOID(detail::ReleaseContent(connection, content, freed));
  }
  TRY_VOID(connection
               .Prepare("DELETE FROM object_upload_parts WHERE upload IN "
                        "(SELECT sequence FROM object_uploads WHERE bucket = ?1)")
               .Bind(1, bucket)
               .Run());
  return connection.Prepare("DELETE FROM object_uploads WHERE bucket = ?1").Bind(1, bucket).Run();
}

Result<void> RemoveBucket(db::Connection& connection, std::string_view name,
                          std::vector<Freed>& freed) {
  TRY(const BucketRow row, FindBucket(connection, name));
  TRY(const bool has_objects,
      HasRows(connection, "SELECT 1 FROM objects WHERE bucket = ?1 LIMIT 1", row.id));
  TRY(const bool has_versions,
      HasRows(connection, "SELECT 1 FROM object_versions WHERE bucket = ?1 LIMIT 1", row.id));
  if (has_objects || has_versions) {
    return Error(Code::kExists, "BucketNotEmpty", "The bucket you tried to delete is not empty");
  }
  TRY_VOID(DropUploads(connection, row.id, freed));
  TRY_VOID(connection.Prepare("DELETE FROM object_bucket_texts WHERE bucket = ?1")
               .Bind(1, row.id)
               .Run());
  return connection.Prepare("DELETE FROM object_buckets WHERE id = ?1").Bind(1, row.id).Run();
}

Result<void> AddBucket(db::Connection& connection, const Bucket& bucket, std::size_t max_buckets) {
  const Result<BucketRow> existing = FindBucket(connection, bucket.name);
  if (existing) {
    return Error(
        Code::kExists, "BucketAlreadyOwnedByYou",
        "Your previous request to create the named bucket succeeded and you already own it.");
  }
  if (existing.error().code() != Code::kNotFound) return existing.error();
  {
    db::Statement count = connection.Prepare("SELECT count(*) FROM object_buckets");
    TRY([[maybe_unused]] const bool row, count.Step());
    if (count.Int(0) >= static_cast<std::int64_t>(max_buckets)) {
      return Error(Code::kExhausted, "TooManyBuckets",
                   fmt::format("You have attempted to create more than the {} buckets allowed.",
                               max_buckets));
    }
  }
  return connection
      .Prepare("INSERT INTO object_buckets (name, region, created) VALUES (?1, ?2, ?3)")
      .Bind(1, std::string_view(bucket.name))
      .Bind(2, std::string_view(bucket.region))
      .Bind(3, detail::ToMicroseconds(bucket.created))
      .Run();
}

}  // namespace

bool IsValidBucketName(std::string_view name) {
  if (name.size() < 3 || name.size() > 63) return false;
  if (!IsLabelCharacter(name.front()) || !IsLabelCharacter(name.back())) return false;
  char previous = 'a';
  for (const char c : name) {
    if (!IsLabelCharacter(c) && c != '-' && c != '.') return false;
    if (c == '.' && (previous == '.' || previous == '-')) return false;
    if (c == '-' && previous == '.') return false;
    previous = c;
  }
  const bool reserved = name.starts_with("xn--") || name.starts_with("sthree-") ||
                        name.ends_with("-s3alias") || name.ends_with("--ol-s3");
  return !reserved && !LooksLikeIpAddress(name);
}

io::Task<Result<void>> ObjectStore::CreateBucket(std::string name, std::string region) {
  if (!IsValidBucketName(name)) {
    co_return Error(Code::kInvalid, "InvalidBucketName", "The specified bucket is not valid.");
  }
  Bucket bucket{
      .name = std::move(name), .region = std::move(region), .created = state_->clock.Now()};
  auto add = [bucket = std::move(bucket), max = state_->options.max_buckets](
                 db::Connection& connection, std::vector<Freed>&) {
    return AddBucket(connection, bucket, max);
  };
  co_return co_await state_->Change(std::move(add));
}

io::Task<Result<void>> ObjectStore::DeleteBucket(std::string name) {
  auto remove = [name = std::move(name)](db::Connection& connection, std::vector<Freed>& freed) {
    return RemoveBucket(connection, name, freed);
  };
  co_return co_await state_->Change(std::move(remove));
}

io::Task<Result<Bucket>> ObjectStore::GetBucket(std::string name) {
  const auto find = [&name](db::Connection& connection) -> Result<Bucket> {
    TRY(BucketRow row, FindBucket(connection, name));
    return std::move(row.bucket);
  };
  co_return state_->database.Read(find);
}

io::Task<Result<std::vector<Bucket>>> ObjectStore::ListBuckets(std::string prefix,
                                                               std::string after, std::size_t max) {
  auto list = [prefix, after, max](db::Connection& connection) -> Result<std::vector<Bucket>> {
    db::Statement select = connection.Prepare(
        "SELECT name, region, created, versioning FROM object_buckets "
        "WHERE name > ?1 AND name >= ?2 ORDER BY name");
    select.Bind(1, std::string_view(after)).Bind(2, std::string_view(prefix));
    std::vector<Bucket> buckets;
    while (buckets.size() < max) {
      TRY(const bool more, select.Step());
      if (!more || !select.Text(0).starts_with(prefix)) break;
      buckets.push_back({.name = std::string(select.Text(0)),
                         .region = std::string(select.Text(1)),
                         .created = detail::FromMicroseconds(select.Int(2)),
                         .versioning = static_cast<Versioning>(select.Int(3))});
    }
    return buckets;
  };
  co_return co_await state_->Scan(std::move(list));
}

io::Task<Result<void>> ObjectStore::SetVersioning(std::string bucket, Versioning versioning) {
  auto set = [bucket = std::move(bucket), versioning](db::Connection& connection,
                                                      std::vector<Freed>&) -> Result<void> {
    TRY(const BucketRow row, FindBucket(connection, bucket));
    return connection.Prepare("UPDATE object_buckets SET versioning = ?2 WHERE id = ?1")
        .Bind(1, row.id)
        .Bind(2, static_cast<std::int64_t>(versioning))
        .Run();
  };
  co_return co_await state_->Change(std::move(set));
}

io::Task<Result<void>> ObjectStore::SetBucketText(std::string bucket, std::string name,
                                                  std::string text) {
  auto set = [bucket = std::move(bucket), name = std::move(name), text = std::move(text)](
                 db::Connection& connection, std::vector<Freed>&) -> Result<void> {
    TRY(const BucketRow row, FindBucket(connection, bucket));
    const std::string_view sql =
        text.empty() ? "DELETE FROM object_bucket_texts WHERE bucket = ?1 AND name = ?2"
                     : "INSERT OR REPLACE INTO object_bucket_texts VALUES (?1, ?2, ?3)";
    db::Statement change = connection.Prepare(sql);
    change.Bind(1, row.id).Bind(2, std::string_view(name));
    if (!text.empty()) change.Bind(3, std::string_view(text));
    return change.Run();
  };
  co_return co_await state_->Change(std::move(set));
}

io::Task<Result<std::optional<std::string>>> ObjectStore::FindBucketText(std::string bucket,
                                                                         std::string name) {
  const auto find = [&](db::Connection& connection) -> Result<std::optional<std::string>> {
    TRY(const BucketRow row, FindBucket(connection, bucket));
    db::Statement select =
        connection.Prepare("SELECT text FROM object_bucket_texts WHERE bucket = ?1 AND name = ?2");
    TRY(const bool found, select.Bind(1, row.id).Bind(2, std::string_view(name)).Step());
    if (!found) return std::optional<std::string>();
    return std::optional<std::string>(select.Text(0));
  };
  co_return state_->database.Read(find);
}

io::Task<Result<void>> ObjectStore::SetNotification(std::string bucket,
                                                    NotificationConfiguration told, bool trusted) {
  for (const FunctionNotification& one : told.functions) {
    const EventSink* sink = state_->options.event_sink;
    if (trusted || sink == nullptr || sink->CheckFunction(one.function_arn)) continue;
    co_return Error(Code::kInvalid, "InvalidArgument",
                    fmt::format("Unable to validate the following destination configurations: "
                                "there is no function '{}'",
                                one.function_arn));
  }
  auto set = [bucket = std::move(bucket), text = told.empty() ? "" : EncodeNotification(told)](
                 db::Connection& connection, std::vector<Freed>&) -> Result<void> {
    TRY(const BucketRow row, FindBucket(connection, bucket));
    db::Statement update =
        connection.Prepare("UPDATE object_buckets SET notification = ?2 WHERE id = ?1");
    update.Bind(1, row.id);
    if (text.empty()) {
      update.BindNull(2);
    } else {
      update.Bind(2, std::string_view(text));
    }
    return update.Run();
  };
  co_return co_await state_->Change(std::move(set));
}

io::Task<Result<NotificationConfiguration>> ObjectStore::GetNotification(std::string bucket) {
  const auto get = [&](db::Connection& connection) -> Result<NotificationConfiguration> {
    TRY(const BucketRow row, FindBucket(connection, bucket));
    if (!row.notification) return NotificationConfiguration();
    return DecodeNotification(*row.notification);
  };
  co_return state_->database.Read(get);
}

}  // namespace scones::objects
