#include "programs/object_map_data.h"

#include <fmt/format.h>

namespace scones::programs {
namespace {

io::Task<Result<std::string>> ReadObject(objects::ObjectStore& objects, objects::ObjectName name,
                                         std::size_t max_bytes) {
  CO_TRY(objects::OpenedObject object, co_await objects.Get(std::move(name), {}));
  if (object.length > max_bytes) {
    co_return Error(Code::kExhausted,
                    fmt::format("The object '{}' has {} bytes; at most {} can be read.",
                                object.info.key, object.length, max_bytes));
  }
  if (object.stream == nullptr) co_return std::move(object.bytes);
  co_return co_await http::ReadAll(*object.stream, max_bytes);
}

io::Task<Result<void>> WriteObject(objects::ObjectStore& objects, objects::ObjectName name,
                                   std::string bytes) {
  objects::PutOptions options{.headers = {{"content-type", "application/json"}}};
  const std::unique_ptr<http::BodyStream> body = http::MakeStringBody(std::move(bytes));
  CO_TRY([[maybe_unused]] const objects::PutReceipt receipt,
         co_await objects.Put(std::move(name), *body, std::move(options)));
  co_return Result<void>();
}

}  // namespace

Result<std::string> ObjectMapData::Read(const asl::ItemFetch& object, std::size_t max_bytes) {
  objects::ObjectName name{
      .bucket = object.bucket, .key = object.key, .version = object.version_id};
  return shards_.RunAndWait(ReadObject(objects_, std::move(name), max_bytes));
}

Result<asl::ListedPage> ObjectMapData::List(const asl::ItemFetch& listing) {
  objects::ListOptions options{.prefix = listing.key, .after = listing.after};
  TRY(const objects::ListPage page,
      shards_.RunAndWait(objects_.List(listing.bucket, std::move(options))));
  asl::ListedPage listed{.objects = {}, .last = !page.truncated};
  for (const objects::ObjectInfo& object : page.objects) {
    listed.objects.push_back({.etag = fmt::format("\"{}\"", object.etag),
                              .key = object.key,
                              .size = static_cast<std::int64_t>(object.size),
                              .last_modified = EpochMilliseconds(object.modified) / 1000,
                              .storage_class = "STANDARD"});
  }
  return listed;
}

Result<void> ObjectMapData::Write(const std::string& bucket, const std::string& key,
                                  std::string bytes) {
  return shards_.RunAndWait(
      WriteObject(objects_, {.bucket = bucket, .key = key, .version = ""}, std::move(bytes)));
}

}  // namespace scones::programs
