// Ctrl-C and SIGTERM as a flag that long work looks at. Set up once, in main.
#pragma once

namespace scones::programs {

// From now on the first SIGINT or SIGTERM only sets the flag; a second one ends the process with
// exit status 130.
void CatchInterrupts();
bool Interrupted();
// Blocks until a signal has come.
void WaitForInterrupt();

inline constexpr int kInterruptedExitCode = 130;

}  // namespace scones::programs
