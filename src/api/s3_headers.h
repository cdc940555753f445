// Headers of S3 requests as options of the store, and objects as headers of responses. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/s3_request.h"
#include "base/result.h"
#include "http/message.h"
#include "objects/types.h"

namespace scones::api {

// The headers to keep with an object: content-*, cache-control, expires, x-amz-meta-*, ...
// Errors: kInvalid/MetadataTooLarge; NotImplemented for encryption, object lock, ...
Result<objects::Pairs> ObjectHeaders(const S3Request& request);

// x-amz-tagging. Errors: kInvalid/InvalidTag, InvalidArgument.
Result<objects::Pairs> TaggingHeader(const S3Request& request);

struct ChecksumRequest {
  std::optional<HashAlgorithm> algorithm;
  std::optional<std::string> value;
};
// From x-amz-checksum-*, a trailer announced, or x-amz-sdk-checksum-algorithm.
// Errors: kInvalid/InvalidRequest.
Result<ChecksumRequest> ChecksumHeaders(const S3Request& request);
// x-amz-checksum-algorithm, of operations that only choose one.
Result<std::optional<HashAlgorithm>> ChecksumAlgorithmHeader(const S3Request& request);

// If-Match and the like; `prefix` is "" or "x-amz-copy-source-".
Result<objects::ReadConditions> ReadConditionHeaders(const S3Request& request,
                                                     std::string_view prefix);
objects::WriteConditions WriteConditionHeaders(const S3Request& request);

// One range of bytes; nothing where the header is absent or says something else, which HTTP
// ignores.
std::optional<objects::ByteRange> RangeHeader(std::string_view text);

std::string StripQuotes(std::string_view etag);
std::string Quote(std::string_view etag);
// "x-amz-checksum-crc32"
std::string ChecksumHeaderName(HashAlgorithm algorithm);
void AddChecksum(http::Headers& headers, const objects::Checksum& checksum);
// What GET and HEAD tell of an object.
void AddObjectHeaders(http::Headers& headers, const S3Request& request,
                      const objects::OpenedObject& object);
// x-amz-version-id, where there is one.
void AddVersion(http::Headers& headers, const std::string& version);

}  // namespace scones::api
