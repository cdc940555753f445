// Named places where a test can end the process as a power cut would: SCONES_CRASH_POINT=name (or
// name:N for the Nth passage) in the environment makes that passage call _exit(86).
// Costs one predicted branch where the variable is unset.
#pragma once

namespace scones::io {

void PassCrashPoint(const char* name);
bool CrashPointsArmed();

}  // namespace scones::io

#define SCONES_CRASH_POINT(name) \
  (::scones::io::CrashPointsArmed() ? ::scones::io::PassCrashPoint(name) : static_cast<void>(0))
