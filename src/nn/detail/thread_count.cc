#include "nn/detail/thread_count.h"

// GNU OpenMP's own calls, which Clang has no header for. They set and read the calling thread's
// count.
extern "C" {
void omp_set_num_threads(int threads);
int omp_get_max_threads();
}

namespace scones::nn {

ThreadCount::ThreadCount(int threads) : before_(omp_get_max_threads()) {
  omp_set_num_threads(threads);
}

ThreadCount::~ThreadCount() { omp_set_num_threads(before_); }

}  // namespace scones::nn
