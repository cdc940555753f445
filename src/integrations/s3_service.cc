#include "integrations/s3_service.h"

#include <fmt/format.h>

#include <utility>

#include "asl/step.h"
#include "base/encoding.h"
#include "base/random.h"
#include "integrations/s3_wire.h"
#include "integrations/sdk_shape.h"

namespace scones::integrations {
namespace {

// Text as JSON can hold it: what is no UTF-8 becomes U+FFFD.
std::string ReplaceInvalidUtf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size();) {
    const auto lead = static_cast<unsigned char>(bytes[i]);
    const std::size_t length = lead < 0x80             ? 1
                               : (lead & 0xE0) == 0xC0 ? 2
                               : (lead & 0xF0) == 0xE0 ? 3
                               : (lead & 0xF8) == 0xF0 ? 4
                                                       : 0;
    bool valid = length != 0 && i + length <= bytes.size();
    std::uint32_t code = length == 1 ? lead : lead & (0x7FU >> length);
    for (std::size_t k = 1; valid && k < length; ++k) {
      const auto next = static_cast<unsigned char>(bytes[i + k]);
      valid = (next & 0xC0) == 0x80;
      code = (code << 6) | (next & 0x3FU);
    }
    constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    valid = valid && code >= kLeast[length] && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
    if (valid) {
      out.append(bytes.substr(i, length));
    } else {
      out += "\xEF\xBF\xBD";
    }
    i += valid ? length : 1;
  }
  return out;
}

// The error of a response, which has no body where a HEAD was asked for.
Error ReadError(const S3Operation& operation, int status, const std::string& body,
                const std::string& request_id, const std::string& extended_id) {
  std::string code;
  std::string message = "null";
  if (const auto root = api::ParseXml(body, "Error")) {
    code = root->Child("Code").text;
    message = root->Child("Message").text;
  } else if (status == 404) {
    code = operation.of_object ? "NoSuchKey" : "NoSuchBucket";
  }
  const Code kind = status == 404 ? Code::kNotFound : Code::kInvalid;
  return ServiceError(Sdk::kJava2, kS3Errors, Error(kind, code, message), status, request_id,
                      extended_id);
}

Error TooLarge() {
  return Error(Code::kInvalid, "States.DataLimitExceeded",
               "The state/task 'aws-sdk:s3' returned a result with a size exceeding the maximum "
               "number of bytes service limit.");
}

io::Task<Result<std::string>> ReadBody(http::Response& response) {
  if (response.stream == nullptr) co_return std::move(response.body);
  const auto size = response.stream->size();
  if (size && *size > asl::kMaxPayloadBytes) co_return TooLarge();
  co_return co_await http::ReadAll(*response.stream, asl::kMaxPayloadBytes);
}

}  // namespace

io::Task<Result<json::value>> S3Service::Run(std::string action, json::object parameters) const {
  const S3Operation* operation = FindS3Operation(action);
  if (operation == nullptr) {
    co_return Error(Code::kInvalid, "States.Runtime",
                    fmt::format("S3 has no action '{}' here", action));
  }
  // As the SDK does without being told.
  const bool puts = action == "putObject";
  if (puts && !parameters.contains("ChecksumAlgorithm")) parameters["ChecksumAlgorithm"] = "CRC32";
  if (puts && !parameters.contains("ContentType")) {
    parameters["ContentType"] = "application/octet-stream";
  }
  Result<S3Wire> wire = MakeS3Request(*operation, parameters);
  if (!wire) {
    co_return Error(Code::kInvalid, "S3.SdkClientException", wire.error().message());
  }
  api::Call call;
  call.request_id = RandomUuid();
  call.identity = identity_;
  call.now = clock_.Now();
  const std::string request_id = call.request_id;
  const std::string extended_id = Base64Encode(RandomBytes(48));
  const std::unique_ptr<http::BodyStream> body = http::MakeStringBody(std::move(wire->body));
  http::Response response =
      co_await dialect_.Handle(std::move(call), std::move(wire->request), *body);
  CO_TRY(const std::string text, co_await ReadBody(response));
  if (response.status >= 300) {
    co_return ReadError(*operation, response.status, text, request_id, extended_id);
  }
  CO_TRY(json::object members, ReadS3Response(*operation, response.headers, text));
  const bool reads = action == "getObject" || action == "headObject";
  if (reads) {
    json::object metadata;
    for (const auto& [name, value] : response.headers) {
      constexpr std::string_view kPrefix = "x-amz-meta-";
      if (name.starts_with(kPrefix)) metadata[name.substr(kPrefix.size())] = value;
    }
    members["Metadata"] = std::move(metadata);
  }
  if (reads || puts || action == "copyObject") members["ServerSideEncryption"] = "AES256";
  if (action == "getObject") {
    members["ContentLength"] = text.size();
    members["Body"] = ReplaceInvalidUtf8(text);
  }
  co_return members;
}

}  // namespace scones::integrations
