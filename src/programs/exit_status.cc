#include "programs/exit_status.h"

#include <cstdio>

#include "programs/interrupt.h"

namespace scones::programs {

int ReportFailure(const Error& error) {
  if (Interrupted() && error.code() == Code::kCancelled) {
    std::fputs("scones: interrupted; run it again to go on from here\n", stderr);
    return kInterruptedExitCode;
  }
  const std::string reason = error.reason().empty() ? "" : " (" + error.reason() + ")";
  std::fprintf(stderr, "scones: %s%s\n", error.message().c_str(), reason.c_str());
  return 1;
}

}  // namespace scones::programs
