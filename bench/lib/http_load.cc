#include "lib/http_load.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <random>
#include <sstream>

namespace scones::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;

struct Connection {
  int socket = -1;
  bool busy = false;
  std::size_t index = 0;  // of the request under way
  Time begin;             // when it was sent, or due
  std::string answer;
};

int Connect(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    Die(fmt::format("cannot connect to port {}", port));
  }
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

double OwnCpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Load {
 public:
  explicit Load(const LoadOptions& options) : options_(options), connections_(options.connections) {
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      connections_[i].socket = Connect(options.port);
      epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_[i].socket, &event);
      idle_.push_back(i);
    }
  }
  ~Load() {
    for (const Connection& connection : connections_) ::close(connection.socket);
    ::close(epoll_);
  }

  LoadOutcome Run() {
    LoadOutcome outcome;
    latencies_.reserve(options_.count);
    const double cpu = OwnCpuSeconds();
    const Time begin = Clock::now();
    next_due_ = begin;
    while (latencies_.size() < options_.count) {
      const Time now = Clock::now();
      StartDue(now);
      Wait(now);
    }
    outcome.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    outcome.client_cpu_seconds = OwnCpuSeconds() - cpu;
    outcome.latencies_us = std::move(latencies_);
    std::sort(outcome.latencies_us.begin(), outcome.latencies_us.end());
    return outcome;
  }

 private:
  void StartDue(Time now) {
    while (options_.rate > 0 && scheduled_ < options_.count && next_due_ <= now) {
      due_.push_back(next_due_);
      ++scheduled_;
      const double gap = options_.even_gaps ? 1 : gap_(random_);
      next_due_ += std::chrono::nanoseconds(std::int64_t(1e9 * gap / options_.rate));
    }
    while (!idle_.empty() && started_ < options_.count) {
      if (options_.rate > 0 && due_.empty()) return;
      const std::size_t i = idle_.back();
      idle_.pop_back();
      Time begin = now;
      if (options_.rate > 0) {
        begin = due_.front();
        due_.pop_front();
      }
      Send(connections_[i], begin);
    }
  }

  void Send(Connection& connection, Time begin) {
    connection.index = started_++;
    connection.begin = begin;
    connection.busy = true;
    connection.answer.clear();
    std::string_view left = options_.request(connection.index);
    while (!left.empty()) {  // a request fits a socket's buffer, so this does not block
      const ssize_t sent = ::send(connection.socket, left.data(), left.size(), MSG_NOSIGNAL);
      if (sent <= 0) Die("the server closed the connection");
      left.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  void Wait(Time now) {
    timespec timeout{.tv_sec = 5, .tv_nsec = 0};
    if (options_.rate > 0 && scheduled_ < options_.count) {
      const auto gap = std::chrono::duration_cast<std::chrono::nanoseconds>(next_due_ - now);
      timeout = {.tv_sec = gap.count() / 1'000'000'000, .tv_nsec = gap.count() % 1'000'000'000};
      if (gap.count() < 0) timeout = {};
    }
    epoll_event events[256];
    const int count = ::epoll_pwait2(epoll_, events, 256, &timeout, nullptr);
    if (count < 0 && errno != EINTR) Die("epoll failed");
    for (int i = 0; i < count; ++i) Receive(events[i].data.u64);
  }

  void Receive(std::size_t i) {
    Connection& connection = connections_[i];
    char buffer[16 * 1024];
    const ssize_t got = ::recv(connection.socket, buffer, sizeof(buffer), MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0 || !connection.busy) Die("the server closed a connection");
    connection.answer.append(buffer, static_cast<std::size_t>(got));
    if (!IsWhole(connection)) return;
    const Time now = Clock::now();
    latencies_.push_back(std::chrono::duration<float, std::micro>(now - connection.begin).count());
    connection.busy = false;
    idle_.push_back(i);
    if (options_.progress) options_.progress(latencies_.size());
    StartDue(now);
  }

  // Reads status and length, and has a whole answer checked.
  bool IsWhole(const Connection& connection) {
    const std::string_view answer = connection.answer;
    const std::size_t end = answer.find("\r\n\r\n");
    if (end == std::string_view::npos) return false;
    const std::string_view head = answer.substr(0, end);
    std::size_t at = head.find("Content-Length: ");
    if (at == std::string_view::npos) at = head.find("content-length: ");
    if (at == std::string_view::npos) Die(fmt::format("an answer without length:\n{}", head));
    std::size_t length = 0;
    std::from_chars(head.data() + at + 16, head.data() + head.size(), length);
    if (answer.size() < end + 4 + length) return false;
    const std::string_view body = answer.substr(end + 4);
    if (!head.starts_with("HTTP/1.1 200") || !options_.check(connection.index, body)) {
      Die(fmt::format("unexpected answer:\n{}", answer.substr(0, 1000)));
    }
    return true;
  }

  const LoadOptions& options_;
  std::vector<Connection> connections_;
  std::vector<std::size_t> idle_;
  int epoll_ = -1;
  std::size_t started_ = 0;
  std::vector<float> latencies_;
  // Open loop: what is due but has found no idle connection.
  std::deque<Time> due_;
  std::size_t scheduled_ = 0;
  Time next_due_;
  std::minstd_rand random_{1};
  std::exponential_distribution<double> gap_;
};

}  // namespace

void Die(std::string_view what) {
  fmt::print(stderr, "load: {}\n", what);
  std::exit(1);
}

double LoadOutcome::PercentileMs(double share) const {
  return 1e-3 * latencies_us[static_cast<std::size_t>(share * double(latencies_us.size() - 1))];
}

LoadOutcome RunLoad(const LoadOptions& options) { return Load(options).Run(); }

double CpuSeconds(int pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::size_t end = text.rfind(')');  // of the program's name
  if (end == std::string::npos) Die(fmt::format("there is no process {}", pid));
  std::istringstream fields(text.substr(end + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double ResidentMiB(int pid) {
  std::ifstream file(fmt::format("/proc/{}/statm", pid));
  double total = 0, resident = 0;
  file >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

}  // namespace scones::bench
