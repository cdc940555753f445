#include "logs/detail/chunk.h"

namespace scones::logs {
namespace {

constexpr std::size_t kHeadBytes = 12;

void AppendNumber(std::uint64_t number, int bytes, std::string& out) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(number >> (8 * i)));
}

std::uint64_t ReadNumber(std::string_view bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    number = number << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return number;
}

}  // namespace

void AppendEvent(const io::LogEvent& event, std::string& chunk) {
  AppendNumber(static_cast<std::uint64_t>(event.time.time_since_epoch().count()), 8, chunk);
  AppendNumber(event.message.size(), 4, chunk);
  chunk += event.message;
}

Result<std::vector<io::LogEvent>> DecodeChunk(std::string_view chunk) {
  std::vector<io::LogEvent> events;
  while (!chunk.empty()) {
    if (chunk.size() < kHeadBytes) return Error(Code::kDataLoss, "a stored log chunk is cut short");
    const auto time_us = static_cast<std::int64_t>(ReadNumber(chunk.substr(0, 8)));
    const std::uint64_t size = ReadNumber(chunk.substr(8, 4));
    chunk.remove_prefix(kHeadBytes);
    if (chunk.size() < size) return Error(Code::kDataLoss, "a stored log chunk is cut short");
    events.push_back(
        {Timestamp(std::chrono::microseconds(time_us)), std::string(chunk.substr(0, size))});
    chunk.remove_prefix(size);
  }
  return events;
}

}  // namespace scones::logs
