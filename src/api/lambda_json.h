// Lambda's JSON shapes to and from what the functions service takes and gives. Pure.
#pragma once

#include <map>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "functions/types.h"
#include "http/message.h"

namespace scones::api {

json::object FunctionConfigurationJson(const functions::FunctionConfiguration& configuration);
json::object AliasJson(const functions::Alias& alias);

// The settings that `members` hold, each of its type. Errors:
// kInvalid/InvalidParameterValueException or SerializationException, naming the member.
Result<functions::SettingsUpdate> ParseSettings(const json::object& members);
// The string-to-string object `name`; empty where absent.
Result<std::map<std::string, std::string>> ParseStringMap(const json::object& members,
                                                          std::string_view name);

http::Response LambdaJson(int status, const json::value& body);
// With Lambda's statuses.
http::Response LambdaError(const Error& error);

// Where to go on in a listing: items come after `marker`, at most `max_items`.
struct Paging {
  std::string marker;
  std::size_t max_items = 50;
};
// Errors: kInvalid/InvalidParameterValueException.
Result<Paging> ParsePaging(const std::string& marker, const std::string& max_items);

}  // namespace scones::api
