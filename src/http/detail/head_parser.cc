#include "http/detail/head_parser.h"

#include <array>
#include <charconv>
#include <cstring>

namespace scones::http::detail {
namespace {

constexpr std::size_t kMaxFields = 256;

Error Bad(const char* what) { return Error(Code::kInvalid, what); }

constexpr std::array<bool, 256> MakeTokenTable() {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[c] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[c] = table[c - 32] = true;
  for (char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr auto kToken = MakeTokenTable();

bool IsToken(std::string_view text) {
  for (unsigned char c : text) {
    if (!kToken[c]) return false;
  }
  return !text.empty();
}

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

// The next line without its CRLF, taken off the front of `text`.
std::string_view TakeLine(std::string_view& text) {
  const std::size_t end = text.find("\r\n");
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
  return line;
}

std::string_view TakeListItem(std::string_view& list) {
  const std::size_t end = std::min(list.find(','), list.size());
  const std::string_view item = Trim(list.substr(0, end));
  list.remove_prefix(std::min(end + 1, list.size()));
  return item;
}

struct Connection {
  bool close = false;
  bool keep_alive = false;
};

// What the fields say about the body and the connection.
struct Meaning {
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  Connection connection;
  bool expects_continue = false;
  int hosts = 0;
};

Result<void> Interpret(const Headers::Field& field, Meaning& meaning) {
  const std::string_view value = field.second;
  if (EqualsIgnoringCase(field.first, "content-length")) {
    if (meaning.content_length) return Bad("Content-Length comes twice");
    std::uint64_t length = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
    if (error != std::errc() || end != value.data() + value.size()) {
      return Bad("Content-Length is not a number");
    }
    meaning.content_length = length;
  } else if (EqualsIgnoringCase(field.first, "transfer-encoding")) {
    if (meaning.chunked) return Bad("Transfer-Encoding comes twice");
    if (!EqualsIgnoringCase(value, "chunked")) return Bad("Transfer-Encoding must be 'chunked'");
    meaning.chunked = true;
  } else if (EqualsIgnoringCase(field.first, "connection")) {
    std::string_view list = value;
    while (!list.empty()) {
      const std::string_view item = TakeListItem(list);
      if (EqualsIgnoringCase(item, "close")) meaning.connection.close = true;
      if (EqualsIgnoringCase(item, "keep-alive")) meaning.connection.keep_alive = true;
    }
  } else if (EqualsIgnoringCase(field.first, "expect")) {
    // Any other expectation is passed over, as S3 does.
    if (EqualsIgnoringCase(value, "100-continue")) meaning.expects_continue = true;
  } else if (EqualsIgnoringCase(field.first, "host")) {
    ++meaning.hosts;
  }
  return {};
}

Result<Meaning> ParseFields(std::string_view text, Headers& headers) {
  Meaning meaning;
  headers.Reserve(20);
  while (true) {
    const std::string_view line = TakeLine(text);
    if (line.empty()) break;
    TRY(Headers::Field field, ParseField(line));
    TRY_VOID(Interpret(field, meaning));
    if (headers.size() == kMaxFields) return Bad("there are too many header fields");
    headers.Add(std::move(field.first), std::move(field.second));
  }
  if (meaning.chunked && meaning.content_length) {
    return Bad("both Content-Length and Transfer-Encoding are given");
  }
  return meaning;
}

Result<std::string> OriginForm(std::string_view method, std::string_view target) {
  for (unsigned char c : target) {
    if (c <= ' ' || c == 0x7F || c == '#') return Bad("the request target holds a bad character");
  }
  if (target.starts_with('/')) return std::string(target);
  if (target == "*" && method == "OPTIONS") return std::string(target);
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    target.remove_prefix(scheme.size());
    const std::size_t authority_end = std::min(target.find_first_of("/?"), target.size());
    if (authority_end == 0) break;
    target.remove_prefix(authority_end);
    return target.starts_with('/') ? std::string(target) : "/" + std::string(target);
  }
  return Bad("the request target must start with '/'");
}

}  // namespace

Result<std::optional<std::size_t>> HeadScanner::Scan(std::string_view bytes) {
  while (scanned_ < bytes.size()) {
    const void* found = std::memchr(bytes.data() + scanned_, '\n', bytes.size() - scanned_);
    if (found == nullptr) break;
    const std::size_t feed = static_cast<const char*>(found) - bytes.data();
    if (feed == line_start_ || bytes[feed - 1] != '\r') return Bad("a line does not end in CRLF");
    scanned_ = feed + 1;
    if (feed == line_start_ + 1) return std::optional(scanned_);
    line_start_ = scanned_;
  }
  scanned_ = bytes.size();
  return std::optional<std::size_t>();
}

Result<Headers::Field> ParseField(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return Bad("a header field has no colon");
  const std::string_view name = line.substr(0, colon);
  if (!IsToken(name)) return Bad("a header field's name holds a bad character");
  const std::string_view value = Trim(line.substr(colon + 1));
  for (unsigned char c : value) {
    if ((c < ' ' && c != '\t') || c == 0x7F) return Bad("a header field holds a control character");
  }
  return Headers::Field(name, value);
}

Result<RequestHead> ParseRequestHead(std::string_view head) {
  RequestHead parsed;
  std::string_view line = TakeLine(head);
  const std::size_t method_end = line.find(' ');
  const std::size_t target_end = line.rfind(' ');
  if (method_end == std::string_view::npos || method_end == target_end) {
    return Bad("the request line is not 'METHOD TARGET VERSION'");
  }
  const std::string_view method = line.substr(0, method_end);
  if (!IsToken(method) || method.size() > 32) return Bad("the method holds a bad character");
  parsed.request.method = method;
  TRY(parsed.request.target,
      OriginForm(method, line.substr(method_end + 1, target_end - method_end - 1)));
  const std::string_view version = line.substr(target_end + 1);
  if (version == "HTTP/1.0") {
    parsed.http_1_0 = true;
  } else if (version != "HTTP/1.1") {
    if (!version.starts_with("HTTP/")) return Bad("the request line has no HTTP version");
    return Error(Code::kInvalid, "505", "only HTTP/1.1 and HTTP/1.0 are spoken here");
  }
  TRY(const Meaning meaning, ParseFields(head, parsed.request.headers));
  if (meaning.hosts > 1) return Bad("Host comes twice");
  if (meaning.hosts == 0 && !parsed.http_1_0) return Bad("Host is missing");
  if (meaning.chunked) {
    if (parsed.http_1_0) return Bad("HTTP/1.0 has no Transfer-Encoding");
    parsed.framing.kind = BodyKind::kChunked;
  } else if (meaning.content_length.value_or(0) > 0) {
    parsed.framing = {BodyKind::kLength, *meaning.content_length};
  }
  parsed.keep_alive =
      !meaning.connection.close && (!parsed.http_1_0 || meaning.connection.keep_alive);
  parsed.expects_continue = meaning.expects_continue && !parsed.http_1_0;
  return parsed;
}

Result<ResponseHead> ParseResponseHead(std::string_view head, bool to_head) {
  ResponseHead parsed;
  const std::string_view line = TakeLine(head);
  const bool http_1_0 = line.starts_with("HTTP/1.0 ");
  if (!http_1_0 && !line.starts_with("HTTP/1.1 ")) return Bad("the peer does not speak HTTP/1.1");
  const std::string_view digits = line.substr(9, 3);
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), parsed.status);
  if (error != std::errc() || end != digits.data() + 3 || parsed.status < 100 ||
      (line.size() > 12 && line[12] != ' ')) {
    return Bad("the peer's status line is malformed");
  }
  TRY(const Meaning meaning, ParseFields(head, parsed.headers));
  parsed.keep_alive = http_1_0 ? meaning.connection.keep_alive : !meaning.connection.close;
  const bool no_body =
      to_head || parsed.status < 200 || parsed.status == 204 || parsed.status == 304;
  if (no_body) return parsed;
  if (meaning.chunked) {
    parsed.framing.kind = BodyKind::kChunked;
  } else if (meaning.content_length) {
    if (*meaning.content_length > 0) parsed.framing = {BodyKind::kLength, *meaning.content_length};
  } else {
    parsed.framing.kind = BodyKind::kUntilClose;
    parsed.keep_alive = false;
  }
  return parsed;
}

}  // namespace scones::http::detail
