// The object store: buckets, objects and their versions, multipart uploads, in a data directory.
// Small objects live in the database beside their metadata, so that one commit makes many durable;
// large ones are files. A call that changes something returns when the change survives power loss,
// and a call that fails has changed nothing. Safe from any shard.
//
// Errors of all calls: kNotFound/NoSuchBucket, NoSuchKey, NoSuchVersion, NoSuchUpload;
// kExhausted/SlowDown (queue full), kExhausted/InsufficientStorage (disk full); kInternal.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "db/database.h"
#include "http/message.h"
#include "io/blocking_pool.h"
#include "io/file.h"
#include "io/task.h"
#include "objects/notification.h"
#include "objects/types.h"

namespace scones::objects {

class ObjectStore {
 public:
  struct Options {
    io::Path directory;                         // of the files; made where absent
    std::uint64_t inline_limit = 64 * 1024;     // bytes; larger objects become files
    std::uint64_t max_object = 5ULL << 40;      // bytes of an object
    std::uint64_t max_single_put = 5ULL << 30;  // bytes of one PUT or part
    std::uint64_t min_part = 5ULL << 20;        // bytes of every part but the last
    std::size_t max_buckets = 10'000;
    // Told of the changes in buckets that have notifications; outlives the store.
    EventSink* event_sink = nullptr;
  };

  // Adds the store's tables to `database`, and starts removing files that nothing names on `disk`.
  // All three references outlive the store.
  static Result<std::unique_ptr<ObjectStore>> Open(db::Database& database, io::BlockingPool& disk,
                                                   const Clock& clock, Options options);
  ~ObjectStore();

  // Errors: kInvalid/InvalidBucketName, kExists/BucketAlreadyOwnedByYou, kExhausted/TooManyBuckets.
  io::Task<Result<void>> CreateBucket(std::string name, std::string region);
  // Also drops the bucket's unfinished uploads. Errors: kExists/BucketNotEmpty.
  io::Task<Result<void>> DeleteBucket(std::string name);
  io::Task<Result<Bucket>> GetBucket(std::string name);
  // By name, those beyond `after` that start with `prefix`, at most `max`.
  io::Task<Result<std::vector<Bucket>>> ListBuckets(std::string prefix, std::string after,
                                                    std::size_t max);
  io::Task<Result<void>> SetVersioning(std::string bucket, Versioning versioning);
  // Small texts kept with a bucket under a name of the caller's ("tagging"). An
  // empty text removes; FindBucketText has nothing where there is none.
  io::Task<Result<void>> SetBucketText(std::string bucket, std::string name, std::string text);
  io::Task<Result<std::optional<std::string>>> FindBucketText(std::string bucket, std::string name);

  // Who is told of the bucket's changes from now on; each change and what is told of it commit
  // together. Errors: kInvalid/InvalidArgument for a function that isn't there, unless `trusted`.
  io::Task<Result<void>> SetNotification(std::string bucket, NotificationConfiguration told,
                                         bool trusted = false);
  io::Task<Result<NotificationConfiguration>> GetNotification(std::string bucket);

  // Stores `body` under the name, replacing the current version, or adding one where the bucket
  // keeps versions. Streams in O(chunk) memory. Errors: kPrecondition/PreconditionFailed;
  // kInvalid/BadDigest, KeyTooLongError, EntityTooLarge;
  //   those of `body`. Source: Amazon S3 API Reference, PutObject.
  io::Task<Result<PutReceipt>> Put(ObjectName name, http::BodyStream& body, PutOptions options);
  // Errors: kPrecondition/PreconditionFailed or NotModified, kInvalid/InvalidRange,
  // InvalidPartNumber;
  //   kExists/MethodNotAllowed where the version named is a delete marker.
  io::Task<Result<OpenedObject>> Get(ObjectName name, GetOptions options);
  // As Get, but without the content (`bytes` and `stream` stay empty).
  io::Task<Result<OpenedObject>> Head(ObjectName name, GetOptions options);
  // The version id where the object named is a delete marker: tells why NoSuchKey was answered.
  io::Task<std::optional<std::string>> FindDeleteMarker(ObjectName name);
  // Deleting what doesn't exist succeeds.
  io::Task<Result<DeleteReceipt>> Delete(ObjectName name, Origin origin = {});
  // In one commit; outcomes in the order of `names`, which are all of `bucket`.
  io::Task<Result<std::vector<Result<DeleteReceipt>>>> DeleteMany(std::string bucket,
                                                                  std::vector<ObjectName> names,
                                                                  Origin origin = {});
  // Shares the content, so its cost doesn't grow with the size.
  io::Task<Result<PutReceipt>> Copy(ObjectName source, ObjectName target, CopyOptions options);
  // Keys in order of their bytes; common prefixes are skipped by seeking.
  io::Task<Result<ListPage>> List(std::string bucket, ListOptions options);
  // Each key's versions and delete markers, newest first.
  io::Task<Result<ListPage>> ListVersions(std::string bucket, ListOptions options);
  io::Task<Result<void>> SetTags(ObjectName name, Pairs tags);

  io::Task<Result<Upload>> CreateUpload(std::string bucket, std::string key, UploadOptions options);
  // `number` is 1 to 10,000; a part sent again replaces the former one.
  // Only md5 and checksum of `options` count.
  io::Task<Result<Part>> PutPart(UploadName name, std::uint32_t number, http::BodyStream& body,
                                 PutOptions options);
  io::Task<Result<PartPage>> ListParts(UploadName name, std::uint32_t after, std::size_t max);
  // `options.after_version` is the upload id to go on after.
  io::Task<Result<UploadPage>> ListUploads(std::string bucket, ListOptions options);
  // Joins the parts without copying them. Repeating a completed call returns its receipt.
  // Errors: kInvalid/InvalidPart, InvalidPartOrder, EntityTooSmall, MalformedXML (no parts),
  // BadDigest.
  io::Task<Result<PutReceipt>> CompleteUpload(UploadName name, CompleteOptions options);
  io::Task<Result<void>> AbortUpload(UploadName name);
  // The parts of a finished object, beyond number `after`; empty unless it was a multipart upload.
  io::Task<Result<PartPage>> ListObjectParts(ObjectName name, std::uint32_t after, std::size_t max);

 private:
  struct State;
  explicit ObjectStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Whether `name` obeys the bucket naming rules.
bool IsValidBucketName(std::string_view name);

}  // namespace scones::objects
