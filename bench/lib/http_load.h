// HTTP load over many keep-alive connections from one thread: closed loop (each connection sends
// its next request when the answer to the last is there) or open loop (requests are due at random
// or even times, at a given rate, whether or not the server keeps up; latency counts from when a
// request was due). Linux; ends the program on any fault, as what it would measure then means
// nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace scones::bench {

[[noreturn]] void Die(std::string_view what);

struct LoadOptions {
  std::uint16_t port = 0;
  std::size_t connections = 64;
  std::size_t count = 0;
  double rate = 0;         // requests a second; 0: closed loop
  bool even_gaps = false;  // between requests at a rate, where they are exponential otherwise
  // The bytes of request `index`, kept by whoever gives them until its answer is there.
  std::function<std::string_view(std::size_t index)> request;
  // Looks at each answer of status 200; false ends the program.
  std::function<bool(std::size_t index, std::string_view body)> check;
  // Told the number of answers so far, after each.
  std::function<void(std::size_t done)> progress;
};

struct LoadOutcome {
  double seconds = 0;
  std::vector<float> latencies_us;  // sorted
  double client_cpu_seconds = 0;

  double PerSecond() const { return static_cast<double>(latencies_us.size()) / seconds; }
  double PercentileMs(double share) const;
};

LoadOutcome RunLoad(const LoadOptions& options);

// Of a process on this machine.
double CpuSeconds(int pid);
double ResidentMiB(int pid);

}  // namespace scones::bench
