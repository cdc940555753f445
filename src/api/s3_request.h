// One S3 request taken apart: which bucket and key, which parameters, by path or by host name.
// Belongs to the coroutine that handles it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/dialect.h"
#include "api/s3_xml.h"
#include "base/result.h"
#include "objects/objects.h"

namespace scones::api {

struct S3Address {
  std::string bucket;  // "" for the service itself
  std::string key;     // "" for a bucket
};

// Addresses by path (/bucket/key) and by host (bucket.localhost, bucket.s3.amazonaws.com, with a
// region or not). The key is what the path decodes to, whatever it holds: "..", "//", "%2F".
// Errors: kInvalid/InvalidURI for a bad escape, bytes that aren't UTF-8, or control characters that
// can't be told in XML.
Result<S3Address> ParseS3Address(std::string_view host, std::string_view raw_path);

class S3Request {
 public:
  // `body` outlives the request.
  static Result<S3Request> Parse(Call call, http::Request request, http::BodyStream& body,
                                 objects::ObjectStore& store);

  objects::ObjectStore& store() const { return *store_; }
  http::BodyStream& body() const { return *body_; }
  const Call& call() const { return call_; }
  const http::Request& http() const { return request_; }
  const std::string& bucket() const { return address_.bucket; }
  const std::string& key() const { return address_.key; }
  // With the versionId of the query.
  objects::ObjectName object() const;
  objects::UploadName upload() const;
  // Who asks, for those who are told of the change.
  objects::Origin origin() const;

  // Header or query value; nothing where it is absent.
  std::optional<std::string_view> Header(std::string_view name) const {
    return request_.headers.Find(name);
  }
  std::optional<std::string_view> Query(std::string_view name) const;
  bool HasQuery(std::string_view name) const { return Query(name).has_value(); }
  std::string QueryText(std::string_view name) const {
    return std::string(Query(name).value_or(""));
  }
  // A number of the query from 0 to `max`; `fallback` where absent, cut to `max` where larger.
  // Errors: kInvalid/InvalidArgument.
  Result<std::uint64_t> QueryNumber(std::string_view name, std::uint64_t fallback,
                                    std::uint64_t max) const;

  // The body, which is a document. Errors: MalformedXML beyond 1 MiB, BadDigest, InvalidDigest.
  io::Task<Result<std::string>> ReadText();
  // The body's root element. Errors: those of ReadText and ParseXml.
  io::Task<Result<XmlElement>> ReadXml(std::string root);
  // The raw bytes of Content-MD5; nothing where absent. Errors: kInvalid/InvalidDigest.
  Result<std::optional<std::string>> ContentMd5() const;

 private:
  S3Request(Call call, http::Request request, http::BodyStream& body, objects::ObjectStore& store)
      : call_(std::move(call)), request_(std::move(request)), body_(&body), store_(&store) {}

  Call call_;
  http::Request request_;
  http::BodyStream* body_;
  objects::ObjectStore* store_;
  S3Address address_;
  std::vector<std::pair<std::string, std::string>> query_;
};

}  // namespace scones::api
