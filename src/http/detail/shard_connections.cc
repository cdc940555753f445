#include "http/detail/shard_connections.h"

namespace scones::http::detail {
namespace {

// Ends pending reads and writes with an error; the connection's coroutine then leaves.
void Close(ShardConnections::Entry& entry) {
  boost::system::error_code ignored;
  entry.socket->close(ignored);
}

}  // namespace

ShardConnections::Handle ShardConnections::Add(Socket& socket) {
  entries_.push_back(Entry{.socket = &socket});
  Arm();
  return std::prev(entries_.end());
}

void ShardConnections::Arm() {
  if (armed_) return;
  armed_ = true;
  timer_.expires_after(std::chrono::seconds(1));
  timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    self->armed_ = false;
    if (!error) self->Tick();
  });
}

void ShardConnections::Tick() {
  ++tick_;
  for (Entry& entry : entries_) {
    if (entry.deadline_tick > tick_) continue;
    entry.deadline_tick = kNever;
    Close(entry);
  }
  if (!entries_.empty()) Arm();
}

void ShardConnections::StopReading() {
  stopping_ = true;
  for (Entry& entry : entries_) {
    if (entry.between_requests) Close(entry);
  }
}

void ShardConnections::CloseAll() {
  for (Entry& entry : entries_) Close(entry);
}

}  // namespace scones::http::detail
