// The stored form of an execution's history: chunks of binary events in which a text that came
// before (in the chunk, or as the execution's input) is a short reference. A payload that several
// states pass on is so stored once. Formats: ../README.md. Pure; a writer belongs to one thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "asl/history.h"
#include "asl/step.h"
#include "base/result.h"

namespace scones::workflows {

// Writes one chunk.
class JournalWriter {
 public:
  explicit JournalWriter(std::string_view input) : input_(input) {}
  // Goes on with a stored chunk.
  JournalWriter(std::string_view input, std::string bytes, std::int64_t last_micros)
      : input_(input), bytes_(std::move(bytes)), last_micros_(last_micros) {}

  void Append(const asl::HistoryEvent& event);
  // Once, last.
  void Append(const asl::Outcome& outcome);

  const std::string& bytes() const { return bytes_; }
  // Gives the chunk away and begins the next.
  std::string Take();

 private:
  void PutValue(const json::value& value);
  void PutString(std::string_view text);
  void PutTime(Timestamp time);

  std::string input_;
  std::string bytes_;
  std::int64_t last_micros_ = 0;
  // Hash of a text in bytes_ -> where it begins there.
  std::unordered_map<std::size_t, std::size_t> places_;
};

struct JournalChunk {
  std::vector<asl::HistoryEvent> events;
  std::optional<asl::Outcome> outcome;
  std::int64_t last_micros = 0;
};

// Errors: kDataLoss.
Result<JournalChunk> ReadJournal(std::string_view bytes, std::string_view input);

}  // namespace scones::workflows
