#include "workflows/detail/outbox.h"

#include <algorithm>

#include "workflows/detail/bytes.h"

namespace scones::workflows {
namespace {

constexpr char kFormat = 1;

void PutTask(std::string& out, const PendingTask& pending) {
  const asl::RunTask& task = pending.task;
  PutVarint(out, task.seq);
  out.push_back(pending.submitted ? 1 : 0);
  out.push_back(static_cast<char>(task.kind));
  out.push_back(static_cast<char>(task.pattern));
  PutText(out, task.state_name);
  PutText(out, task.resource);
  PutText(out, task.service);
  PutText(out, task.action);
  PutText(out, task.input);
  PutText(out, task.task_token);
  PutSigned(out, task.timeout_seconds.value_or(-1));
  PutSigned(out, task.heartbeat_seconds.value_or(-1));
}

PendingTask TakeTask(ByteReader& reader) {
  PendingTask pending;
  asl::RunTask& task = pending.task;
  task.seq = reader.Varint();
  pending.submitted = reader.Byte() != 0;
  task.kind = static_cast<asl::TaskKind>(reader.Byte());
  task.pattern = static_cast<asl::TaskPattern>(reader.Byte());
  task.state_name = reader.Text();
  task.resource = reader.Text();
  task.service = reader.Text();
  task.action = reader.Text();
  task.input = reader.Text();
  task.task_token = reader.Text();
  if (const std::int64_t seconds = reader.Signed(); seconds >= 0) task.timeout_seconds = seconds;
  if (const std::int64_t seconds = reader.Signed(); seconds >= 0) task.heartbeat_seconds = seconds;
  return pending;
}

}  // namespace

std::optional<Timestamp> Outbox::EarliestTimer() const {
  if (timers.empty()) return std::nullopt;
  const auto earliest =
      std::min_element(timers.begin(), timers.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return earliest->second;
}

std::string EncodeOpen(const asl::ExecutionState& state, const Outbox& outbox) {
  std::string out(1, kFormat);
  PutVarint(out, outbox.tasks.size());
  for (const auto& [seq, pending] : outbox.tasks) PutTask(out, pending);
  PutVarint(out, outbox.timers.size());
  for (const auto& [seq, due] : outbox.timers) {
    PutVarint(out, seq);
    PutSigned(out, due.time_since_epoch().count());
  }
  out += asl::Encode(state);
  return out;
}

Result<OpenExecution> DecodeOpen(const asl::Definition& definition, std::string_view bytes) {
  ByteReader reader(bytes);
  if (reader.Byte() != kFormat) {
    return Error(Code::kDataLoss, "an open execution is stored in a form that is not known");
  }
  OpenExecution open;
  for (std::uint64_t left = reader.Varint(); left > 0 && !reader.failed(); --left) {
    PendingTask pending = TakeTask(reader);
    const std::uint64_t seq = pending.task.seq;
    open.outbox.tasks.emplace(seq, std::move(pending));
  }
  for (std::uint64_t left = reader.Varint(); left > 0 && !reader.failed(); --left) {
    const std::uint64_t seq = reader.Varint();
    open.outbox.timers[seq] = Timestamp(std::chrono::microseconds(reader.Signed()));
  }
  if (reader.failed()) return Error(Code::kDataLoss, "an open execution's stored state is cut off");
  TRY(open.state, asl::Decode(definition, reader.Rest()));
  return open;
}

}  // namespace scones::workflows
