#include "workflows/detail/map_run_jobs.h"

#include <fmt/format.h>
#include <zlib.h>

#include "asl/child_inputs.h"
#include "asl/item_reader.h"
#include "asl/map_results.h"
#include "io/crash_point.h"
#include "workflows/detail/map_run_table.h"
#include "workflows/detail/names.h"

namespace scones::workflows {
namespace {

// One transaction's or read's worth of children.
constexpr std::size_t kSliceChildren = 512;
constexpr std::size_t kSliceBytes = 1024 * 1024;

Result<asl::MapRunSpec> ReadSpec(const MapRunJob& job) {
  return job.database.Read(
      [&](db::Connection& connection) { return ReadMapRunSpec(connection, job.run); });
}

// Gathers children and stores them slice by slice.
class ChildStore {
 public:
  explicit ChildStore(const MapRunJob& job) : job_(job) {}

  Result<void> Add(std::string input, std::int64_t items) {
    if (*job_.stopping) return ShuttingDown();
    if (totals_.children == job_.max_children) {
      return asl::ItemReaderFailed(
          fmt::format("The map run has more than {} child executions.", job_.max_children));
    }
    ++totals_.children;
    totals_.items += items;
    bytes_ += input.size();
    slice_.push_back({.input = std::move(input), .items = items});
    return slice_.size() < kSliceChildren && bytes_ < kSliceBytes ? Result<void>() : Flush();
  }

  Result<void> Flush() {
    const std::vector<NewChild> slice = std::exchange(slice_, {});
    bytes_ = 0;
    if (slice.empty()) return {};
    const std::int64_t first = totals_.children - static_cast<std::int64_t>(slice.size());
    SCONES_CRASH_POINT("workflows.map_run.slice");
    return job_.database.WriteAndWait([&](db::Connection& connection) {
      return InsertChildren(connection, job_.run, first, slice);
    });
  }

  const MapRunTotals& totals() const { return totals_; }

 private:
  const MapRunJob& job_;
  std::vector<NewChild> slice_;
  std::size_t bytes_ = 0;
  MapRunTotals totals_;
};

Result<void> FeedNext(const MapRunJob& job, asl::ItemReader& reader, const asl::ItemFetch& fetch) {
  if (fetch.kind == asl::ItemFetch::Kind::kListing) {
    auto page = job.data->List(fetch);
    if (!page) return asl::ItemReaderFailed(page.error().message());
    return reader.FeedListing(*page);
  }
  auto bytes = job.data->Read(fetch, job.max_object_bytes);
  if (bytes && bytes->starts_with("\x1F\x8B")) bytes = Gunzip(*bytes, job.max_object_bytes);
  if (!bytes) return asl::ItemReaderFailed(bytes.error().message());
  return reader.FeedObject(*bytes);
}

Result<void> ReadAll(const MapRunJob& job, const asl::ItemReaderSpec& spec,
                     asl::ChildInputs& children) {
  if (job.data == nullptr) return asl::ItemReaderFailed("There is no object store to read from.");
  asl::ItemReader reader(spec, [&](asl::MapItem item) { return children.Add(std::move(item)); });
  while (const std::optional<asl::ItemFetch> fetch = reader.Next()) {
    if (*job.stopping) return ShuttingDown();
    TRY_VOID(FeedNext(job, reader, *fetch));
  }
  return {};
}

}  // namespace

Result<MapRunTotals> PrepareMapRun(const MapRunJob& job) {
  TRY(const asl::MapRunSpec spec, ReadSpec(job));
  // An earlier attempt may have been cut off.
  TRY_VOID(ForgetChildren(job));
  ChildStore store(job);
  TRY(asl::ChildInputs children,
      asl::ChildInputs::Make(*job.definition, spec, [&](std::string input, std::int64_t items) {
        return store.Add(std::move(input), items);
      }));
  TRY_VOID(spec.reader ? ReadAll(job, *spec.reader, children) : children.AddStateItems());
  TRY_VOID(children.Finish());
  TRY_VOID(store.Flush());
  const MapRunTotals totals = store.totals();
  TRY_VOID(job.database.WriteAndWait([&](db::Connection& connection) {
    return SetPrepared(connection, job.run, totals.children, totals.items);
  }));
  SCONES_CRASH_POINT("workflows.map_run.prepared");
  return totals;
}

Result<std::string> JoinResults(const MapRunJob& job) {
  TRY(const asl::MapRunSpec spec, ReadSpec(job));
  const auto write = [&](const std::string& key, std::string bytes) -> Result<void> {
    if (job.data == nullptr) return Error(Code::kNotFound, "There is no object store to write to.");
    return job.data->Write(spec.writer->bucket, key, std::move(bytes));
  };
  asl::MapResults results(spec, write, job.redrives);
  // A bucket has the results of the attempts before.
  std::optional<std::int64_t> of_redrive;
  if (spec.writer && !spec.writer->bucket.empty()) of_redrive = job.redrives;
  for (std::int64_t from = 0;;) {
    if (*job.stopping) return ShuttingDown();
    TRY(ChildResults slice, job.database.Read([&](db::Connection& connection) {
      return ReadChildResults(connection, job.run, from, kSliceChildren, kSliceBytes, of_redrive);
    }));
    if (!slice.more) break;
    from = slice.next;
    for (asl::ChildResult& child : slice.children) {
      child.state_machine_arn = job.state_machine_arn;
      TRY_VOID(results.Add(child));
    }
  }
  SCONES_CRASH_POINT("workflows.map_run.joined");
  return results.Finish();
}

Result<void> ForgetChildren(const MapRunJob& job) {
  while (true) {
    if (*job.stopping) return ShuttingDown();
    TRY(const std::int64_t deleted, job.database.WriteAndWait([&](db::Connection& connection) {
      return DeleteChildren(connection, job.run, kSliceChildren);
    }));
    if (deleted == 0) return {};
  }
}

Result<std::string> Gunzip(std::string_view bytes, std::size_t max_bytes) {
  constexpr int kGzip = 16 + MAX_WBITS;
  z_stream stream{};
  if (inflateInit2(&stream, kGzip) != Z_OK) return Error(Code::kInternal, "zlib does not start");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  int status = Z_OK;
  while (status == Z_OK && out.size() <= max_bytes) {
    char buffer[64 * 1024];
    stream.next_out = reinterpret_cast<Bytef*>(buffer);
    stream.avail_out = sizeof buffer;
    status = inflate(&stream, Z_NO_FLUSH);
    out.append(buffer, sizeof buffer - stream.avail_out);
  }
  inflateEnd(&stream);
  if (out.size() > max_bytes) {
    return Error(Code::kExhausted, fmt::format("The object has more than {} bytes.", max_bytes));
  }
  if (status != Z_STREAM_END) return Error(Code::kInvalid, "The object is a damaged gzip file.");
  return out;
}

}  // namespace scones::workflows
