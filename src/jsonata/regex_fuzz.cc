// Fuzzes regular expressions: the first byte has the flags, a line the pattern, the rest the
// subject. Checks that what is found lies in the subject and that the search goes on.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "jsonata/detail/regex.h"
#include "jsonata/detail/text.h"

using namespace scones::jsonata;  // NOLINT: a program of its own

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view flags = std::string_view("im").substr(data[0] & 1, (data[0] >> 1) & 3);
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t line = text.find('\n');
  const std::string_view pattern = text.substr(0, line);
  const std::u16string subject =
      detail::ToUtf16(line == std::string_view::npos ? "" : text.substr(line + 1));
  const auto regex = Regex::Compile(pattern, flags);
  if (!regex) {
    SCONES_CHECK(!regex.error().message().empty());
    return 0;
  }
  std::size_t from = 0;
  for (int i = 0; i < 10; ++i) {
    const auto match = regex->Find(subject, from);
    if (!match || !*match) return 0;
    SCONES_CHECK((*match)->start >= from && (*match)->start <= (*match)->end);
    SCONES_CHECK((*match)->end <= subject.size());
    from = (*match)->end + ((*match)->end == from ? 1 : 0);
  }
  return 0;
}
