#include "endpoints/detail/answer.h"

#include <chrono>
#include <vector>

#include "base/json.h"

namespace scones::endpoints::detail {

std::optional<Form> ChooseForm(std::string_view accept) {
  const auto names = [&](std::string_view type) { return accept.find(type) != accept.npos; };
  if (names("jsonlines")) return Form::kJsonLines;
  if (accept.empty() || names("json") || names("*/*") || names("application/*")) return Form::kJson;
  return std::nullopt;
}

const char* ContentTypeOf(Form form) {
  return form == Form::kJson ? "application/json" : "application/jsonlines";
}

std::string FormatProbabilities(std::span<const float> probabilities, Form form) {
  std::string text = form == Form::kJson ? "[" : "{\"prediction\": [";
  text.reserve(text.size() + probabilities.size() * 24 + 2);
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    if (i > 0) text += ", ";
    AppendJsonDouble(static_cast<double>(probabilities[i]), text);
  }
  text += form == Form::kJson ? "]" : "]}";
  return text;
}

Error TooLate() {
  return Error(Code::kUnavailable, "ServiceUnavailable",
               "The request waited too long for the model. Try again later.");
}

Error TooMany() {
  return Error(Code::kExhausted, "ThrottlingException",
               "Too many requests wait for this model. Try again later.");
}

void Answerer::Answer(std::span<Inferred> batch) const {
  using Clock = std::chrono::steady_clock;
  std::vector<InvokeResponse> responses(batch.size());
  constexpr std::size_t kMaxKept = 1024 * 1024;
  thread_local std::string lines;  // kept, as a batch's records are some 100 KB
  if (lines.capacity() > kMaxKept) lines = {};
  lines.clear();
  std::optional<Timestamp> first;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Invocation& invocation = batch[i].invocation;
    InvokeResponse& response = responses[i];
    const auto begin = Clock::now();
    response.body = FormatProbabilities(batch[i].probabilities, invocation.form);
    response.content_type = ContentTypeOf(invocation.form);
    response.timings = batch[i].timings;
    response.timings.encode_ns =
        std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begin).count();
    if (!invocation.capture || target_ == nullptr) continue;
    AppendCapture(*invocation.capture, response.body, response.content_type, target_->config,
                  lines);
    if (!first) first = invocation.capture->time;
  }
  // It logs what it has to drop, which must not stop the inferences.
  if (first) (void)captures_->Append(lines, *first, *target_);
  const io::CompletionBatch wakes;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    batch[i].invocation.done(std::move(responses[i]));
  }
}

}  // namespace scones::endpoints::detail
