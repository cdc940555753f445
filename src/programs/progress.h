// Progress of long work on standard error: a bar that redraws itself on a terminal, one line at the
// end of each step elsewhere. One thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace scones::programs {

class Progress {
 public:
  enum class Style { kTerminal, kLines, kSilent };
  // kTerminal where standard error is one.
  static Style DetectStyle();

  Progress(Style style, std::string step);
  // Ends the line where Done or Fail was not called.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `done` of `total` units; a total of 0 is unknown. Redraws at most ten times a second.
  void Update(std::uint64_t done, std::uint64_t total, const std::string& note = "");
  void Done(const std::string& summary);
  // The step was not needed: its result is there already.
  void Skip(const std::string& reason);

 private:
  void Draw(const std::string& line, bool last);
  double ElapsedSeconds() const;

  Style style_;
  std::string step_;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point drawn_;
  bool open_ = true;
};

}  // namespace scones::programs
