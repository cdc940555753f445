// TestState: runs one state of a definition, with its input, variables and context given, its task
// or children mocked or run by the caller, and shows the data on its way. Pure: a StateTest belongs
// to one thread. Source: AWS Step Functions API Reference, TestState, and Developer Guide, "Testing
// state machines with TestState API".
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "asl/definition.h"
#include "asl/execution_state.h"
#include "asl/step.h"
#include "base/json.h"
#include "base/result.h"

namespace scones::asl {

enum class FieldValidation { kStrict, kPresent, kNone };

struct TestStateRequest {
  std::string definition;                 // a state, or with `state_name` a machine
  std::optional<std::string> state_name;  // at any depth
  std::string input = "{}";
  std::optional<std::string> variables;  // JSON object
  std::optional<std::string> context;    // JSON object: $$ instead of the made one; with a mock

  struct Mock {
    std::optional<std::string> result;
    struct ErrorOutput {
      std::optional<std::string> error;
      std::optional<std::string> cause;
    };
    std::optional<ErrorOutput> error_output;
    FieldValidation validation = FieldValidation::kStrict;
  };
  std::optional<Mock> mock;

  // stateConfiguration
  std::optional<std::int64_t> retrier_retry_count;
  std::optional<std::int64_t> map_iteration_failure_count;
  std::optional<std::string> map_item_reader_data;
};

// What the made context object says, and what follows from chance.
struct TestStateIdentity {
  std::string arn_prefix;               // "arn:aws:states:us-east-1:111111111111"
  std::string execution_id;             // a UUID
  std::string machine_id;               // a UUID
  std::optional<std::string> role_arn;  // null where none was given
  std::string region;
  std::uint64_t random_seed = 0;
  std::string task_token_key;
};

enum class TestStatus { kSucceeded, kFailed, kRetriable, kCaughtError };
std::string_view TestStatusName(TestStatus status);  // "CAUGHT_ERROR"

struct TestStateResult {
  TestStatus status = TestStatus::kSucceeded;
  std::optional<std::string> output;
  std::optional<std::string> error;
  std::optional<std::string> cause;
  std::optional<std::string> next_state;
  json::object inspection;  // inspectionData but for request and response
};

class StateTest {
 public:
  // Runs the state as far as it goes without a task's answer. Errors: InvalidDefinition,
  // InvalidExecutionInput, ValidationException.
  static Result<StateTest> Start(TestStateRequest request, const TestStateIdentity& identity,
                                 Timestamp now);
  StateTest(StateTest&&) noexcept;
  ~StateTest();

  // What is to be run before Finish; null where nothing is.
  const RunTask* task() const;
  void TaskDone(Event answer);  // TaskSucceeded or TaskFailed of its seq
  // Precondition: no task is awaited.
  TestStateResult Finish();

 private:
  struct Run;
  explicit StateTest(std::unique_ptr<Run> run);
  std::unique_ptr<Run> run_;
};

}  // namespace scones::asl
