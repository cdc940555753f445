#include "asl/item_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>

#include "asl/payload.h"

namespace scones::asl {
namespace {

constexpr std::size_t kMaxCsvHeaderBytes = 10 * 1024;
constexpr char kNotIterable[] = "Attempting to map over non-iterable node.";

std::string SourceOf(const ItemFetch& fetch) {
  if (fetch.kind == ItemFetch::Kind::kListing) return fmt::format("S3://{}", fetch.bucket);
  return fmt::format("S3://{}/{}", fetch.bucket, fetch.key);
}

std::string_view Trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

// The next line without its break; `at` moves behind it.
std::string_view TakeLine(std::string_view text, std::size_t& at) {
  const std::size_t end = std::min(text.find('\n', at), text.size());
  std::string_view line = text.substr(at, end - at);
  at = end + 1;
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// java.lang.String.hashCode, mixed as java.util.HashMap does.
std::uint32_t HashOf(std::string_view text) {
  std::uint32_t hash = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    std::uint32_t point = length == 1 ? lead : lead & (0x7FU >> length);
    for (std::size_t next = i + 1; next < std::min(i + length, text.size()); ++next) {
      point = point << 6 | (static_cast<unsigned char>(text[next]) & 0x3FU);
    }
    i += length;
    if (point >= 0x10000) {
      hash = hash * 31 + (0xD800 + ((point - 0x10000) >> 10));
      point = 0xDC00 + ((point - 0x10000) & 0x3FF);
    }
    hash = hash * 31 + point;
  }
  return hash ^ hash >> 16;
}

// The places of the columns in the order in which AWS writes a row's members, which is that of a
// Java hash map: rows come out as their texts were recorded.
std::vector<std::size_t> MemberOrder(const std::vector<std::string>& headers) {
  std::size_t buckets = 16;
  while (headers.size() * 4 > buckets * 3) buckets *= 2;
  std::vector<std::size_t> order(headers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return (HashOf(headers[a]) & (buckets - 1)) < (HashOf(headers[b]) & (buckets - 1));
  });
  return order;
}

// Without a byte order mark.
std::string_view WithoutMark(std::string_view bytes) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  return bytes;
}

}  // namespace

Error ItemReaderFailed(std::string cause) {
  return Error(Code::kInvalid, "States.ItemReaderFailed", std::move(cause));
}

Result<std::vector<std::string>> ReadCsvRecord(std::string_view text, std::size_t& at,
                                               char delimiter) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  bool fresh = true;  // nothing of this field has been read
  while (at < text.size()) {
    const char c = text[at++];
    if (quoted) {
      if (c != '"') {
        fields.back().push_back(c);
      } else if (at < text.size() && text[at] == '"') {
        fields.back().push_back('"');
        ++at;
      } else {
        quoted = false;
      }
    } else if (c == '"' && fresh) {
      quoted = true;
      fresh = false;
    } else if (c == delimiter) {
      fields.emplace_back();
      fresh = true;
    } else if (c == '\n') {
      return fields;
    } else if (c == '\r' && (at == text.size() || text[at] == '\n')) {
      continue;
    } else {
      fields.back().push_back(c);
      fresh = false;
    }
  }
  if (quoted) return Error(Code::kInvalid, "a quoted field does not end");
  return fields;
}

const json::value* FindByPointer(const json::value& root, std::string_view pointer) {
  const json::value* at = &root;
  while (!pointer.empty()) {
    if (pointer.front() != '/') return nullptr;
    pointer.remove_prefix(1);
    const std::size_t end = std::min(pointer.find('/'), pointer.size());
    std::string token;
    for (std::size_t i = 0; i < end; ++i) {
      const bool escape = pointer[i] == '~' && i + 1 < end;
      token.push_back(!escape ? pointer[i] : pointer[++i] == '1' ? '/' : '~');
    }
    pointer.remove_prefix(end);
    if (const json::object* object = at->if_object()) {
      at = object->if_contains(token);
    } else if (const json::array* array = at->if_array()) {
      std::size_t index = 0;
      const auto [stop, fault] = std::from_chars(token.data(), token.data() + token.size(), index);
      const bool whole = fault == std::errc() && stop == token.data() + token.size();
      at = whole && index < array->size() ? &(*array)[index] : nullptr;
    } else {
      at = nullptr;
    }
    if (at == nullptr) return nullptr;
  }
  return at;
}

