#include "integrations/http_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <optional>

#include "asl/step.h"
#include "base/encoding.h"

namespace scones::integrations {
namespace {

namespace ip = boost::asio::ip;

constexpr std::size_t kMaxHeaders = 100;
constexpr std::string_view kMethods[] = {"GET",   "POST",    "PUT", "DELETE",
                                         "PATCH", "OPTIONS", "HEAD"};
// Those that belong to the connection.
constexpr std::string_view kRefusedHeaders[] = {"connection", "content-length",    "host",
                                                "te",         "trailer",           "via",
                                                "upgrade",    "transfer-encoding", "max-forwards"};

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return lower;
}

Error Invalid(std::string message) {
  return Error(Code::kInvalid, "States.Runtime", std::move(message));
}

std::string TextOf(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : ToJson(value);
}

// The address that a translator or tunnel would go on to: ::a.b.c.d, 64:ff9b::a.b.c.d (NAT64), and
// 2002:ab:cd:: (6to4).
std::optional<ip::address_v4> EmbeddedV4(const ip::address_v6& address) {
  const ip::address_v6::bytes_type bytes = address.to_bytes();
  constexpr ip::address_v6::bytes_type kNat64 = {0x00, 0x64, 0xff, 0x9b};
  const auto v4 = [&](std::size_t at) {
    return ip::address_v4({bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]});
  };
  if (bytes[0] == 0x20 && bytes[1] == 0x02) return v4(2);
  const bool compatible = std::all_of(bytes.begin(), bytes.begin() + 12, [](auto b) { return !b; });
  const bool nat64 = std::equal(bytes.begin(), bytes.begin() + 12, kNat64.begin());
  if (compatible || nat64) return v4(12);
  return std::nullopt;
}

// Reachable only by name: this machine, its link, and what isn't one host.
bool IsSpecial(const ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return IsSpecial(ip::make_address_v4(ip::v4_mapped, address.to_v6()));
  }
  if (address.is_loopback() || address.is_unspecified() || address.is_multicast()) return true;
  if (address.is_v4()) {
    const ip::address_v4::bytes_type bytes = address.to_v4().to_bytes();
    return bytes[0] == 0 || bytes[0] == 127 || (bytes[0] == 169 && bytes[1] == 254) ||
           address.to_v4() == ip::address_v4::broadcast();
  }
  // fd00:ec2::254 is EC2's metadata service.
  static const ip::address_v6 kMetadata = ip::make_address_v6("fd00:ec2::254");
  if (address.to_v6().is_link_local() || address.to_v6() == kMetadata) return true;
  const std::optional<ip::address_v4> within = EmbeddedV4(address.to_v6());
  return within && IsSpecial(*within);
}

void AppendPair(std::string& out, const std::string& name, std::string_view value) {
  out += fmt::format("{}{}={}", out.empty() ? "" : "&", UriEncode(name, UriPart::kComponent),
                     UriEncode(value, UriPart::kComponent));
}

void AppendForm(std::string& out, const std::string& name, const json::value& value,
                std::string_view array_format) {
  if (const json::object* object = value.if_object()) {
    for (const auto& member : *object) {
      AppendForm(out, fmt::format("{}[{}]", name, std::string_view(member.key())), member.value(),
                 array_format);
    }
    return;
  }
  const json::array* array = value.if_array();
  if (array == nullptr) return AppendPair(out, name, value.is_null() ? "" : TextOf(value));
  if (array_format == "COMMAS") {
    std::string joined;
    for (const json::value& element : *array) {
      joined += (joined.empty() ? "" : ",") + TextOf(element);
    }
    return AppendPair(out, name, joined);
  }
  for (std::size_t i = 0; i < array->size(); ++i) {
    const std::string suffix = array_format == "REPEAT"     ? ""
                               : array_format == "BRACKETS" ? "[]"
                                                            : fmt::format("[{}]", i);
    AppendForm(out, name + suffix, (*array)[i], array_format);
  }
}

