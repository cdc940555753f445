// Anything that a peer may send: heads in pieces, chunked bodies, queries, addresses. The first
// byte says how large the pieces are; whatever their size, the outcome is the same.
#include <cstdlib>

#include "base/encoding.h"
#include "http/detail/chunked_decoder.h"
#include "http/detail/head_parser.h"
#include "http/message.h"
#include "http/url.h"

namespace {

using scones::http::detail::ChunkedDecoder;
using scones::http::detail::HeadScanner;

std::optional<std::size_t> FindHead(std::string_view text, std::size_t piece) {
  HeadScanner scanner;
  for (std::size_t end = 0; end < text.size();) {
    end = std::min(text.size(), end + piece);
    const auto size = scanner.Scan(text.substr(0, end));
    if (!size) return std::nullopt;
    if (*size) return **size;
  }
  return std::nullopt;
}

std::string Decode(std::string_view text, std::size_t piece) {
  ChunkedDecoder decoder;
  std::string decoded;
  while (!text.empty() && !decoder.done()) {
    const auto step = decoder.Next(text.substr(0, piece));
    if (!step) return decoded + "<error>";
    if (step->consumed == 0) std::abort();
    decoded += step->data;
    text.remove_prefix(step->consumed);
  }
  return decoded;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = 1 + data[0] % 64;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::optional<std::size_t> head = FindHead(text, piece);
  if (head != FindHead(text, text.size())) std::abort();
  if (head) {
    (void)scones::http::detail::ParseResponseHead(text.substr(0, *head), false);
    const auto request = scones::http::detail::ParseRequestHead(text.substr(0, *head));
    if (request) {
      (void)scones::ParseQuery(request->request.raw_query());
      if (Decode(text.substr(*head), piece) != Decode(text.substr(*head), text.size())) {
        std::abort();
      }
    }
  }
  (void)scones::http::Url::Parse(text);
  return 0;
}
