#include "workflows/detail/page_token.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>

#include "base/encoding.h"
#include "workflows/detail/names.h"

namespace scones::workflows {
namespace {

constexpr std::int64_t kDefaultPage = 100;

}  // namespace

std::string MakeNumberToken(char kind, std::int64_t number) {
  return HexEncode(fmt::format("{}:{}", kind, number));
}

std::string MakeNameToken(char kind, const std::string& name) {
  return HexEncode(fmt::format("{}:{}", kind, name));
}

Result<std::int64_t> ReadNumberToken(char kind, const std::string& token) {
  TRY(const std::string text, ReadNameToken(kind, token));
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [read_to, fault] = std::from_chars(text.data(), end, number);
  if (fault != std::errc() || read_to != end || number < 0) return InvalidToken();
  return number;
}

Result<std::string> ReadNameToken(char kind, const std::string& token) {
  const Result<std::string> text = HexDecode(token);
  if (!text || text->size() < 3 || (*text)[0] != kind || (*text)[1] != ':') return InvalidToken();
  return text->substr(2);
}

std::int64_t PageLimit(const PageRequest& page) {
  return page.max_results == 0 ? kDefaultPage : page.max_results;
}

Result<std::int64_t> ReadUpperBound(char kind, const PageRequest& page) {
  if (page.next_token.empty()) return std::numeric_limits<std::int64_t>::max();
  return ReadNumberToken(kind, page.next_token);
}

}  // namespace scones::workflows
