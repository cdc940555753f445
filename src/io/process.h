// Child processes: started in a process group of their own with a given environment, their output
// read line by line, killed with everything that they started.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/file.h"
#include "io/task.h"

namespace scones::io {

struct ProcessOptions {
  std::vector<std::string> command;                // absolute path of the program, then arguments
  std::map<std::string, std::string> environment;  // the whole of it: nothing is inherited
  Path directory;
  // Called for each line (without its end; longer ones come in pieces of max_line_bytes) of
  // standard output and error together, in order, on a thread of the Process; so it
  // must not own the Process.
  std::function<void(std::string_view line)> on_line;
  std::size_t max_line_bytes = 64 * 1024;
  // The child ends when the server does, however that ends.
  bool die_with_parent = true;
  std::size_t address_space_bytes = 0;  // RLIMIT_AS, 0 for none
  int nice = 0;
  // Needs root: the child runs as this user and group, without others and without ways to gain
  // privileges. 0 for the server's own.
  unsigned user_id = 0;
};

struct ProcessExit {
  int code = 0;    // exit status, or -1 where a signal ended it
  int signal = 0;  // 0 where it exited by itself
};

class Process {
 public:
  // Errors: kNotFound or kDenied when the program can't be run, kExhausted when no process can.
  static Result<std::unique_ptr<Process>> Start(ProcessOptions options);
  // Kills the group and waits.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const;
  // To the whole process group. No effect after the end.
  void Signal(int number);
  bool Running() const;
  // Calls `done` once all output that was written before this call has been delivered, a line
  // without its end included: on a thread of the Process, or at once after the end. Keep it quick.
  void OnceDrained(std::function<void()> done);
  // Blocks until the process has ended and its output has been delivered.
  ProcessExit Wait();
  // The same for a coroutine; at most one waiter at a time.
  Task<Result<ProcessExit>> WaitAsync();

 private:
  struct State;
  explicit Process(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace scones::io
