#include "endpoints/detail/model_shards.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

namespace scones::endpoints::detail {

ModelShards::ModelShards(io::Shards& shards, std::shared_ptr<JobQueue> queue,
                         std::vector<std::unique_ptr<BatchRunner>> runners)
    : shards_(shards),
      queue_(std::move(queue)),
      runners_(std::move(runners)),
      busy_(shards.count(), false) {
  for (const auto& runner : runners_) free_.push_back(runner.get());
}

void ModelShards::Wake() {
  std::optional<std::size_t> shard;
  {
    const std::lock_guard lock(mutex_);
    shard = Schedule();
  }
  if (shard) Post(*shard);
}

std::optional<std::size_t> ModelShards::Schedule() {
  if (queue_->waiting() <= posted_ || free_.size() <= posted_) return std::nullopt;
  std::optional<std::size_t> shard = shards_.Current();
  if (!shard || busy_[*shard]) {
    const auto idle = std::find(busy_.begin(), busy_.end(), false);
    if (idle == busy_.end()) return std::nullopt;
    shard = static_cast<std::size_t>(idle - busy_.begin());
  }
  busy_[*shard] = true;
  ++posted_;
  return shard;
}

void ModelShards::Post(std::size_t shard) {
  boost::asio::post(shards_.at(shard), [weak = weak_from_this(), shard] {
    if (const auto self = weak.lock()) self->RunOn(shard);
  });
}

void ModelShards::RunOn(std::size_t shard) {
  BatchRunner* runner = nullptr;
  {
    const std::lock_guard lock(mutex_);
    --posted_;
    runner = free_.back();
    free_.pop_back();
  }
  runner->RunNext(*queue_);
  {
    const std::lock_guard lock(mutex_);
    free_.push_back(runner);
    busy_[shard] = false;
  }
  Wake();
}

}  // namespace scones::endpoints::detail
