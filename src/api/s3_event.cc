#include "api/s3_event.h"

#include <fmt/format.h>

#include "base/encoding.h"

namespace scones::api {
namespace {

bool IsRemoval(const objects::ObjectEvent& event) {
  return event.name.starts_with("ObjectRemoved:");
}

// Hexadecimal of a fixed length: of two changes of a key, the later one has the greater text.
std::string Sequencer(const objects::ObjectEvent& event) {
  return fmt::format("{:018X}", event.sequence);
}

// As in a form: blanks are '+', and everything but unreserved characters and '/' is escaped.
std::string FormEncoded(const std::string& key) {
  std::string encoded;
  for (const char c : key) {
    encoded += c == ' ' ? "+" : UriEncode(std::string_view(&c, 1), UriPart::kPath);
  }
  return encoded;
}

// What a change from within is said to come from.
const std::string& AddressOf(const objects::ObjectEvent& event) {
  static const std::string kHere = "127.0.0.1";
  return event.origin.source_address.empty() ? kHere : event.origin.source_address;
}

std::string_view ReasonOf(std::string_view name) {
  if (name == "ObjectCreated:Put") return "PutObject";
  if (name == "ObjectCreated:Copy") return "CopyObject";
  if (name == "ObjectCreated:CompleteMultipartUpload") return "CompleteMultipartUpload";
  return "DeleteObject";
}

}  // namespace

std::string S3EventRecord(const objects::ObjectEvent& event, const std::string& configuration_id,
                          const Identity& identity) {
  const std::string principal =
      "AWS:" + (event.origin.principal.empty() ? identity.account : event.origin.principal);
  json::object object{{"key", FormEncoded(event.key)}};
  if (!IsRemoval(event)) object["size"] = event.size;
  if (!event.etag.empty()) object["eTag"] = event.etag;
  if (!event.version.empty() && event.version != "null") object["versionId"] = event.version;
  object["sequencer"] = Sequencer(event);
  json::object record{
      {"eventVersion", "2.1"},
      {"eventSource", "aws:s3"},
      {"awsRegion", identity.region},
      {"eventTime", FormatIso8601(event.time)},
      {"eventName", event.name},
      {"userIdentity", json::object{{"principalId", principal}}},
      {"requestParameters", json::object{{"sourceIPAddress", AddressOf(event)}}},
      {"responseElements", json::object{{"x-amz-request-id", event.origin.request_id},
                                        {"x-amz-id-2", event.origin.request_id}}},
      {"s3", json::object{
                 {"s3SchemaVersion", "1.0"},
                 {"configurationId", configuration_id},
                 {"bucket",
                  json::object{{"name", event.bucket},
                               {"ownerIdentity", json::object{{"principalId", identity.account}}},
                               {"arn", "arn:" + identity.partition + ":s3:::" + event.bucket}}},
                 {"object", std::move(object)}}}};
  return ToJson(json::object{{"Records", json::array{std::move(record)}}});
}

std::string S3DetailType(const objects::ObjectEvent& event) {
  return IsRemoval(event) ? "Object Deleted" : "Object Created";
}

json::object S3EventDetail(const objects::ObjectEvent& event, const Identity& identity) {
  json::object object{{"key", event.key}};
  if (!IsRemoval(event)) object["size"] = event.size;
  if (!event.etag.empty()) object["etag"] = event.etag;
  if (!event.version.empty() && event.version != "null") object["version-id"] = event.version;
  object["sequencer"] = Sequencer(event);
  json::object detail{{"version", "0"},
                      {"bucket", json::object{{"name", event.bucket}}},
                      {"object", std::move(object)},
                      {"request-id", event.origin.request_id},
                      {"requester", identity.account},
                      {"source-ip-address", AddressOf(event)},
                      {"reason", ReasonOf(event.name)}};
  if (IsRemoval(event)) {
    detail["deletion-type"] = event.name == "ObjectRemoved:DeleteMarkerCreated"
                                  ? "Delete Marker Created"
                                  : "Permanently Deleted";
  }
  return detail;
}

}  // namespace scones::api
