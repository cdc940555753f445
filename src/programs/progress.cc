#include "programs/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace scones::programs {
namespace {

constexpr int kStepWidth = 22;
constexpr std::uint64_t kBarWidth = 24;
constexpr std::chrono::milliseconds kRedrawInterval{100};

std::string Bar(std::uint64_t done, std::uint64_t total) {
  const std::uint64_t filled = kBarWidth * std::min(done, total) / total;
  std::string bar;
  for (std::uint64_t i = 0; i < kBarWidth; ++i) bar += i < filled ? "█" : "░";
  return bar;
}

std::size_t TerminalWidth() {
  winsize size;
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

// Cuts `line` to `width` characters, not splitting UTF-8 sequences.
std::string Cut(const std::string& line, std::size_t width) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if ((static_cast<unsigned char>(line[i]) & 0xC0) == 0x80) continue;
    if (characters++ == width) return line.substr(0, i);
  }
  return line;
}

}  // namespace

Progress::Style Progress::DetectStyle() {
  return ::isatty(STDERR_FILENO) != 0 ? Style::kTerminal : Style::kLines;
}

Progress::Progress(Style style, std::string step)
    : style_(style), step_(std::move(step)), start_(std::chrono::steady_clock::now()) {
  if (style_ == Style::kTerminal) Draw(fmt::format("  {:<{}}", step_, kStepWidth), false);
}

Progress::~Progress() {
  if (open_ && style_ == Style::kTerminal) std::fputc('\n', stderr);
}

double Progress::ElapsedSeconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void Progress::Update(std::uint64_t done, std::uint64_t total, const std::string& note) {
  const auto now = std::chrono::steady_clock::now();
  if (style_ != Style::kTerminal || now - drawn_ < kRedrawInterval) return;
  drawn_ = now;
  std::string line = fmt::format("  {:<{}}", step_, kStepWidth);
  if (total > 0)
    line += fmt::format("{} {:3}%  ", Bar(done, total), 100 * std::min(done, total) / total);
  Draw(line + note, false);
}

void Progress::Done(const std::string& summary) {
  Draw(fmt::format("✓ {:<{}}{}  ({:.1f} s)", step_, kStepWidth, summary, ElapsedSeconds()), true);
}

void Progress::Skip(const std::string& reason) {
  Draw(fmt::format("· {:<{}}{}", step_, kStepWidth, reason), true);
}

void Progress::Draw(const std::string& line, bool last) {
  if (style_ == Style::kTerminal) {
    std::fprintf(stderr, "\r\033[K%s%s", Cut(line, TerminalWidth() - 1).c_str(), last ? "\n" : "");
  } else if (style_ == Style::kLines && last) {
    std::fprintf(stderr, "%s\n", line.c_str());
  }
  std::fflush(stderr);
  if (last) open_ = false;
}

}  // namespace scones::programs
