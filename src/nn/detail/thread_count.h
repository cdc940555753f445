// ThreadCount: while it lives, oneDNN on this thread uses `threads` cores.
#pragma once

namespace scones::nn {

class ThreadCount {
 public:
  explicit ThreadCount(int threads);
  ~ThreadCount();
  ThreadCount(const ThreadCount&) = delete;
  ThreadCount& operator=(const ThreadCount&) = delete;

 private:
  int before_;
};

}  // namespace scones::nn
