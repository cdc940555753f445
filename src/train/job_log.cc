#include "train/job_log.h"

#include <unistd.h>

#include <algorithm>
#include <ctime>

namespace scones::train {

void JobLog::Line(const char* level, const std::string& text) {
  if (out_ == nullptr) return;
  char when[32];
  std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::strftime(when, sizeof when, "%m/%d/%Y %H:%M:%S", &utc);
  // One line in the log is one event for its readers.
  std::string line = text;
  std::replace(line.begin(), line.end(), '\n', ' ');
  std::fprintf(out_, "[%s %s %d] %s\n", when, level, static_cast<int>(getpid()), line.c_str());
  std::fflush(out_);
}

std::string Fixed(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

}  // namespace scones::train
