// The operations of the S3 protocol. Each takes the request apart, asks the store and makes the
// response; errors become <Error> documents in S3Dialect. A request outlives its operation.
// Source of all: Amazon S3 API Reference.
#pragma once

#include <string>

#include "api/s3_request.h"
#include "base/result.h"
#include "http/message.h"

namespace scones::api {

using S3Answer = io::Task<Result<http::Response>>;

// s3_buckets.cc
S3Answer ListBuckets(S3Request& request);
S3Answer CreateBucket(S3Request& request);
S3Answer DeleteBucket(S3Request& request);
S3Answer HeadBucket(S3Request& request);

// s3_bucket_settings.cc
S3Answer GetBucketLocation(S3Request& request);
S3Answer GetBucketVersioning(S3Request& request);
S3Answer PutBucketVersioning(S3Request& request);
S3Answer GetBucketTagging(S3Request& request);
S3Answer PutBucketTagging(S3Request& request);
S3Answer DeleteBucketTagging(S3Request& request);
S3Answer GetBucketAcl(S3Request& request);
S3Answer PutAcl(S3Request& request);
// Settings that this store doesn't have: what S3 answers where none was made.
S3Answer GetAbsentSetting(S3Request& request);

// s3_notification.cc
S3Answer GetBucketNotification(S3Request& request);
S3Answer PutBucketNotification(S3Request& request);

// s3_list.cc
S3Answer ListObjects(S3Request& request);
S3Answer ListObjectVersions(S3Request& request);

// s3_objects.cc
S3Answer PutObject(S3Request& request);
S3Answer GetObject(S3Request& request);
S3Answer HeadObject(S3Request& request);
S3Answer DeleteObject(S3Request& request);
S3Answer DeleteObjects(S3Request& request);

// s3_object_details.cc
S3Answer GetObjectTagging(S3Request& request);
S3Answer PutObjectTagging(S3Request& request);
S3Answer DeleteObjectTagging(S3Request& request);
S3Answer GetObjectAcl(S3Request& request);
S3Answer GetObjectAttributes(S3Request& request);

// s3_copy.cc
S3Answer CopyObject(S3Request& request);
S3Answer UploadPartCopy(S3Request& request);

// s3_multipart.cc
S3Answer CreateMultipartUpload(S3Request& request);
S3Answer UploadPart(S3Request& request);
S3Answer CompleteMultipartUpload(S3Request& request);
S3Answer AbortMultipartUpload(S3Request& request);
S3Answer ListParts(S3Request& request);
S3Answer ListMultipartUploads(S3Request& request);

// Shared pieces of responses.
http::Response XmlResponse(std::string document);
http::Response NoContent();
// The account that owns everything here, as the canonical id that S3 writes.
std::string OwnerId(const Call& call);
void WriteOwner(XmlWriter& xml, std::string_view element, const Call& call);
// <ChecksumCRC32>...</ChecksumCRC32>
void WriteChecksum(XmlWriter& xml, const objects::Checksum& checksum);
// A key or prefix in a list: percent-encoded where the client asked for encoding-type=url.
std::string ListedName(const S3Request& request, std::string_view name);

}  // namespace scones::api
