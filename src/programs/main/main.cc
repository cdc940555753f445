// The program `scones`.

#include <variant>

#include "programs/cli.h"
#include "programs/commands.h"
#include "programs/interrupt.h"

namespace scones::programs {
namespace {

struct Dispatch {
  int operator()(const ServeFlags& flags) const { return RunServeCommand(flags); }
  int operator()(const RunFlags& flags) const { return RunRunCommand(flags); }
  int operator()(const SimulateFlags& flags) const { return RunSimulateCommand(flags); }
  int operator()(const MonitorFlags& flags) const { return RunMonitorCommand(flags); }
  int operator()(const EnvFlags& flags) const { return RunEnvCommand(flags); }
};

int Main(int argc, char** argv) {
  int exit_code = 0;
  const std::optional<Command> command = ParseCommandLine(argc, argv, exit_code);
  if (!command) return exit_code;
  CatchInterrupts();
  return std::visit(Dispatch(), *command);
}

}  // namespace
}  // namespace scones::programs

int main(int argc, char** argv) { return scones::programs::Main(argc, argv); }