ItemReader::ItemReader(ItemReaderSpec spec, Sink sink)
    : spec_(std::move(spec)), sink_(std::move(sink)) {
  using Source = ItemReaderSpec::Source;
  const bool lists = spec_.source == Source::kListing || spec_.source == Source::kFlatten;
  fetches_.push_back({.kind = lists ? ItemFetch::Kind::kListing : ItemFetch::Kind::kObject,
                      .bucket = spec_.bucket,
                      .key = spec_.key,
                      .version_id = spec_.version_id,
                      .after = ""});
  in_data_ = spec_.source == Source::kObject;
}

std::optional<ItemFetch> ItemReader::Next() const {
  if (fetches_.empty() || Full()) return std::nullopt;
  return fetches_.front();
}

Result<void> ItemReader::Emit(json::value value, std::optional<std::string> key) {
  ++items_;
  return sink_({std::move(value), std::move(key), SourceOf(fetches_.front())});
}

Result<void> ItemReader::FeedObject(std::string_view bytes) {
  using Source = ItemReaderSpec::Source;
  if (in_data_) {
    TRY_VOID(ReadItems(bytes));
  } else {
    TRY_VOID(spec_.source == Source::kInventory ? ReadManifest(bytes) : ReadAddresses(bytes));
    in_data_ = true;
  }
  fetches_.pop_front();
  return {};
}

Result<void> ItemReader::FeedListing(const ListedPage& page) {
  const bool flatten = spec_.source == ItemReaderSpec::Source::kFlatten;
  for (const ListedObject& object : page.objects) {
    if (flatten) {
      fetches_.push_back({.kind = ItemFetch::Kind::kObject,
                          .bucket = spec_.bucket,
                          .key = object.key,
                          .version_id = "",
                          .after = ""});
      continue;
    }
    if (Full()) break;
    TRY_VOID(Emit(json::object{{"Etag", object.etag},
                               {"Key", object.key},
                               {"LastModified", object.last_modified},
                               {"Size", object.size},
                               {"StorageClass", object.storage_class}}));
  }
  if (page.last || page.objects.empty()) {
    fetches_.pop_front();
    in_data_ = true;
  } else {
    fetches_.front().after = page.objects.back().key;
  }
  return {};
}

Result<void> ItemReader::ReadItems(std::string_view bytes) {
  bytes = WithoutMark(bytes);
  // An inventory's columns are named by its manifest.
  if (spec_.source == ItemReaderSpec::Source::kInventory) return ReadCsv(bytes);
  switch (spec_.format) {
    case ItemFormat::kJson:
      return ReadJsonArray(bytes);
    case ItemFormat::kJsonLines:
      return ReadJsonLines(bytes);
    case ItemFormat::kCsv:
      return ReadCsv(bytes);
  }
  return {};
}

Result<void> ItemReader::ReadJsonArray(std::string_view bytes) {
  auto parsed = ParseJson(bytes, {.max_depth = kMaxPayloadDepth});
  if (!parsed) {
    return ItemReaderFailed(
        fmt::format("The object is not valid JSON: {}", parsed.error().message()));
  }
  const json::value* items = FindByPointer(*parsed, spec_.items_pointer);
  if (items == nullptr) {
    return ItemReaderFailed(
        fmt::format("The ItemsPointer '{}' does not reference a value in the "
                    "object.",
                    spec_.items_pointer));
  }
  const json::object* object = items->if_object();
  if (object != nullptr && !spec_.items_pointer.empty()) {
    for (const auto& member : *object) {
      if (Full()) break;
      json::object pair{{"Key", member.key()}, {"Value", member.value()}};
      TRY_VOID(Emit(std::move(pair), std::string(member.key())));
    }
    return {};
  }
  const json::array* array = items->if_array();
  if (array == nullptr) return ItemReaderFailed(kNotIterable);
  for (const json::value& item : *array) {
    if (Full()) break;
    TRY_VOID(Emit(item));
  }
  return {};
}

Result<void> ItemReader::ReadJsonLines(std::string_view bytes) {
  std::int64_t number = 0;
  for (std::size_t at = 0; at < bytes.size() && !Full();) {
    const std::string_view line = TakeLine(bytes, at);
    ++number;
    if (Trimmed(line).empty()) continue;
    auto value = ParseJson(line, {.max_depth = kMaxPayloadDepth});
    if (!value) {
      return ItemReaderFailed(
          fmt::format("Line {} is not valid JSON: {}", number, value.error().message()));
    }
    TRY_VOID(Emit(*std::move(value)));
  }
  return {};
}

