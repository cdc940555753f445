// Fuzzes number pictures: eight bytes of a number, a line with the picture, a line with a text to
// read by it, the rest JSON options.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/check.h"
#include "jsonata/detail/format_number.h"

using namespace scones::jsonata;  // NOLINT: a program of its own

namespace {

std::string_view TakeLine(std::string_view& text) {
  const std::size_t line = text.find('\n');
  const std::string_view taken = text.substr(0, line);
  text = line == std::string_view::npos ? "" : text.substr(line + 1);
  return taken;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  double value = 0;
  if (size < sizeof value) return 0;
  std::memcpy(&value, data, sizeof value);
  if (!std::isfinite(value)) value = 12345.678;
  std::string_view text(reinterpret_cast<const char*>(data) + sizeof value, size - sizeof value);
  const std::string_view picture = TakeLine(text);
  const std::string_view number = TakeLine(text);
  const auto options = scones::ParseJson(text);
  const auto* object = options ? options->if_object() : nullptr;
  const auto written = FormatNumber(value, picture, object);
  if (!written) SCONES_CHECK(!written.error().message().empty());
  const auto integer = FormatInteger(value, picture);
  if (integer) (void)ParseInteger(*integer, picture);
  (void)ParseInteger(number, picture);
  (void)FormatBase(value, static_cast<int>(size % 40));
  return 0;
}
