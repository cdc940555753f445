#include "io/process.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

namespace scones::io {
namespace {

// What the child needs, laid out before fork: after it only async-signal-safe calls are allowed.
struct ExecPlan {
  std::vector<std::string> variables;
  std::vector<char*> arguments;
  std::vector<char*> environment;
};

ExecPlan MakePlan(ProcessOptions& options) {
  ExecPlan plan;
  for (std::string& argument : options.command) plan.arguments.push_back(argument.data());
  plan.arguments.push_back(nullptr);
  for (const auto& [name, value] : options.environment)
    plan.variables.push_back(name + "=" + value);
  for (std::string& variable : plan.variables) plan.environment.push_back(variable.data());
  plan.environment.push_back(nullptr);
  return plan;
}

void CloseInheritedDescriptors() { ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC); }

// Setting the user clears the parent-death signal: call this before asking for that.
bool BecomeUser(unsigned user_id) {
  return ::setgroups(0, nullptr) == 0 && ::setgid(user_id) == 0 && ::setuid(user_id) == 0 &&
         ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

// Runs in the child; tells the parent errno through `report` if the program can't be started.
[[noreturn]] void RunChild(const ProcessOptions& options, const ExecPlan& plan, int output,
                           int report, pid_t parent) {
  ::setpgid(0, 0);
  ::signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const bool ready = options.user_id == 0 || BecomeUser(options.user_id);
  const int refused = errno;
  if (options.die_with_parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
  }
  if (options.address_space_bytes != 0) {
    const rlimit limit{options.address_space_bytes, options.address_space_bytes};
    ::setrlimit(RLIMIT_AS, &limit);
  }
  if (options.nice != 0) ::setpriority(PRIO_PROCESS, 0, options.nice);
  const int null = ::open("/dev/null", O_RDONLY);
  ::dup2(null, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  CloseInheritedDescriptors();
  errno = refused;
  if (ready && (options.directory.empty() || ::chdir(options.directory.c_str()) == 0)) {
    ::execve(plan.arguments[0], plan.arguments.data(), plan.environment.data());
  }
  const int number = errno;
  (void)!::write(report, &number, sizeof number);
  ::_exit(127);
}

// Cuts a byte stream into lines for `on_line`.
class LineReader {
 public:
  LineReader(std::function<void(std::string_view)> on_line, std::size_t max_line_bytes)
      : on_line_(std::move(on_line)), max_line_bytes_(max_line_bytes) {}

  // Delivers what is in the pipe now; false once every writer has closed it.
  bool ReadAvailable(int descriptor) {
    char buffer[16384];
    while (true) {
      const ssize_t count = ::read(descriptor, buffer, sizeof buffer);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) return true;
      if (count <= 0) return false;
      Take(std::string_view(buffer, static_cast<std::size_t>(count)));
    }
  }
  void Flush() {
    if (!partial_.empty()) Deliver();
  }

 private:
  void Take(std::string_view bytes) {
    for (char c : bytes) {
      if (c == '\n') {
        Deliver();
        continue;
      }
      partial_.push_back(c);
      if (partial_.size() >= max_line_bytes_) Deliver();
    }
  }
  void Deliver() {
    if (on_line_) on_line_(partial_);
    partial_.clear();
  }

  std::function<void(std::string_view)> on_line_;
  std::size_t max_line_bytes_;
  std::string partial_;
};

}  // namespace

struct Process::State {
  pid_t pid = -1;
  std::thread thread;  // reads output to its end, then reaps
  File wake;           // eventfd: `drains` has something
  std::vector<std::function<void()>> drains;
  mutable std::mutex mutex;
  std::condition_variable ended;
  std::optional<ProcessExit> exit;
  Completion<Result<ProcessExit>> waiter;

  // Reads until the process has ended, takes down what it left behind, and reaps it. Its pid stays
  // ours until `exit` is set, so Signal() can't hit another process.
  void Run(LineReader& reader, int output, int pidfd) {
    pollfd watched[3] = {{.fd = output, .events = POLLIN, .revents = 0},
                         {.fd = pidfd, .events = POLLIN, .revents = 0},
                         {.fd = wake.descriptor(), .events = POLLIN, .revents = 0}};
    while (true) {
      if (::poll(watched, 3, -1) < 0) continue;
      if (watched[0].revents != 0 && !reader.ReadAvailable(output)) watched[0].fd = -1;
      if (watched[2].revents != 0) Drain(reader, watched[0].fd);
      if (watched[1].revents != 0) break;
    }
    ::kill(-pid, SIGKILL);
    reader.ReadAvailable(output);
    reader.Flush();
    Reap();
  }

