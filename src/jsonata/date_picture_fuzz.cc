// Fuzzes date pictures both ways: eight bytes of milliseconds, a line with the picture, then a text
// to read by it. What a picture wrote, it must be able to read or refuse.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/check.h"
#include "jsonata/detail/datetime.h"

using namespace scones::jsonata;  // NOLINT: a program of its own

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::int64_t millis = 0;
  if (size < sizeof millis) return 0;
  std::memcpy(&millis, data, sizeof millis);
  const std::string_view text(reinterpret_cast<const char*>(data) + sizeof millis,
                              size - sizeof millis);
  const std::size_t line = text.find('\n');
  const std::string_view picture = text.substr(0, line);
  const std::string_view rest = line == std::string_view::npos ? "" : text.substr(line + 1);
  const scones::Timestamp now{std::chrono::seconds(1'521'801'216)};
  for (const std::int64_t time : {millis, millis % 4'000'000'000'000}) {
    const auto written = FormatDateTime(time, picture, std::nullopt);
    if (written) (void)ParseDateTime(*written, picture, now);
    if (!written) SCONES_CHECK(!written.error().message().empty());
  }
  (void)ParseDateTime(rest, picture, now);
  (void)ParseDateTime(rest, std::nullopt, now);
  (void)FormatDateTime(millis % 4'000'000'000'000, std::nullopt, rest.substr(0, 10));
  return 0;
}
