// A blocking socket for tests that must decide every byte that they send. One thread.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace scones::http {

class RawConnection {
 public:
  explicit RawConnection(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~RawConnection() { ::close(socket_); }
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  bool connected() const { return connected_; }

  void Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  // All that comes until `mark` has come, or the end; what is behind the mark is kept for later.
  std::string ReadThrough(std::string_view mark) {
    while (true) {
      const std::size_t found = received_.find(mark);
      if (found != std::string::npos) {
        std::string text = received_.substr(0, found + mark.size());
        received_.erase(0, found + mark.size());
        return text;
      }
      if (!Receive()) return std::exchange(received_, "");
    }
  }
  // Exactly `count` bytes, or fewer at the end.
  std::string ReadCount(std::size_t count) {
    while (received_.size() < count && Receive()) {
    }
    std::string text = received_.substr(0, count);
    received_.erase(0, count);
    return text;
  }
  // All that comes until the server closes; ends with "<open>" if it doesn't in 20 s.
  std::string ReadToEnd() {
    while (Receive()) {
    }
    return std::exchange(received_, "") + (timed_out_ ? "<open>" : "");
  }

 private:
  bool Receive() {
    char bytes[16384];
    const ssize_t count = ::recv(socket_, bytes, sizeof bytes, 0);
    timed_out_ = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (count > 0) received_.append(bytes, static_cast<std::size_t>(count));
    return count > 0;
  }

  int socket_;
  bool connected_ = false;
  bool timed_out_ = false;
  std::string received_;
};

}  // namespace scones::http
