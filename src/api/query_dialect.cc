#include "api/query_dialect.h"

#include <fmt/format.h>

#include "api/error_response.h"
#include "base/check.h"
#include "base/encoding.h"

namespace scones::api {

void QueryDialect::Add(std::string action, QueryAction function) {
  SCONES_CHECK(actions_.emplace(std::move(action), std::move(function)).second);
}

io::Task<http::Response> QueryDialect::Handle(Call call, http::Request request,
                                              http::BodyStream& body) {
  const std::string request_id = call.request_id;
  Result<std::string> document = co_await Run(std::move(call), std::move(request), body);
  if (!document) co_return QueryError(document.error(), request_id);
  http::Response response;
  response.headers.Add("Content-Type", "text/xml");
  response.body = *std::move(document);
  co_return response;
}

io::Task<Result<std::string>> QueryDialect::Run(Call call, http::Request request,
                                                http::BodyStream& body) {
  constexpr std::size_t kMaxBodyBytes = 256 * 1024;
  CO_TRY(const std::string form, co_await http::ReadAll(body, kMaxBodyBytes));
  CO_TRY(const auto pairs, ParseQuery(form.empty() ? request.raw_query() : form));
  const QueryParameters parameters(pairs.begin(), pairs.end());
  CO_TRY(const std::string name, Required(parameters, "Action"));
  const auto action = actions_.find(name);
  if (action == actions_.end()) {
    co_return Error(Code::kInvalid, "InvalidAction",
                    fmt::format("Could not find operation {} here", name));
  }
  CO_TRY(const std::string result, action->second(call, parameters));
  co_return fmt::format(
      "<{0}Response xmlns=\"{1}\"><{0}Result>{2}</{0}Result><ResponseMetadata><RequestId>{3}"
      "</RequestId></ResponseMetadata></{0}Response>",
      name, xml_namespace_, result, call.request_id);
}

Result<std::string> Required(const QueryParameters& parameters, std::string_view name) {
  const auto found = parameters.find(name);
  if (found != parameters.end() && !found->second.empty()) return found->second;
  return Error(Code::kInvalid, "ValidationError", fmt::format("the parameter {} is missing", name));
}

std::string XmlElement(std::string_view name, std::string_view text) {
  return fmt::format("<{0}>{1}</{0}>", name, XmlEscape(text));
}

}  // namespace scones::api
