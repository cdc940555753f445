// What Logs is made of: the lines that wait, and the thread that stores them.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "db/database.h"
#include "logs/detail/store.h"
#include "logs/logs.h"

namespace scones::logs {

struct Logs::State {
  // By group and stream, in order of their lines.
  using Pending = std::map<std::pair<std::string, std::string>, std::vector<io::LogEvent>>;
  // So much is stored at once, without waiting for the interval.
  static constexpr std::size_t kBigBatch = 4 * 1024 * 1024;

  State(Options given, db::Database& store, const Clock& time)
      : options(given), database(store), clock(time) {}

  void Loop();
  void Store(Pending batch);
  void TrimNow();

  const Options options;
  db::Database& database;
  const Clock& clock;

  std::mutex mutex;  // guards what follows
  std::condition_variable wake, flushed;
  bool stopping = false;
  Pending pending;
  std::size_t pending_bytes = 0;
  std::size_t dropped = 0;
  std::uint64_t wanted = 0;  // flushes asked for
  std::uint64_t stored = 0;  // those done

  std::thread thread;
};

}  // namespace scones::logs
