#include "programs/exit_status.h"

#include <cstdio>

#include "programs/interrupt.h"

namespace scones::programs {

int ReportFailure(const Error& error) {
  const std::string reason = error.reason().empty() ? "" : " (" + error.reason() + ")";
  std::fprintf(stderr, "scones: %s%s\n", error.message().c_str(), reason.c_str());
  return error.code() == Code::kCancelled ? kInterruptedExitCode : 1;
}

}  // namespace scones::programs
