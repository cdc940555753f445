// Memory for one picture's samples while it is decoded, kept by each thread as long as it is small.
// One at a time in a thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace scones::vision::detail {

class Scratch {
 public:
  // Of that size, its content undefined.
  explicit Scratch(std::size_t size) : bytes_(kept_) { bytes_.resize(size); }
  ~Scratch() {
    if (bytes_.capacity() > kMaxKept) bytes_ = {};
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::vector<std::uint8_t>& bytes() { return bytes_; }

 private:
  static constexpr std::size_t kMaxKept = 256 * 1024;
  inline static thread_local std::vector<std::uint8_t> kept_;
  std::vector<std::uint8_t>& bytes_;
};

}  // namespace scones::vision::detail
