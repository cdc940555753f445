#include "workflows/detail/map_run_redrive.h"

#include <fmt/format.h>

#include "io/crash_point.h"
#include "workflows/detail/names.h"
#include "workflows/detail/redrive_table.h"

namespace scones::workflows {
namespace {

constexpr std::int64_t kSliceChildren = 512;

// Counted in children and in items.
struct Tally {
  std::int64_t children = 0;
  std::int64_t items = 0;
  void Add(std::int64_t more) {
    ++children;
    items += more;
  }
};

struct Slice {
  std::int64_t next = 0;  // number of the first child that was not looked at
  bool more = false;
  Tally lost;
};

struct EndedChild {
  std::int64_t key = 0;
  std::int64_t items = 0;
  std::size_t status = 0;
  std::string name;
};

Result<std::vector<EndedChild>> ReadEnded(db::Connection& connection, std::int64_t run,
                                          std::int64_t from, bool marked) {
  db::Statement select = connection.Prepare(
      "SELECT key, items, status, name FROM map_run_children WHERE key >= ?1 AND key < ?2 AND "
      "status > 1 AND again = ?3 ORDER BY key LIMIT ?4");
  select.Bind(1, ChildKey(run, from)).Bind(2, ChildKey(run + 1, 0));
  select.Bind(3, std::int64_t{marked}).Bind(4, kSliceChildren);
  std::vector<EndedChild> children;
  while (true) {
    TRY(const bool more, select.Step());
    if (!more) return children;
    children.push_back({.key = select.Int(0),
                        .items = select.Int(1),
                        .status = static_cast<std::size_t>(select.Int(2)),
                        .name = std::string(select.Text(3))});
  }
}

// Whether the execution `name` among the Standard children of `run` has kept what a redrive needs.
Result<bool> CanGoOn(db::Connection& connection, std::int64_t run, const std::string& name,
                     Timestamp now) {
  db::Statement select =
      connection.Prepare("SELECT id FROM executions WHERE machine = ?1 AND name = ?2");
  TRY(const bool there, select.Bind(1, -run).Bind(2, std::string_view(name)).Step());
  if (!there) return false;
  TRY(const auto found, FindExecutionById(connection, select.Int(0)));
  if (!found) return false;
  TRY(const RedriveVerdict verdict, JudgeRedrive(connection, *found, now, WithState::kNo));
  return verdict.status == RedriveStatus::kRedrivableByMapRun;
}

// Sets the mark of one child and moves it between the run's counts.
Result<void> Mark(db::Connection& connection, std::int64_t run, const EndedChild& child,
                  bool marked) {
  static constexpr const char* kCounts[] = {nullptr, nullptr, "failed", "timed_out", "aborted"};
  TRY_VOID(connection.Prepare("UPDATE map_run_children SET again = ?2 WHERE key = ?1")
               .Bind(1, child.key)
               .Bind(2, std::int64_t{marked})
               .Run());
  return connection
      .Prepare(fmt::format("UPDATE map_runs SET {0} = {0} - ?2, items_{0} = items_{0} - ?3, "
                           "pending_redrive = pending_redrive + ?2, "
                           "items_pending_redrive = items_pending_redrive + ?3 WHERE id = ?1",
                           kCounts[child.status]))
      .Bind(1, run)
      .Bind(2, marked ? std::int64_t{1} : std::int64_t{-1})
      .Bind(3, marked ? child.items : -child.items)
      .Run();
}

Result<Slice> MarkSlice(db::Connection& connection, std::int64_t run, std::int64_t from,
                        asl::MachineType child_type, Timestamp now) {
  TRY(const std::vector<EndedChild> children, ReadEnded(connection, run, from, false));
  Slice slice{.next = from, .more = !children.empty(), .lost = {}};
  for (const EndedChild& child : children) {
    slice.next = (child.key & kMaxChildren) + 1;
    bool can_go_on = true;
    if (child_type == asl::MachineType::kStandard) {
      TRY(can_go_on, CanGoOn(connection, run, child.name, now));
    }
    if (can_go_on) {
      TRY_VOID(Mark(connection, run, child, true));
    } else {
      slice.lost.Add(child.items);
    }
  }
  return slice;
}

Result<void> SetMarked(db::Connection& connection, std::int64_t run, const Tally& lost) {
  return connection
      .Prepare(
          "UPDATE map_runs SET prepared = 1, not_redrivable = ?2, items_not_redrivable = ?3 "
          "WHERE id = ?1 AND prepared = 2")
      .Bind(1, run)
      .Bind(2, lost.children)
      .Bind(3, lost.items)
      .Run();
}

}  // namespace

Result<MapRunRow> MarkForRedrive(const MapRunJob& job, asl::MachineType child_type, Timestamp now) {
  Tally lost;
  for (std::int64_t from = 0;;) {
    if (*job.stopping) return ShuttingDown();
    SCONES_CRASH_POINT("workflows.map_run.marking");
    TRY(const Slice slice, job.database.WriteAndWait([&](db::Connection& connection) {
      return MarkSlice(connection, job.run, from, child_type, now);
    }));
    if (!slice.more) break;
    from = slice.next;
    lost.children += slice.lost.children;
    lost.items += slice.lost.items;
  }
  TRY(std::optional<MapRunRow> row,
      job.database.WriteAndWait(
          [&](db::Connection& connection) -> Result<std::optional<MapRunRow>> {
            TRY_VOID(SetMarked(connection, job.run, lost));
            return FindMapRunById(connection, job.run);
          }));
  SCONES_CRASH_POINT("workflows.map_run.marked");
  if (!row) return Error(Code::kDataLoss, "a map run is missing");
  return *std::move(row);
}

Result<void> UnmarkRedrive(const MapRunJob& job) {
  for (std::int64_t from = 0;;) {
    if (*job.stopping) return ShuttingDown();
    auto unmark = [&](db::Connection& connection) -> Result<Slice> {
      TRY(const std::vector<EndedChild> children, ReadEnded(connection, job.run, from, true));
      Slice slice{.next = from, .more = !children.empty(), .lost = {}};
      for (const EndedChild& child : children) {
        slice.next = (child.key & kMaxChildren) + 1;
        TRY_VOID(Mark(connection, job.run, child, false));
      }
      return slice;
    };
    TRY(const Slice slice, job.database.WriteAndWait(unmark));
    if (!slice.more) return {};
    from = slice.next;
  }
}

}  // namespace scones::workflows
