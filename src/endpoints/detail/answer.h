// An inference under way and how it is answered: probabilities as text, then the capture record,
// then whoever waits. A batch's answers are given on the thread that ran it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "endpoints/capture.h"
#include "endpoints/detail/capture_log.h"
#include "endpoints/types.h"
#include "io/task.h"

namespace scones::endpoints::detail {

enum class Form { kJson, kJsonLines };

// By the request's Accept; nothing where neither form is acceptable.
std::optional<Form> ChooseForm(std::string_view accept);
const char* ContentTypeOf(Form form);
// [0.06500816345214844, 0.9349917769432068], as the container that SageMaker uses writes it; in
// lines, {"prediction": [...]}.
std::string FormatProbabilities(std::span<const float> probabilities, Form form);

struct Invocation {
  std::chrono::steady_clock::time_point deadline;  // for the answer
  Form form = Form::kJson;
  std::optional<CaptureFrame> capture;  // where this inference is captured
  io::Completion<Result<InvokeResponse>> done;
};

// For a request whose deadline passed before its model was free, and for one that comes when the
// queue is full.
Error TooLate();
Error TooMany();

// One picture of a batch that has run.
struct Inferred {
  Invocation invocation;
  std::span<const float> probabilities;
  InvokeTimings timings;  // queue_ns, infer_ns
};

// The answers of one variant. Safe from any thread.
class Answerer {
 public:
  // `target` is null where nothing is captured.
  Answerer(std::shared_ptr<CaptureLog> captures, std::shared_ptr<const CaptureTarget> target)
      : captures_(std::move(captures)), target_(std::move(target)) {}

  const CaptureTarget* target() const { return target_.get(); }
  // When this returns, what is captured has been appended to its file and every invocation is done.
  void Answer(std::span<Inferred> batch) const;

 private:
  const std::shared_ptr<CaptureLog> captures_;
  const std::shared_ptr<const CaptureTarget> target_;
};

}  // namespace scones::endpoints::detail
