// Reads the items of a map run from what an ItemReader names, step by step: it says what to fetch
// next, is fed what was fetched, and hands on the items. Pure: the fetching is its owner's.
// Source: AWS Step Functions Developer Guide, "ItemReader (Map)"; RFC 4180; RFC 6901.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asl/child_inputs.h"
#include "asl/map_run.h"
#include "base/json.h"
#include "base/result.h"

namespace scones::asl {

// What to fetch: the bytes of an object, or a page of a listing.
struct ItemFetch {
  enum class Kind { kObject, kListing };
  Kind kind = Kind::kObject;
  std::string bucket;
  std::string key;  // kListing: the prefix
  std::string version_id;
  std::string after;  // kListing: keys after this one
};

struct ListedObject {
  std::string etag;  // with its quotes
  std::string key;
  std::int64_t size = 0;
  std::int64_t last_modified = 0;  // seconds since 1970
  std::string storage_class;
};
struct ListedPage {
  std::vector<ListedObject> objects;
  bool last = true;
};

class ItemReader {
 public:
  using Sink = std::function<Result<void>(MapItem item)>;
  explicit ItemReader(ItemReaderSpec spec, Sink sink);

  // Nothing once all items have been handed on.
  std::optional<ItemFetch> Next() const;
  // What the last Next() asked for. Errors: States.ItemReaderFailed, and the sink's.
  Result<void> FeedObject(std::string_view bytes);
  Result<void> FeedListing(const ListedPage& page);

 private:
  bool Full() const { return spec_.max_items > 0 && items_ >= spec_.max_items; }
  Result<void> Emit(json::value value, std::optional<std::string> key = std::nullopt);
  Result<void> ReadItems(std::string_view bytes);
  Result<void> ReadJsonArray(std::string_view bytes);
  Result<void> ReadJsonLines(std::string_view bytes);
  Result<void> ReadCsv(std::string_view bytes);
  Result<void> ReadManifest(std::string_view bytes);
  Result<void> ReadAddresses(std::string_view bytes);

  ItemReaderSpec spec_;
  Sink sink_;
  std::deque<ItemFetch> fetches_;
  bool in_data_ = false;  // what is fetched now holds items
  std::int64_t items_ = 0;
};

// One record of comma separated values; `at` moves behind it and its line break.
// Errors: kInvalid where a quoted field does not end.
Result<std::vector<std::string>> ReadCsvRecord(std::string_view text, std::size_t& at,
                                               char delimiter);

// The value that an RFC 6901 pointer names, or null.
const json::value* FindByPointer(const json::value& root, std::string_view pointer);

Error ItemReaderFailed(std::string cause);

}  // namespace scones::asl