Result<http::Url> MakeUrl(const json::object& parameters) {
  const json::string* endpoint = FindString(parameters, "ApiEndpoint");
  if (endpoint == nullptr) return Invalid("http:invoke needs a string ApiEndpoint");
  Result<http::Url> url = http::Url::Parse(*endpoint);
  if (!url) return Invalid("ApiEndpoint: " + url.error().message());
  const json::object* query = FindObject(parameters, "QueryParameters");
  if (query == nullptr || query->empty()) return url;
  std::string text;
  for (const auto& member : *query) {
    AppendForm(text, member.key(), member.value(), "REPEAT");
  }
  url->target += (url->target.find('?') == std::string::npos ? "?" : "&") + text;
  return url;
}

Result<http::Headers> MakeHeaders(const json::object& parameters, const std::string& region) {
  http::Headers headers;
  headers.Add("User-Agent", fmt::format("Amazon|StepFunctions|HttpInvoke|{}", region));
  headers.Add("Range", fmt::format("bytes=0-{}", asl::kMaxPayloadBytes));
  const json::object* given = FindObject(parameters, "Headers");
  if (given == nullptr) return headers;
  if (given->size() > kMaxHeaders) return Invalid("http:invoke takes at most 100 Headers");
  for (const auto& member : *given) {
    const std::string name = Lower(member.key());
    const bool refused = std::find(std::begin(kRefusedHeaders), std::end(kRefusedHeaders), name) !=
                         std::end(kRefusedHeaders);
    if (refused || name.starts_with("proxy-")) {
      return Invalid(fmt::format("Headers may not hold '{}'", std::string_view(member.key())));
    }
    headers.Set(member.key(), TextOf(member.value()));
  }
  return headers;
}

Result<std::string> MakeBody(const json::object& parameters, http::Headers& headers) {
  const json::value* body = FindMember(parameters, "RequestBody");
  if (body == nullptr) return std::string();
  if (!headers.Contains("Content-Type")) headers.Add("Content-Type", "application/json");
  const json::object* transform = FindObject(parameters, "Transform");
  if (transform == nullptr || StringOr(*transform, "RequestBodyEncoding", "NONE") == "NONE") {
    return TextOf(*body);
  }
  if (!body->is_object()) return Invalid("a RequestBody to be URL_ENCODED must be an object");
  const json::object* how = FindObject(*transform, "RequestEncodingOptions");
  headers.Set("Content-Type", "application/x-www-form-urlencoded");
  return EncodeForm(body->get_object(),
                    how == nullptr ? "INDICES" : StringOr(*how, "ArrayFormat", "INDICES"));
}

std::string_view StatusText(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 203:
      return "Non-Authoritative Information";
    case 204:
      return "No Content";
    case 205:
      return "Reset Content";
    case 206:
      return "Partial Content";
    default:
      return "";
  }
}

json::value ShowResponse(const http::Response& response) {
  json::object headers;
  for (const auto& [name, value] : response.headers) {
    json::value& values = headers[ToValidUtf8(name)];
    if (!values.is_array()) values = json::array();
    values.get_array().push_back(json::string(ToValidUtf8(value)));
  }
  json::value body = json::string(ToValidUtf8(response.body));
  const std::string type = Lower(response.headers.Get("Content-Type"));
  const std::string media(type.substr(0, type.find(';')));
  if (media.ends_with("/json") || media.ends_with("+json")) {
    if (Result<json::value> parsed = ParseJson(response.body)) body = *std::move(parsed);
  }
  return json::value{{"Headers", std::move(headers)},
                     {"ResponseBody", std::move(body)},
                     {"StatusCode", response.status},
                     {"StatusText", StatusText(response.status)}};
}

