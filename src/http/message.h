// HTTP messages as values, and bodies as streams. No I/O here. A message belongs to one thread at a
// time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "io/task.h"

namespace scones::http {

// Header fields in the order received; names compare without case.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  // The first field of that name.
  std::optional<std::string_view> Find(std::string_view name) const;
  std::string_view Get(std::string_view name) const;  // "" when absent
  bool Contains(std::string_view name) const { return Find(name).has_value(); }
  void Add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }
  // Replaces all fields of that name.
  void Set(std::string name, std::string value);
  void Remove(std::string_view name);

  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  std::size_t size() const { return fields_.size(); }
  void Reserve(std::size_t count) { fields_.reserve(count); }

 private:
  std::vector<Field> fields_;
};

bool EqualsIgnoringCase(std::string_view a, std::string_view b);

// Bytes that come in pieces. Read once, from the start.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  // Fills the front of `buffer`; 0 is the end. Errors end the stream.
  virtual io::Task<Result<std::size_t>> Read(std::span<char> buffer) = 0;
  // Bytes in all, where known before reading.
  virtual std::optional<std::uint64_t> size() const = 0;
  // Verified fields that came after the last byte (x-amz-checksum-...); known once the end was
  // read.
  virtual Headers trailers() const { return {}; }
  // What is left of the stream, moved out, where it is in memory as one string; its end follows.
  virtual std::optional<std::string> TakeRest() { return std::nullopt; }
  // False once whoever sends the stream has closed the connection or lost it.
  virtual bool peer_is_there() const { return true; }
};

// A stream over a string.
std::unique_ptr<BodyStream> MakeStringBody(std::string bytes);

// Everything that `body` has. Errors: kInvalid/EntityTooLarge beyond `max_bytes`; those of the
// stream.
io::Task<Result<std::string>> ReadAll(BodyStream& body, std::size_t max_bytes);

struct Request {
  std::string method;
  std::string target;  // as sent: path, then '?' and query where there is one
  Headers headers;
  std::string remote_address;
  std::uint16_t remote_port = 0;
  bool secure = false;  // came over TLS

  std::string_view raw_path() const;   // percent-encoded, without the query
  std::string_view raw_query() const;  // percent-encoded, "" where there is none
};

struct Response {
  int status = 200;
  Headers headers;   // Content-Length is set by the server, but for HEAD
  std::string body;  // used where `stream` is null
  std::unique_ptr<BodyStream>
      stream;  // sent with Content-Length where its size is known, else chunked
};

}  // namespace scones::http
