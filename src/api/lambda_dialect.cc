#include "api/lambda_dialect.h"

#include <fmt/format.h>

#include <optional>

#include "api/lambda_json.h"
#include "base/encoding.h"
#include "io/blocking_pool.h"

namespace scones::api {

using functions::FunctionRef;

struct LambdaDialect::Route {
  std::string_view method;
  std::string_view pattern;  // segments; {name} and {item} match any that isn't empty
  Answer (LambdaDialect::*operation)(Input);
  enum class Body { kJson, kRaw } body = Body::kJson;
};

namespace {

// Larger documents are parsed off the shard's thread.
constexpr std::size_t kInlineJsonBytes = 64 * 1024;

std::vector<std::string_view> Segments(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    path.remove_prefix(path.front() == '/' ? 1 : 0);
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end > 0) segments.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

// Whether the segments of a path fit; fills in what the pattern leaves open.
bool Matches(std::string_view pattern, const std::vector<std::string>& path,
             LambdaDialect::Input& input) {
  const std::vector<std::string_view> segments = Segments(pattern);
  if (segments.size() != path.size()) return false;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (segments[i] == "{name}") {
      input.name = path[i];
    } else if (segments[i] == "{item}") {
      input.item = path[i];
    } else if (segments[i] != path[i]) {
      return false;
    }
  }
  return true;
}

Result<json::object> ParseMembers(const std::string& body) {
  if (body.empty()) return json::object();
  auto parsed = ParseJson(body);
  if (!parsed || !parsed->is_object()) {
    return Error(Code::kInvalid, "SerializationException",
                 parsed ? "The request's body must be a JSON object" : parsed.error().message());
  }
  return std::move(parsed->get_object());
}

io::Task<Result<json::object>> ParseBody(functions::Functions& functions, const std::string& body) {
  if (body.size() <= kInlineJsonBytes) co_return ParseMembers(body);
  auto parse = [&body] { return ParseMembers(body); };
  co_return co_await functions.blocking_pool().Run(std::move(parse));
}

}  // namespace

std::string LambdaDialect::Input::Query(std::string_view wanted) const {
  for (const auto& [name, value] : query) {
    if (name == wanted) return value;
  }
  return "";
}

Result<FunctionRef> LambdaDialect::Input::Function() const {
  return FunctionRef::Parse(name, Query("Qualifier"));
}

const std::vector<LambdaDialect::Route>& LambdaDialect::Routes() {
  using L = LambdaDialect;
  static const std::vector<Route> kRoutes = {
      {"POST", "/2015-03-31/functions/{name}/invocations", &L::Invoke, Route::Body::kRaw},
      {"POST", "/2015-03-31/functions", &L::CreateFunction},
      {"GET", "/2015-03-31/functions", &L::ListFunctions},
      {"GET", "/2015-03-31/functions/{name}", &L::GetFunction},
      {"DELETE", "/2015-03-31/functions/{name}", &L::DeleteFunction},
      {"GET", "/2015-03-31/functions/{name}/configuration", &L::GetFunctionConfiguration},
      {"PUT", "/2015-03-31/functions/{name}/configuration", &L::UpdateFunctionConfiguration},
      {"PUT", "/2015-03-31/functions/{name}/code", &L::UpdateFunctionCode},
      {"POST", "/2015-03-31/functions/{name}/versions", &L::PublishVersion},
      {"GET", "/2015-03-31/functions/{name}/versions", &L::ListVersions},
      {"POST", "/2015-03-31/functions/{name}/aliases", &L::CreateAlias},
      {"GET", "/2015-03-31/functions/{name}/aliases", &L::ListAliases},
      {"GET", "/2015-03-31/functions/{name}/aliases/{item}", &L::GetAlias},
      {"PUT", "/2015-03-31/functions/{name}/aliases/{item}", &L::UpdateAlias},
      {"DELETE", "/2015-03-31/functions/{name}/aliases/{item}", &L::DeleteAlias},
      {"POST", "/2015-03-31/functions/{name}/policy", &L::AddPermission},
      {"GET", "/2015-03-31/functions/{name}/policy", &L::GetPolicy},
      {"DELETE", "/2015-03-31/functions/{name}/policy/{item}", &L::RemovePermission},
      {"PUT", "/2017-10-31/functions/{name}/concurrency", &L::PutConcurrency},
      {"DELETE", "/2017-10-31/functions/{name}/concurrency", &L::DeleteConcurrency},
      {"GET", "/2019-09-30/functions/{name}/concurrency", &L::GetConcurrency},
      {"GET", "/2016-08-19/account-settings", &L::GetAccountSettings},
      {"GET", "/2017-03-31/tags/{name}", &L::ListTags},
      {"POST", "/2017-03-31/tags/{name}", &L::TagResource},
      {"DELETE", "/2017-03-31/tags/{name}", &L::UntagResource},
  };
  return kRoutes;
}

Result<const LambdaDialect::Route*> LambdaDialect::FindRoute(const http::Request& request,
                                                             Input& input) const {
  std::vector<std::string> path;
  for (const std::string_view segment : Segments(request.raw_path())) {
    TRY(std::string decoded, UriDecode(segment, UriPart::kPath));
    path.push_back(std::move(decoded));
  }
  for (const Route& route : Routes()) {
    if (route.method == request.method && Matches(route.pattern, path, input)) return &route;
  }
  return Error(Code::kNotFound, "UnknownOperationException",
               fmt::format("{} {} is no operation of Lambda here", request.method,
                           request.raw_path().substr(0, 256)));
}

io::Task<http::Response> LambdaDialect::Handle(Call call, http::Request request,
                                               http::BodyStream& body) {
  Result<http::Response> response = co_await Dispatch(std::move(call), std::move(request), body);
  co_return response ? std::move(*response) : LambdaError(response.error());
}

io::Task<Result<http::Response>> LambdaDialect::Dispatch(Call call, http::Request request,
                                                         http::BodyStream& body) {
  Input input{.call = std::move(call)};
  CO_TRY(const Route* route, FindRoute(request, input));
  CO_TRY(input.query, ParseQuery(request.raw_query()));
  input.headers = std::move(request.headers);
  auto bytes = co_await http::ReadAll(body, kMaxBodyBytes);
  if (!bytes && bytes.error().reason() == "EntityTooLarge") {
    co_return Error(Code::kInvalid, "RequestEntityTooLargeException",
                    fmt::format("Request must be smaller than {} bytes", kMaxBodyBytes));
  }
  if (!bytes) co_return bytes.error();
  if (route->body == Route::Body::kJson) {
    CO_TRY(input.members, co_await ParseBody(functions_, *bytes));
  } else {
    input.body = std::move(*bytes);
  }
  co_return co_await (this->*route->operation)(std::move(input));
}

}  // namespace scones::api
