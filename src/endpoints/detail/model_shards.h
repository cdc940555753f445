// ModelShards: a quick model's batches run on the shards themselves, so that a request meets no
// other thread on its way. What a shard has read is run when it has nothing else to do at that
// moment; what waits beside that, another shard comes for.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "endpoints/detail/batch_runner.h"
#include "io/shards.h"

namespace scones::endpoints::detail {

class ModelShards final : public BatchRunners, public std::enable_shared_from_this<ModelShards> {
 public:
  // As many batches run at a time as there are runners, and as there are shards. `shards` outlive
  // this.
  ModelShards(io::Shards& shards, std::shared_ptr<JobQueue> queue,
              std::vector<std::unique_ptr<BatchRunner>> runners);

  void Wake() override;
  void Stop() override {}  // a run that was posted finds the closed queue empty

 private:
  // Needs mutex_. Which shard is to make one more run, where jobs wait that none will come for.
  std::optional<std::size_t> Schedule();
  void Post(std::size_t shard);
  void RunOn(std::size_t shard);

  io::Shards& shards_;
  const std::shared_ptr<JobQueue> queue_;
  const std::vector<std::unique_ptr<BatchRunner>> runners_;
  std::mutex mutex_;
  std::vector<BatchRunner*> free_;
  std::vector<bool> busy_;  // by shard: a run is posted there or under way
  std::size_t posted_ = 0;  // runs that have not begun
};

}  // namespace scones::endpoints::detail
