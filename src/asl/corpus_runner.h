// Test support: one recorded execution run against Step() and compared. Test code only.
#pragma once

#include <string>

#include "base/json.h"

namespace scones::asl {

// What has been reached; these only go up.
inline constexpr int kPurePassed = 530;
inline constexpr int kDistributedMapPassed = 15;
inline constexpr int kLambdaPassed = 52;
inline constexpr int kStaticValidPassed = 62;
inline constexpr int kStaticInvalidPassed = 50;

// Empty when the case `one` (an element of the corpus' "execution" kind) passes, else what differs.
std::string RunCorpusCase(const json::object& one);

}  // namespace scones::asl
