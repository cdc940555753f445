#include "programs/interrupt.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>

#include "base/check.h"

namespace scones::programs {
namespace {

std::atomic<bool> interrupted{false};
int wake_pipe[2] = {-1, -1};  // written by the handler, so that a waiter wakes on whatever thread

void OnSignal(int) {
  if (interrupted.exchange(true)) ::_exit(kInterruptedExitCode);
  const char byte = 0;
  (void)!::write(wake_pipe[1], &byte, 1);
}

}  // namespace

void CatchInterrupts() {
  SCONES_CHECK(::pipe2(wake_pipe, O_CLOEXEC) == 0);
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

bool Interrupted() { return interrupted.load(); }

void WaitForInterrupt() {
  char byte;
  while (!Interrupted()) (void)!::read(wake_pipe[0], &byte, 1);
}

}  // namespace scones::programs
