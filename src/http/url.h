// http:// and https:// addresses, taken apart once. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace scones::http {

struct Url {
  bool secure = false;
  std::string host;  // without the brackets of an IPv6 address
  std::uint16_t port = 80;
  std::string target = "/";  // path and query

  // host or host:port, as the Host header has it; the port is left out where it is the scheme's.
  std::string Authority() const;
  std::string ToString() const;
  // Errors: kInvalid.
  static Result<Url> Parse(std::string_view text);
};

}  // namespace scones::http