  // `output` is -1 once it has been closed.
  void Drain(LineReader& reader, int output) {
    std::uint64_t count;
    (void)!::read(wake.descriptor(), &count, sizeof count);
    std::vector<std::function<void()>> waiting;
    {
      const std::lock_guard lock(mutex);
      waiting.swap(drains);
    }
    if (output >= 0) reader.ReadAvailable(output);
    reader.Flush();
    for (const auto& done : waiting) done();
  }

  void Reap() {
    Completion<Result<ProcessExit>> resume;
    ProcessExit result;
    std::vector<std::function<void()>> waiting;
    {
      const std::lock_guard lock(mutex);
      int status = 0;
      while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
      }
      result = WIFEXITED(status) ? ProcessExit{.code = WEXITSTATUS(status), .signal = 0}
                                 : ProcessExit{.code = -1, .signal = WTERMSIG(status)};
      exit = result;
      resume = std::move(waiter);
      waiting.swap(drains);
    }
    ended.notify_all();
    for (const auto& done : waiting) done();
    if (resume) resume(result);
  }
};

Result<std::unique_ptr<Process>> Process::Start(ProcessOptions options) {
  int output[2], report[2];
  if (::pipe2(output, O_CLOEXEC) != 0)
    return FileError(errno, "open a pipe for", options.command[0]);
  File output_read(output[0]), output_write(output[1]);
  if (::pipe2(report, O_CLOEXEC) != 0)
    return FileError(errno, "open a pipe for", options.command[0]);
  File report_read(report[0]), report_write(report[1]);

  const ExecPlan plan = MakePlan(options);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return FileError(errno, "start a process for", options.command[0]);
  if (pid == 0) RunChild(options, plan, output[1], report[1], parent);

  output_write.Close();
  report_write.Close();
  int number = 0;
  ssize_t reported;
  do {
    reported = ::read(report[0], &number, sizeof number);
  } while (reported < 0 && errno == EINTR);
  if (reported > 0) {
    ::waitpid(pid, nullptr, 0);
    return FileError(number, "run", options.command[0]);
  }

  auto state = std::make_unique<State>();
  state->pid = pid;
  state->wake = File(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  State* shared = state.get();
  File pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  ::fcntl(output_read.descriptor(), F_SETFL, O_NONBLOCK);
  LineReader reader(std::move(options.on_line), options.max_line_bytes);
  state->thread = std::thread([shared, reader = std::move(reader), pipe = std::move(output_read),
                               pidfd = std::move(pidfd)]() mutable {
    shared->Run(reader, pipe.descriptor(), pidfd.descriptor());
  });
  return std::unique_ptr<Process>(new Process(std::move(state)));
}

Process::Process(std::unique_ptr<State> state) : state_(std::move(state)) {}

Process::~Process() {
  Signal(SIGKILL);
  state_->thread.join();
}

pid_t Process::pid() const { return state_->pid; }

void Process::Signal(int number) {
  const std::lock_guard lock(state_->mutex);
  if (!state_->exit) ::kill(-state_->pid, number);
}

bool Process::Running() const {
  const std::lock_guard lock(state_->mutex);
  return !state_->exit;
}

void Process::OnceDrained(std::function<void()> done) {
  {
    const std::lock_guard lock(state_->mutex);
    if (!state_->exit) {
      state_->drains.push_back(std::move(done));
      const std::uint64_t one = 1;
      (void)!::write(state_->wake.descriptor(), &one, sizeof one);
      return;
    }
  }
  done();
}

ProcessExit Process::Wait() {
  std::unique_lock lock(state_->mutex);
  state_->ended.wait(lock, [this] { return state_->exit.has_value(); });
  return *state_->exit;
}

Task<Result<ProcessExit>> Process::WaitAsync() {
  auto start = [this](Completion<Result<ProcessExit>> done) {
    std::optional<ProcessExit> ended;
    {
      const std::lock_guard lock(state_->mutex);
      ended = state_->exit;
      if (!ended) state_->waiter = done;
    }
    if (ended) done(*ended);
  };
  co_return co_await Await<Result<ProcessExit>>(std::move(start));
}

}  // namespace scones::io
