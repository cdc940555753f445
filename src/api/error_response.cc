#include "api/error_response.h"

#include <fmt/format.h>

#include "base/json.h"

namespace scones::api {
namespace {

bool IsCallersFault(Code code) { return RestStatus(Error(code, "")) < 500; }

http::Response Make(int status, std::string_view content_type, std::string body) {
  http::Response response;
  response.status = status;
  response.headers.Add("Content-Type", std::string(content_type));
  response.body = std::move(body);
  return response;
}

}  // namespace

std::string ErrorName(const Error& error, std::string_view validation_error) {
  if (!error.reason().empty()) return error.reason();
  switch (error.code()) {
    case Code::kInvalid:
      return std::string(validation_error);
    case Code::kNotFound:
      return "ResourceNotFoundException";
    case Code::kExists:
    case Code::kPrecondition:
      return "ConflictException";
    case Code::kUnauthenticated:
      return "UnrecognizedClientException";
    case Code::kDenied:
      return "AccessDeniedException";
    case Code::kExhausted:
      return "ThrottlingException";
    case Code::kUnavailable:
    case Code::kDeadline:
      return "ServiceUnavailable";
    case Code::kCancelled:
    case Code::kDataLoss:
    case Code::kInternal:
      return "InternalFailure";
  }
  return "InternalFailure";
}

int RestStatus(const Error& error) {
  switch (error.code()) {
    case Code::kInvalid:
      return error.reason() == "EntityTooLarge" ? 413 : 400;
    case Code::kNotFound:
      return 404;
    case Code::kExists:
      return 409;
    case Code::kPrecondition:
      return 412;
    case Code::kUnauthenticated:
    case Code::kDenied:
      return 403;
    case Code::kExhausted:
      return error.reason() == "SlowDown" ? 503 : 429;
    case Code::kDeadline:
      return 504;
    case Code::kUnavailable:
      return 503;
    case Code::kCancelled:
    case Code::kDataLoss:
    case Code::kInternal:
      return 500;
  }
  return 500;
}

http::Response JsonError(const Error& error, std::string_view content_type,
                         std::string_view validation_error) {
  const std::string name = ErrorName(error, validation_error);
  int status = RestStatus(error);
  const bool keeps_status = error.code() == Code::kUnauthenticated || status == 413;
  if (status < 500 && !keeps_status) status = 400;
  const json::object body{{"__type", name}, {"message", error.message()}};
  http::Response response = Make(status, content_type, ToJson(body));
  response.headers.Add("x-amzn-ErrorType", name);
  return response;
}

http::Response RestJsonError(const Error& error) {
  const std::string name = ErrorName(error, "InvalidParameterValueException");
  const bool callers = IsCallersFault(error.code());
  const json::object body{{"Type", callers ? "User" : "Service"},
                          {"message", error.message()},
                          {"Message", error.message()}};
  http::Response response = Make(RestStatus(error), "application/json", ToJson(body));
  response.headers.Add("x-amzn-ErrorType", name);
  return response;
}

http::Response QueryError(const Error& error, std::string_view request_id) {
  const bool callers = IsCallersFault(error.code());
  return Make(
      RestStatus(error), "text/xml",
      fmt::format("<ErrorResponse><Error><Type>{}</Type><Code>{}</Code><Message>{}</Message>"
                  "</Error><RequestId>{}</RequestId></ErrorResponse>",
                  callers ? "Sender" : "Receiver", XmlEscape(ErrorName(error, "ValidationError")),
                  XmlEscape(error.message()), request_id));
}

http::Response S3Error(const Error& error, std::string_view resource, std::string_view request_id) {
  std::string name = error.reason();
  if (name.empty()) {
    name = error.code() == Code::kDenied || error.code() == Code::kUnauthenticated ? "AccessDenied"
           : error.code() == Code::kInvalid   ? "InvalidRequest"
           : error.code() == Code::kExhausted ? "SlowDown"
           : IsCallersFault(error.code())     ? ErrorName(error, "InvalidRequest")
                                              : "InternalError";
  }
  return Make(
      RestStatus(error), "application/xml",
      fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code>"
                  "<Message>{}</Message><Resource>{}</Resource><RequestId>{}</RequestId>"
                  "</Error>",
                  XmlEscape(name), XmlEscape(error.message()), XmlEscape(resource), request_id));
}

std::string XmlEscape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\r':
        out += "&#13;";
        break;
      default: {
        const auto byte = static_cast<unsigned char>(c);
        out += byte < ' ' && c != '\t' && c != '\n' ? '?' : c;
      }
    }
  }
  return out;
}

}  // namespace scones::api
