#include "http/url.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace scones::http {

std::string Url::Authority() const {
  const bool ipv6 = host.find(':') != std::string::npos;
  std::string text = ipv6 ? "[" + host + "]" : host;
  if (port != (secure ? 443 : 80)) text += fmt::format(":{}", port);
  return text;
}

std::string Url::ToString() const {
  return fmt::format("{}://{}{}", secure ? "https" : "http", Authority(), target);
}

Result<Url> Url::Parse(std::string_view text) {
  const auto bad = [whole = std::string(text)](std::string_view what) {
    return Error(Code::kInvalid,
                 fmt::format("'{}' is no http:// or https:// address: {}", whole, what));
  };
  Url url;
  if (text.starts_with("https://")) {
    url.secure = true;
    url.port = 443;
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else {
    return bad("it starts with neither");
  }
  const std::size_t end = std::min(text.find_first_of("/?#"), text.size());
  std::string_view authority = text.substr(0, end);
  text.remove_prefix(end);
  text = text.substr(0, text.find('#'));
  if (!text.empty())
    url.target = text.starts_with('/') ? std::string(text) : "/" + std::string(text);
  if (authority.find('@') != std::string_view::npos) {
    // The text isn't repeated: a password stands in it.
    return Error(Code::kInvalid, "an address may not hold a user name or password before its host");
  }
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) return bad("a ']' is missing");
    url.host = authority.substr(1, close - 1);
    port = authority.substr(close + 1);
  } else {
    const std::size_t colon = std::min(authority.find(':'), authority.size());
    url.host = authority.substr(0, colon);
    port = authority.substr(colon);
  }
  if (url.host.empty()) return bad("it names no host");
  for (unsigned char c : url.host + url.target) {
    if (c <= ' ' || c == 0x7F || c == '@') return bad("it holds a blank, '@' or control character");
  }
  if (port.empty()) return url;
  const auto [last, error] = std::from_chars(port.data() + 1, port.data() + port.size(), url.port);
  if (port[0] != ':' || error != std::errc() || last != port.data() + port.size()) {
    return bad("its port is not a number");
  }
  return url;
}

}  // namespace scones::http
