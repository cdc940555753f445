// How a command that failed says so.
#pragma once

#include "base/result.h"

namespace scones::programs {

// Prints "scones: MESSAGE" on standard error; returns 130 for kCancelled, else 1.
int ReportFailure(const Error& error);

}  // namespace scones::programs
