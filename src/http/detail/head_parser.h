// HTTP/1.1 message heads from bytes, strictly: CRLF line ends only, no folded lines, no blanks
// before a colon, one unambiguous body length. What is ambiguous is refused, because a proxy in
// front may read it differently (request smuggling). Pure.
// Source: RFC 9112 §2-6.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace scones::http::detail {

enum class BodyKind { kNone, kLength, kChunked, kUntilClose };

struct Framing {
  BodyKind kind = BodyKind::kNone;
  std::uint64_t length = 0;  // of kLength
};

struct RequestHead {
  Request request;  // without remote_address and secure
  Framing framing;
  bool keep_alive = true;
  bool http_1_0 = false;
  bool expects_continue = false;
};

struct ResponseHead {
  int status = 0;
  Headers headers;
  Framing framing;
  bool keep_alive = true;
};

// Looks for the end of a head as bytes arrive; each byte is looked at once.
class HeadScanner {
 public:
  // `bytes` holds the head so far, from its first byte. Returns the head's size, its empty line
  // included, or nullopt while it isn't complete. Errors: kInvalid for a line end that isn't CRLF.
  Result<std::optional<std::size_t>> Scan(std::string_view bytes);

 private:
  std::size_t line_start_ = 0;
  std::size_t scanned_ = 0;
};

// `head` is complete, as HeadScanner found it. Errors: kInvalid, with reason "505" for another HTTP
// version.
Result<RequestHead> ParseRequestHead(std::string_view head);
// `to_head` says that the response answers a HEAD request and so has no body.
Result<ResponseHead> ParseResponseHead(std::string_view head, bool to_head);

// One header line without its CRLF, also of a trailer. Errors: kInvalid.
Result<Headers::Field> ParseField(std::string_view line);

}  // namespace scones::http::detail
