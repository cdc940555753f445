#include "client/aws_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <pugixml.hpp>

#include "base/json.h"

namespace scones::client {
namespace {

struct WireError {
  std::string name;
  std::string message;
};

// "com.amazonaws.states#ExecutionDoesNotExist" and "ResourceNotFound:http://..." to their names.
std::string BareName(std::string_view text) {
  const std::size_t hash = text.find('#');
  if (hash != std::string_view::npos) text.remove_prefix(hash + 1);
  return std::string(text.substr(0, text.find(':')));
}

WireError ParseXml(const std::string& body) {
  pugi::xml_document document;
  if (!document.load_buffer(body.data(), body.size())) return {};
  pugi::xml_node error = document.child("Error");
  if (!error) error = document.child("ErrorResponse").child("Error");
  return {error.child_value("Code"), error.child_value("Message")};
}

WireError ParseJsonBody(const http::Response& response) {
  WireError error{.name = BareName(response.headers.Get("x-amzn-errortype"))};
  const Result<json::value> value = ParseJson(response.body);
  if (!value || !value->is_object()) return error;
  const json::object& object = value->get_object();
  if (error.name.empty()) error.name = BareName(StringOr(object, "__type", ""));
  error.message = StringOr(object, "message", StringOr(object, "Message", ""));
  return error;
}

bool Contains(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::any_of(parts.begin(), parts.end(), [&](std::string_view part) {
    return text.find(part) != std::string_view::npos;
  });
}

bool IsThrottling(std::string_view name) {
  return Contains(name, {"Throttl", "TooManyRequests", "SlowDown", "RequestLimitExceeded"});
}

Code CodeOf(int status, std::string_view name) {
  if (IsThrottling(name) || status == 429) return Code::kExhausted;
  if (Contains(name, {"NotFound", "DoesNotExist", "NoSuch"}) || status == 404) {
    return Code::kNotFound;
  }
  if (Contains(name, {"AlreadyExists", "AlreadyOwned", "ResourceInUse"}) || status == 409) {
    return Code::kExists;
  }
  if (Contains(name, {"AccessDenied"})) return Code::kDenied;
  if (status == 401 || status == 403) return Code::kUnauthenticated;
  if (status == 412) return Code::kPrecondition;
  if (status == 502 || status == 503 || status == 504) return Code::kUnavailable;
  return status >= 500 ? Code::kInternal : Code::kInvalid;
}

}  // namespace

Error ParseAwsError(const http::Response& response) {
  const std::size_t first = response.body.find_first_not_of(" \t\r\n");
  const bool xml = first != std::string::npos && response.body[first] == '<';
  WireError wire = xml ? ParseXml(response.body) : ParseJsonBody(response);
  if (wire.name.empty()) wire.name = fmt::format("Http{}", response.status);
  if (wire.message.empty()) wire.message = fmt::format("HTTP status {}", response.status);
  return Error(CodeOf(response.status, wire.name), wire.name, wire.message);
}

bool MayRetry(const Error& error) {
  switch (error.code()) {
    case Code::kUnavailable:
    case Code::kDeadline:
      return true;
    case Code::kExhausted:
      return true;
    case Code::kInternal:
      return !error.reason().empty();  // the server's fault, not one of ours
    case Code::kInvalid:
    case Code::kNotFound:
    case Code::kExists:
    case Code::kPrecondition:
    case Code::kUnauthenticated:
    case Code::kDenied:
    case Code::kCancelled:
    case Code::kDataLoss:
      return false;
  }
  return false;
}

std::chrono::milliseconds Backoff(int attempt, double random) {
  constexpr double kFirstMs = 50;
  constexpr double kMaxMs = 5000;
  const double limit =
      std::min(kMaxMs, kFirstMs * static_cast<double>(1 << std::min(attempt - 1, 10)));
  return std::chrono::milliseconds(static_cast<std::int64_t>(1 + limit * random));
}

}  // namespace scones::client
