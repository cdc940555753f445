// Rules and targets as the JSON text that their rows hold. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "events/types.h"

namespace scones::events {

std::string EncodeRule(const Rule& rule);
std::string EncodeTarget(const Target& target);
// Errors: kDataLoss for what isn't one.
Result<Rule> DecodeRule(std::string_view text);
Result<Target> DecodeTarget(std::string_view text);

}  // namespace scones::events