// A record that is shorter than the headers has empty texts in its place; what is longer is cut.
// Lines without a character are no records.
Result<void> ItemReader::ReadCsv(std::string_view bytes) {
  std::vector<std::string> headers = spec_.headers;
  std::size_t at = 0;
  bool named = spec_.headers_given;
  std::vector<std::size_t> order = MemberOrder(headers);
  while (at < bytes.size() && !Full()) {
    if (bytes.substr(at).starts_with('\n') || bytes.substr(at).starts_with("\r\n")) {
      (void)TakeLine(bytes, at);
      continue;
    }
    const std::size_t begin = at;
    auto record = ReadCsvRecord(bytes, at, spec_.delimiter);
    if (!record) {
      return ItemReaderFailed(
          fmt::format("The object is not valid CSV: {}", record.error().message()));
    }
    if (!named) {
      if (at - begin > kMaxCsvHeaderBytes) {
        return ItemReaderFailed(
            fmt::format("The CSV header has more than {} bytes.", kMaxCsvHeaderBytes));
      }
      headers = *std::move(record);
      order = MemberOrder(headers);
      named = true;
      continue;
    }
    json::object item;
    item.reserve(headers.size());
    for (const std::size_t i : order) {
      item.emplace(headers[i], i < record->size() ? std::string_view((*record)[i]) : "");
    }
    TRY_VOID(Emit(std::move(item)));
  }
  return {};
}

// manifest.json of an S3 inventory: its columns and its files.
Result<void> ItemReader::ReadManifest(std::string_view bytes) {
  const auto parsed = ParseJson(WithoutMark(bytes));
  const json::object* manifest = parsed ? parsed->if_object() : nullptr;
  const json::array* files = manifest == nullptr ? nullptr : FindArray(*manifest, "files");
  if (files == nullptr) {
    return ItemReaderFailed("The manifest is not that of an S3 inventory: it has no 'files'.");
  }
  if (StringOr(*manifest, "fileFormat", "CSV") != "CSV") {
    return ItemReaderFailed(
        fmt::format("The inventory's format '{}' is not supported: only CSV is.",
                    StringOr(*manifest, "fileFormat", "")));
  }
  spec_.headers_given = true;
  spec_.headers.clear();
  const std::string schema = StringOr(*manifest, "fileSchema", "");
  for (std::size_t at = 0; at < schema.size();) {
    const std::size_t end = std::min(schema.find(',', at), schema.size());
    spec_.headers.emplace_back(Trimmed(std::string_view(schema).substr(at, end - at)));
    at = end + 1;
  }
  std::string bucket = StringOr(*manifest, "destinationBucket", spec_.bucket);
  static constexpr std::string_view kBucketArn = "arn:aws:s3:::";
  if (bucket.starts_with(kBucketArn)) bucket.erase(0, kBucketArn.size());
  for (const json::value& file : *files) {
    const json::object* object = file.if_object();
    const json::string* key = object == nullptr ? nullptr : FindString(*object, "key");
    if (key == nullptr) return ItemReaderFailed("A file of the inventory's manifest has no 'key'.");
    fetches_.push_back({.kind = ItemFetch::Kind::kObject,
                        .bucket = bucket,
                        .key = std::string(*key),
                        .version_id = "",
                        .after = ""});
  }
  return {};
}

Result<void> ItemReader::ReadAddresses(std::string_view bytes) {
  bytes = WithoutMark(bytes);
  for (std::size_t at = 0; at < bytes.size();) {
    const std::string_view line = Trimmed(TakeLine(bytes, at));
    if (line.empty()) continue;
    static constexpr std::string_view kScheme = "s3://";
    const std::size_t slash = line.find('/', kScheme.size());
    if (!line.starts_with(kScheme) || slash == std::string_view::npos) {
      return ItemReaderFailed(fmt::format(
          "The manifest holds '{}', which is no s3:// address of an object.", line.substr(0, 200)));
    }
    fetches_.push_back({.kind = ItemFetch::Kind::kObject,
                        .bucket = std::string(line.substr(kScheme.size(), slash - kScheme.size())),
                        .key = std::string(line.substr(slash + 1)),
                        .version_id = "",
                        .after = ""});
  }
  return {};
}

}  // namespace scones::asl
