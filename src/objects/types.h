// The values of the object store: names, what is known of an object, options of each call. Plain
// values without behaviour, but for the checksum names. Safe from any thread as any value.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "base/time.h"
#include "http/message.h"

namespace scones::objects {

// Ordered name=value pairs: headers kept with an object (lower-case names), tags.
using Pairs = std::vector<std::pair<std::string, std::string>>;

// An object, or one version of it. Keys are any bytes but at most 1,024 of them.
struct ObjectName {
  std::string bucket;
  std::string key;
  std::string version;  // "": the current one; "null": the version that has no id
};

enum class Versioning { kOff, kEnabled, kSuspended };

struct Bucket {
  std::string name;
  std::string region;
  Timestamp created;
  Versioning versioning = Versioning::kOff;
};

// How a checksum of an object of several parts was made: over all bytes, or over the parts' own
// checksums (written "BASE64-N").
enum class ChecksumType { kFullObject, kComposite };

struct Checksum {
  HashAlgorithm algorithm = HashAlgorithm::kCrc64Nvme;
  ChecksumType type = ChecksumType::kFullObject;
  std::string value;  // base64, with "-N" where composite
};

// "CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"; MD5 is no checksum in this sense.
std::string_view ChecksumName(HashAlgorithm algorithm);
std::optional<HashAlgorithm> ParseChecksumName(std::string_view name);

struct ObjectInfo {
  std::string key;
  std::string version;  // "" where the bucket never had versioning, else an id or "null"
  bool is_latest = true;
  bool delete_marker = false;  // only in lists of versions
  std::uint64_t size = 0;
  std::string etag;  // without quotes
  Timestamp modified;
  Pairs headers;  // content-type, cache-control, x-amz-meta-*, ...; empty in lists
  Pairs tags;     // empty in lists
  std::optional<Checksum> checksum;
  std::uint32_t parts_count = 0;  // 0 unless made by a multipart upload
};

// Conditions on the object that is read, as HTTP states them. ETags without quotes; "*" is any.
struct ReadConditions {
  std::optional<std::string> if_match;
  std::optional<std::string> if_none_match;
  std::optional<Timestamp> if_modified_since;
  std::optional<Timestamp> if_unmodified_since;
};

// Conditions on the object that is replaced; judged in the transaction that replaces it.
struct WriteConditions {
  std::optional<std::string> if_match;       // an ETag or "*": it must exist and be this
  std::optional<std::string> if_none_match;  // "*": it must not exist
};

// Bytes wanted, before the size is known: [first, last], from `first` on, or the last `suffix`.
struct ByteRange {
  std::optional<std::uint64_t> first;
  std::optional<std::uint64_t> last;
  std::optional<std::uint64_t> suffix;
};

// Who asked for a change, for those who are told of it; "" where it came from within.
struct Origin {
  std::string request_id;
  std::string principal;
  std::string source_address;
};

struct PutOptions {
  Pairs headers;
  Pairs tags;
  std::optional<std::string> md5;  // 16 raw bytes that the body must have
  // The checksum to keep; with a value (base64), the body must have it.
  std::optional<HashAlgorithm> checksum_algorithm;
  std::optional<std::string> checksum_value;
  WriteConditions conditions;
  Origin origin;
};

struct PutReceipt {
  std::string etag;
  std::string version;  // "" unless the bucket keeps versions
  std::uint64_t size = 0;
  Timestamp modified;
  std::optional<Checksum> checksum;
  std::string source_version;  // of a copy: the version copied, as `version`
};

struct GetOptions {
  ReadConditions conditions;
  std::optional<ByteRange> range;
  std::optional<std::uint32_t> part_number;
};

// An object that is open for reading. Bytes [offset, offset + length) come from `bytes` where
// `stream` is null. The stream reads what was current when it was opened, whatever is written or
// deleted meanwhile.
struct OpenedObject {
  ObjectInfo info;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  bool partial = false;  // a range or part was asked for
  std::string bytes;
  std::unique_ptr<http::BodyStream> stream;
};

struct DeleteReceipt {
  std::string version;  // the version removed, or the delete marker made
  bool delete_marker = false;
};

struct CopyOptions {
  ReadConditions source_conditions;
  WriteConditions conditions;
  std::optional<Pairs> headers;  // replaces the source's
  std::optional<Pairs> tags;     // replaces the source's
  std::optional<HashAlgorithm> checksum_algorithm;
  Origin origin;
};

struct ListOptions {
  std::string prefix;
  std::string delimiter;
  std::string after;               // entries (keys, common prefixes) strictly beyond this one
  std::string after_version;       // lists of versions: older than this version of `after`
  std::size_t max_entries = 1000;  // keys and common prefixes together
};

struct ListPage {
  std::vector<ObjectInfo> objects;
  std::vector<std::string> common_prefixes;
  bool truncated = false;
  std::string next_after;  // where to go on, when truncated
  std::string next_after_version;
};

struct UploadOptions {
  Pairs headers;
  Pairs tags;
  std::optional<HashAlgorithm> checksum_algorithm;
  ChecksumType checksum_type = ChecksumType::kComposite;
};

struct UploadName {
  std::string bucket;
  std::string key;
  std::string upload_id;
};

struct Upload {
  std::string key;
  std::string upload_id;
  Timestamp created;
  std::optional<HashAlgorithm> checksum_algorithm;
  ChecksumType checksum_type = ChecksumType::kComposite;
};

struct Part {
  std::uint32_t number = 0;
  std::uint64_t size = 0;
  std::string etag;
  Timestamp modified;
  std::optional<Checksum> checksum;
};

struct PartPage {
  Upload upload;
  std::vector<Part> parts;
  bool truncated = false;
};

struct UploadPage {
  std::vector<Upload> uploads;
  std::vector<std::string> common_prefixes;
  bool truncated = false;
  std::string next_key;
  std::string next_upload_id;
};

// One line of a request to complete an upload.
struct CompletedPart {
  std::uint32_t number = 0;
  std::string etag;
  std::optional<std::string> checksum;  // base64
};

struct CompleteOptions {
  std::vector<CompletedPart> parts;
  std::optional<std::string> checksum_value;  // of the whole object
  WriteConditions conditions;
  Origin origin;
};

}  // namespace scones::objects
