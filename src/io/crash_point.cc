#include "io/crash_point.h"

#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <string_view>

namespace scones::io {
namespace {

constexpr int kCrashExitCode = 86;

struct Armed {
  std::string_view name;
  long passages = 1;
};

const Armed& ArmedPoint() {
  static const Armed armed = [] {
    const char* text = std::getenv("SCONES_CRASH_POINT");
    Armed made{.name = text == nullptr ? "" : text};
    if (const std::size_t colon = made.name.find(':'); colon != std::string_view::npos) {
      const std::string_view count = made.name.substr(colon + 1);
      std::from_chars(count.data(), count.data() + count.size(), made.passages);
      made.name = made.name.substr(0, colon);
    }
    return made;
  }();
  return armed;
}

}  // namespace

bool CrashPointsArmed() {
  static const bool armed = !ArmedPoint().name.empty();
  return armed;
}

void PassCrashPoint(const char* name) {
  static std::atomic<long> passed{0};
  if (ArmedPoint().name != name) return;
  if (passed.fetch_add(1) + 1 == ArmedPoint().passages) ::_exit(kCrashExitCode);
}

}  // namespace scones::io
