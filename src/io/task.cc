#include "io/task.h"

#include <algorithm>

namespace scones::io {
namespace {

thread_local CompletionBatch* current = nullptr;

}  // namespace

CompletionBatch::CompletionBatch() : outer_(std::exchange(current, this)) {}

CompletionBatch::~CompletionBatch() {
  current = outer_;
  for (auto first = held_.begin(); first != held_.end();) {
    const boost::asio::any_io_executor executor = first->executor;
    const auto rest = std::stable_partition(
        first, held_.end(), [&](const Held& held) { return held.executor == executor; });
    std::vector<std::function<void()>> resumes;
    for (auto at = first; at != rest; ++at) resumes.push_back(std::move(at->resume));
    boost::asio::post(executor, [resumes = std::move(resumes)] {
      for (const auto& resume : resumes) resume();
    });
    first = rest;
  }
}

CompletionBatch* CompletionBatch::Current() { return current; }

void CompletionBatch::Add(boost::asio::any_io_executor executor, std::function<void()> resume) {
  held_.push_back({std::move(executor), std::move(resume)});
}

}  // namespace scones::io
