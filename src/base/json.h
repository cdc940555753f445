// JSON text to and from boost::json values, with the numbers that AWS writes: integers stay
// integers, doubles are read exactly and printed in their shortest form ("1.0", not "1E0").
// Pure; safe from any thread.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace scones {

namespace json = boost::json;

struct JsonParseOptions {
  std::size_t max_depth = 128;
  // A key that comes twice in one object is an error instead of replacing the first.
  bool refuse_duplicate_keys = false;
};

// Errors: kInvalid, with line and column of the fault in the message.
Result<json::value> ParseJson(std::string_view text, const JsonParseOptions& options = {});

// Compact, members in their order of insertion. Non-finite doubles become null.
std::string ToJson(const json::value& value);
// The same over several lines with two spaces of indentation.
std::string ToPrettyJson(const json::value& value);
// A quoted, escaped JSON string.
std::string ToJsonString(std::string_view text);
void AppendJsonString(std::string_view text, std::string& out);
void AppendJsonDouble(double value, std::string& out);

// Typed look-ups in an object, null where the member is absent or of another type.
const json::value* FindMember(const json::object& object, std::string_view name);
const json::string* FindString(const json::object& object, std::string_view name);
const json::object* FindObject(const json::object& object, std::string_view name);
const json::array* FindArray(const json::object& object, std::string_view name);
// Any JSON number with an integral value that fits.
std::optional<std::int64_t> FindInteger(const json::object& object, std::string_view name);
std::optional<bool> FindBool(const json::object& object, std::string_view name);
// The string member, or `fallback`.
std::string StringOr(const json::object& object, std::string_view name, std::string_view fallback);

}  // namespace scones
