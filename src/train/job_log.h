// Lines on standard output in the form of the original container's log, which clients' metric
// definitions match: "[11/22/2026 08:30:01 INFO 12345] Epoch[0] Train-accuracy=0.5".
// Each line is flushed. Safe from any thread. C++17.
#pragma once

#include <cstdio>
#include <string>

namespace scones::train {

class JobLog {
 public:
  // `out` null: silent.
  explicit JobLog(std::FILE* out) : out_(out) {}

  void Info(const std::string& text) { Line("INFO", text); }
  void Warning(const std::string& text) { Line("WARNING", text); }
  void Error(const std::string& text) { Line("ERROR", text); }

 private:
  void Line(const char* level, const std::string& text);

  std::FILE* out_;
};

// Fixed number of decimals, as in "0.540179".
std::string Fixed(double value, int decimals);

}  // namespace scones::train
