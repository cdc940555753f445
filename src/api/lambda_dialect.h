// Lambda's REST-JSON: functions, versions, aliases, invocations.
// Source: AWS Lambda API Reference, API version 2015-03-31 and the dates of later operations.
#pragma once

#include <map>
#include <string>

#include "api/dialect.h"
#include "base/json.h"
#include "base/result.h"
#include "functions/functions.h"
#include "io/blob_store.h"

namespace scones::api {

class LambdaDialect final : public Dialect {
 public:
  // Lambda's own limit on requests that carry code.
  static constexpr std::size_t kMaxBodyBytes = 70'167'211;

  // Both outlive the dialect. `blobs` is where code given as S3Bucket and S3Key is read.
  LambdaDialect(functions::Functions& functions, io::BlobStore& blobs)
      : functions_(functions), blobs_(blobs) {}

  io::Task<http::Response> Handle(Call call, http::Request request,
                                  http::BodyStream& body) override;

  // A request whose route is known. A value: operations take it over.
  struct Input {
    Call call;
    http::Headers headers;
    std::string name;  // {name} of the route: a function's name or ARN, or what is tagged
    std::string item;  // {item} of the route: an alias or a statement
    std::vector<std::pair<std::string, std::string>> query;
    std::string body;
    json::object members;  // of the body, where the operation takes JSON

    std::string Query(std::string_view name) const;
    // The function named by the route and ?Qualifier=.
    Result<functions::FunctionRef> Function() const;
  };
  using Answer = io::Task<Result<http::Response>>;

 private:
  struct Route;
  static const std::vector<Route>& Routes();
  Result<const Route*> FindRoute(const http::Request& request, Input& input) const;
  io::Task<Result<http::Response>> Dispatch(Call call, http::Request request,
                                            http::BodyStream& body);

  Answer CreateFunction(Input input);
  Answer ListFunctions(Input input);
  Answer GetFunction(Input input);
  Answer GetFunctionConfiguration(Input input);
  Answer DeleteFunction(Input input);
  Answer UpdateFunctionCode(Input input);
  Answer UpdateFunctionConfiguration(Input input);
  io::Task<Result<functions::FunctionCode>> ReadCode(json::object code);
  Answer Published(functions::FunctionConfiguration configuration, bool publish);

  Answer Invoke(Input input);

  Answer PublishVersion(Input input);
  Answer ListVersions(Input input);
  Answer CreateAlias(Input input);
  Answer GetAlias(Input input);
  Answer ListAliases(Input input);
  Answer UpdateAlias(Input input);
  Answer DeleteAlias(Input input);

  Answer PutConcurrency(Input input);
  Answer GetConcurrency(Input input);
  Answer DeleteConcurrency(Input input);
  Answer AddPermission(Input input);
  Answer GetPolicy(Input input);
  Answer RemovePermission(Input input);
  Answer ListTags(Input input);
  Answer TagResource(Input input);
  Answer UntagResource(Input input);
  Answer GetAccountSettings(Input input);

  functions::Functions& functions_;
  io::BlobStore& blobs_;
};

}  // namespace scones::api
