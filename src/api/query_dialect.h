// AWS Query: Action and parameters as a form (or in the query of a GET), XML out. Used by STS and
// IAM. Each action is a row: Add(name, function).
#pragma once

#include <functional>
#include <map>
#include <string>

#include "api/dialect.h"
#include "base/result.h"

namespace scones::api {

using QueryParameters = std::map<std::string, std::string, std::less<>>;

// Returns the XML inside <ActionResult>.
using QueryAction =
    std::function<Result<std::string>(const Call& call, const QueryParameters& parameters)>;

class QueryDialect final : public Dialect {
 public:
  explicit QueryDialect(std::string xml_namespace) : xml_namespace_(std::move(xml_namespace)) {}

  void Add(std::string action, QueryAction function);

  io::Task<http::Response> Handle(Call call, http::Request request,
                                  http::BodyStream& body) override;

 private:
  io::Task<Result<std::string>> Run(Call call, http::Request request, http::BodyStream& body);

  const std::string xml_namespace_;
  std::map<std::string, QueryAction, std::less<>> actions_;
};

// The parameter. Errors: kInvalid/ValidationError where it is missing or empty.
Result<std::string> Required(const QueryParameters& parameters, std::string_view name);

// <name>text</name>, escaped.
std::string XmlElement(std::string_view name, std::string_view text);

}  // namespace scones::api
