// The connections of one shard and their deadlines. A coarse clock: one timer per shard ticks once
// a second while there are connections, so that setting a deadline is a store, not a timer
// operation. Used on the shard's thread only, but for the counters.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <limits>
#include <list>
#include <memory>

namespace scones::http::detail {

using Socket =
    boost::asio::ip::tcp::socket::rebind_executor<boost::asio::io_context::executor_type>::other;

class ShardConnections : public std::enable_shared_from_this<ShardConnections> {
 public:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  // What the shard must know of a connection to end it.
  struct Entry {
    Socket* socket = nullptr;
    std::int64_t deadline_tick = kNever;
    bool between_requests = true;  // nothing under way: may be closed at any time
  };
  using Handle = std::list<Entry>::iterator;

  explicit ShardConnections(boost::asio::io_context& context) : timer_(context) {}

  Handle Add(Socket& socket);
  void Remove(Handle entry) { entries_.erase(entry); }

  // The first tick that is at least `timeout` away.
  std::int64_t TickAfter(std::chrono::seconds timeout) const { return tick_ + timeout.count() + 1; }

  // No further requests on any connection; closes those between requests.
  void StopReading();
  bool stopping() const { return stopping_; }
  void CloseAll();

 private:
  void Arm();
  void Tick();

  boost::asio::steady_timer timer_;
  std::list<Entry> entries_;
  std::int64_t tick_ = 0;
  bool armed_ = false;
  bool stopping_ = false;
};

}  // namespace scones::http::detail
