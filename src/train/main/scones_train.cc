// scones-train: the built-in image classification algorithm as a program, started by the server or
// by any launcher that follows SageMaker's training contract. README.md names its files and codes.
#include <dlfcn.h>
#include <malloc.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "train/hyperparameters.h"
#include "train/job.h"
#include "train/job_log.h"

namespace {

std::atomic<bool> stop_requested{false};

void RequestStop(int) { stop_requested.store(true); }

// Every step allocates and frees the same large tensors. Without these limits the allocator returns
// their pages to the kernel each time and fetches them anew: a tenth of the run.
void KeepMemory() {
  constexpr int kNever = 1 << 30;
  mallopt(M_MMAP_THRESHOLD, kNever);
  mallopt(M_TRIM_THRESHOLD, kNever);
}

// Threads of the OpenMP runtime spin at each barrier: on a machine with other work that was
// measured to cost twenty times the work itself. The runtime reads its settings before main: start
// once more.
void LetThreadsSleep(char** arguments) {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr) return;
  setenv("OMP_WAIT_POLICY", "passive", 1);
  execv("/proc/self/exe", arguments);  // on failure: go on, slower
}

// Those of OpenBLAS, where libtorch uses it, spin too, for matrices too small to share: a tenth of
// the run.
void KeepOpenBlasAlone() {
  using SetThreads = void (*)(int);
  auto set_threads = reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"));
  if (set_threads != nullptr) set_threads(1);
}

int Usage() {
  std::fputs(
      "usage: scones-train [train]\n"
      "       scones-train --backbone FILE\n"
      "       scones-train --describe-hyperparameters\n"
      "Trains under SageMaker's contract in the directory SCONES_TRAINING_ROOT (/opt/ml).\n"
      "--backbone also writes the weights, without the last layer, as a file for models/.\n",
      stderr);
  return scones::train::kClientError;
}

}  // namespace

int main(int count, char** arguments) {
  std::string command = count > 1 ? arguments[1] : "train";
  if (command == "--describe-hyperparameters") {
    std::fputs(scones::train::DescribeHyperparameters().c_str(), stdout);
    return 0;
  }
  scones::train::JobOptions options;
  if (command == "--backbone" && count == 3) {
    options.backbone = arguments[2];
  } else if (count > 2 || command != "train") {
    return Usage();
  }
  LetThreadsSleep(arguments);
  KeepOpenBlasAlone();
  KeepMemory();
  std::signal(SIGTERM, RequestStop);
  std::signal(SIGINT, RequestStop);
  const char* root = std::getenv("SCONES_TRAINING_ROOT");
  scones::train::JobLog log(stdout);
  return scones::train::RunJob(root != nullptr ? root : "/opt/ml", stop_requested, log, options);
}
