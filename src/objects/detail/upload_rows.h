// The rows of multipart uploads and of parts, inside a transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "db/connection.h"
#include "objects/detail/contents.h"
#include "objects/detail/pairs.h"
#include "objects/types.h"

namespace scones::objects::detail {

struct UploadRow {
  std::int64_t sequence = 0;
  Upload upload;
  std::string attributes;  // encoded
  std::string tags;        // encoded
};

struct StoredPart {
  Part part;
  std::int64_t content = 0;
};

Result<void> WriteUpload(db::Connection& connection, std::int64_t bucket, const UploadRow& row);
// Errors: kNotFound/NoSuchUpload, also where the id belongs to another key.
Result<UploadRow> FindUpload(db::Connection& connection, std::int64_t bucket,
                             const UploadName& name);
// Releases the parts that are still there, and forgets the upload.
Result<void> RemoveUpload(db::Connection& connection, std::int64_t upload,
                          std::vector<Freed>& freed);
Result<UploadPage> ReadUploads(db::Connection& connection, std::int64_t bucket,
                               const ListOptions& options);

// Replaces the part of that number.
Result<void> WritePart(db::Connection& connection, std::int64_t upload, const StoredPart& part);
Result<std::optional<StoredPart>> FindPart(db::Connection& connection, std::int64_t upload,
                                           std::uint32_t number);
Result<PartPage> ReadUploadParts(db::Connection& connection, std::int64_t upload,
                                 std::uint32_t after, std::size_t max);
Result<PartPage> ReadObjectParts(db::Connection& connection, std::int64_t content,
                                 std::uint32_t after, std::size_t max);

// Makes the content that lays `parts` end to end; it takes them over from the upload.
Result<void> JoinParts(db::Connection& connection, std::int64_t content, std::int64_t upload,
                       const std::vector<StoredPart>& parts);

}  // namespace scones::objects::detail
