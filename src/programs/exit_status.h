// How a command that failed says so.
#pragma once

#include "base/result.h"

namespace scones::programs {

// Prints "scones: MESSAGE" on standard error; returns 130 when Ctrl-C was the cause, else 1.
int ReportFailure(const Error& error);

}  // namespace scones::programs
