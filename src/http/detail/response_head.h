// The head of a response as bytes. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "http/message.h"

namespace scones::http::detail {

struct ResponseFraming {
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool close = false;           // announce that the connection ends
  bool say_keep_alive = false;  // an HTTP/1.0 client asked for it
};

// Appends status line, fields and empty line. Fields that the framing decides (Content-Length,
// Transfer-Encoding, Connection) are left out of `headers`; control characters in values become
// blanks, so that no value can start a header of its own.
void AppendResponseHead(int status, const Headers& headers, const ResponseFraming& framing,
                        std::string& out);

const char* ReasonPhrase(int status);

}  // namespace scones::http::detail
