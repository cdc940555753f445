// The commands of `scones`, each returning the process's exit status: 0 done, 1 failed (the reason
// is on standard error), 130 interrupted.
#pragma once

#include "programs/flags.h"

namespace scones::programs {

int RunServeCommand(const ServeFlags& flags);
int RunRunCommand(const RunFlags& flags);
int RunSimulateCommand(const SimulateFlags& flags);
int RunMonitorCommand(const MonitorFlags& flags);
int RunEnvCommand(const EnvFlags& flags);

}  // namespace scones::programs
