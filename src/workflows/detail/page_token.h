// Page tokens: "KIND:CONTENT" in hexadecimal, so that a token of one list is refused by another.
// Pure.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace scones::workflows {

std::string MakeNumberToken(char kind, std::int64_t number);
std::string MakeNameToken(char kind, const std::string& name);
// Errors: InvalidToken.
Result<std::int64_t> ReadNumberToken(char kind, const std::string& token);
Result<std::string> ReadNameToken(char kind, const std::string& token);

}  // namespace scones::workflows