Error SocketError(const http::Url& url, const Error& error) {
  if (error.code() == Code::kDenied) {
    return Error(Code::kDenied, "States.Http.HostNotAllowed", error.message());
  }
  if (error.reason() == "EntityTooLarge") {
    return Error(Code::kInvalid, "States.DataLimitExceeded",
                 "The state/task 'http' returned a result with a size exceeding the maximum number "
                 "of bytes service limit.");
  }
  return Error(error.code(), "States.Http.Socket",
               fmt::format("{}: {}", url.Authority(), error.message()));
}

}  // namespace

AllowedHosts::AllowedHosts(std::vector<std::string> hosts) : hosts_(std::move(hosts)) {
  for (std::string& host : hosts_) host = Lower(host);
}

bool AllowedHosts::Allows(const http::Url& url) const {
  const std::string host = Lower(url.host);
  const bool v6 = host.find(':') != std::string::npos;
  const std::string with_port =
      fmt::format("{}{}{}:{}", v6 ? "[" : "", host, v6 ? "]" : "", url.port);
  return std::any_of(hosts_.begin(), hosts_.end(), [&](const std::string& allowed) {
    if (allowed.starts_with("*.")) {
      return host.size() > allowed.size() - 1 &&
             host.ends_with(std::string_view(allowed).substr(1));
    }
    return allowed == host || allowed == with_port;
  });
}

bool AllowedHosts::MayConnect(const std::string& text) const {
  boost::system::error_code error;
  const ip::address address = ip::make_address(text, error);
  if (error) return false;
  if (!IsSpecial(address)) return true;
  const std::string shown = Lower(address.to_string());
  return std::any_of(hosts_.begin(), hosts_.end(), [&](const std::string& allowed) {
    const bool localhost = allowed == "localhost" || allowed.starts_with("localhost:");
    if (localhost && address.is_loopback()) return true;
    return allowed == shown || allowed.starts_with(shown + ":") ||
           allowed.starts_with("[" + shown + "]");
  });
}

HttpTasks::HttpTasks(Options options)
    : region_(std::move(options.region)),
      timeout_(options.timeout),
      allowed_(std::move(options.allowed_hosts)),
      client_({.may_connect = [this](const std::string& address) {
        return allowed_.MayConnect(address);
      }}) {}

io::Task<Result<json::value>> HttpTasks::Run(json::object parameters) {
  if (parameters.contains("Authentication") || parameters.contains("InvocationConfig")) {
    co_return Invalid(
        "http:invoke has no EventBridge connections here: leave out Authentication and "
        "InvocationConfig, and give what the API asks for in Headers");
  }
  CO_TRY(const http::Url url, MakeUrl(parameters));
  if (!allowed_.Allows(url)) {
    co_return Error(
        Code::kDenied, "States.Http.HostNotAllowed",
        fmt::format("'{}' is not a host that http:invoke may reach here; start the server with "
                    "--allow-http {}",
                    url.Authority(), url.Authority()));
  }
  http::ClientRequest request;
  request.method = StringOr(parameters, "Method", "");
  if (std::find(std::begin(kMethods), std::end(kMethods), request.method) == std::end(kMethods)) {
    co_return Invalid(fmt::format("'{}' is not a Method of http:invoke", request.method));
  }
  CO_TRY(request.headers, MakeHeaders(parameters, region_));
  CO_TRY(request.body, MakeBody(parameters, request.headers));
  request.timeout = timeout_;
  request.total_timeout = timeout_;
  Result<http::Response> response =
      co_await client_.Fetch(url, std::move(request), asl::kMaxPayloadBytes);
  if (!response) co_return SocketError(url, response.error());
  if (response->status < 200 || response->status > 299) {
    co_return Error(Code::kInvalid, fmt::format("States.Http.StatusCode.{}", response->status),
                    ToValidUtf8(response->body));
  }
  co_return ShowResponse(*response);
}

std::string EncodeForm(const json::object& form, std::string_view array_format) {
  std::string out;
  for (const auto& member : form) {
    AppendForm(out, member.key(), member.value(), array_format);
  }
  return out;
}

}  // namespace scones::integrations
