// SCONES_CHECK: a programmer's error aborts with its place. User input never triggers one.
#pragma once

namespace scones {

[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);

}  // namespace scones

#define SCONES_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::scones::CheckFailed(#condition, __FILE__, __LINE__))
