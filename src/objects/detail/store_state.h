// What the parts of ObjectStore share. Private to this module.
#pragma once

#include <atomic>
#include <future>

#include "io/crash_point.h"
#include "objects/detail/catalog.h"
#include "objects/detail/contents.h"
#include "objects/detail/faults.h"
#include "objects/detail/ingest.h"
#include "objects/objects.h"

namespace scones::objects {

struct ObjectStore::State {
  State(db::Database& database, io::BlockingPool& disk, const Clock& clock, Options options)
      : database(database), disk(disk), clock(clock), options(std::move(options)) {}

  std::int64_t NowMicroseconds() const { return detail::ToMicroseconds(clock.Now()); }

  // Commits `job` (callable with Connection& and a list of freed contents to add to), then removes
  // the files that it freed.
  template <class Job>
  io::Task<std::invoke_result_t<Job&, db::Connection&, std::vector<detail::Freed>&>> Change(
      Job job);

  // Runs a read that may be long on the disk's threads.
  template <class Job>
  io::Task<std::invoke_result_t<Job&, db::Connection&>> Scan(Job job);

  db::Database& database;
  io::BlockingPool& disk;
  const Clock& clock;
  const Options options;
  std::shared_ptr<detail::Contents> contents;
  std::atomic<bool> stopping{false};
  std::future<void> sweep;
};

template <class Job>
io::Task<std::invoke_result_t<Job&, db::Connection&, std::vector<detail::Freed>&>>
ObjectStore::State::Change(Job job) {
  const auto freed = std::make_shared<std::vector<detail::Freed>>();
  auto write = [job = std::move(job), freed](db::Connection& connection) mutable {
    return job(connection, *freed);
  };
  auto outcome = co_await database.Write(std::move(write));
  if (!outcome) co_return detail::StorageFault(outcome.error());
  SCONES_CRASH_POINT("objects.committed");
  contents->RemoveFiles(std::move(*freed));
  co_return outcome;
}

template <class Job>
io::Task<std::invoke_result_t<Job&, db::Connection&>> ObjectStore::State::Scan(Job job) {
  auto scan = [this, job = std::move(job)]() mutable { return database.Read(std::move(job)); };
  co_return co_await disk.Run(std::move(scan));
}

}  // namespace scones::objects
