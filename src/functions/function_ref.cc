#include <vector>

#include "functions/detail/settings.h"
#include "functions/types.h"

namespace scones::functions {
namespace {

std::vector<std::string_view> SplitColons(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(':');
    parts.push_back(text.substr(0, end));
    if (end == text.npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool IsQualifier(std::string_view text) {
  if (text == kLatest) return true;
  return !text.empty() && text.size() <= 128 &&
         text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == text.npos;
}

}  // namespace

Result<FunctionRef> FunctionRef::Parse(std::string_view text, std::string_view qualifier) {
  const Error invalid(Code::kInvalid, "ValidationException",
                      "1 validation error detected: Value '" + std::string(text.substr(0, 200)) +
                          "' at 'functionName' failed to satisfy constraint: Member must be a "
                          "function's name or ARN");
  std::vector<std::string_view> parts = SplitColons(text);
  // arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER] → NAME[:QUALIFIER]
  std::size_t prefix = 0;
  if (parts[0] == "arn") {
    if (parts.size() < 7 || parts[2] != "lambda" || parts[5] != "function") return invalid;
    prefix = 6;
  } else if (parts.size() >= 3 && parts[1] == "function") {
    prefix = 2;
  } else if (parts.size() >= 2 && parts[0] == "function") {
    prefix = 1;
  }
  parts.erase(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(prefix));
  if (parts.size() > 2) return invalid;
  FunctionRef reference{.name = std::string(parts[0]), .qualifier = std::string(qualifier)};
  if (!ValidateName(reference.name)) return invalid;
  if (parts.size() == 2) {
    if (!qualifier.empty() && qualifier != parts[1]) {
      return Error(Code::kInvalid, "InvalidParameterValueException",
                   "The derived qualifier from the function name does not match the specified "
                   "qualifier.");
    }
    reference.qualifier = std::string(parts[1]);
    if (reference.qualifier.empty()) return invalid;
  }
  if (!reference.qualifier.empty() && !IsQualifier(reference.qualifier)) return invalid;
  return reference;
}

}  // namespace scones::functions
