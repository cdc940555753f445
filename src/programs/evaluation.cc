#include "programs/evaluation.h"

#include <fmt/format.h>

#include <algorithm>

#include "programs/parallel.h"
#include "programs/workflow_names.h"

namespace scones::programs {

Result<std::vector<double>> ParseProbabilities(std::string_view answer) {
  TRY(const json::value value, ParseJson(answer));
  const json::array* array = value.if_array();
  if (array == nullptr || array->empty()) {
    return Error(Code::kInternal, fmt::format("the endpoint answered '{}', not an array of numbers",
                                              answer.substr(0, 200)));
  }
  std::vector<double> probabilities;
  for (const json::value& number : *array) {
    if (!number.is_number()) {
      return Error(Code::kInternal, "the endpoint's answer holds something other than numbers");
    }
    probabilities.push_back(number.to_number<double>());
  }
  return probabilities;
}

Result<Evaluation> Evaluate(Aws& aws, const Pictures& pictures, std::size_t concurrency,
                            Progress::Style style) {
  Progress progress(style, "evaluate");
  const std::size_t classes = pictures.classes.size();
  const std::size_t count = pictures.test.size();
  std::vector<std::size_t> predicted(count);
  std::vector<Answer> answers(count);
  const auto classify = [&](std::size_t i) -> Result<void> {
    TRY(std::string bytes, io::ReadFile(pictures.directory / "test" / pictures.test[i].name));
    TRY(const std::string answer, aws.InvokeEndpoint(kEndpointName, std::move(bytes)));
    TRY(const std::vector<double> probabilities, ParseProbabilities(answer));
    if (probabilities.size() != classes) {
      return Error(Code::kInternal, fmt::format("the endpoint knows {} classes, the data has {}",
                                                probabilities.size(), classes));
    }
    predicted[i] = static_cast<std::size_t>(
        std::max_element(probabilities.begin(), probabilities.end()) - probabilities.begin());
    answers[i] = AnswerOf(probabilities, static_cast<std::size_t>(pictures.test[i].label));
    return {};
  };
  const auto finished = [&](std::size_t done) { progress.Update(done, count); };
  TRY_VOID(ForEachInParallel(count, concurrency, classify, finished));

  Evaluation evaluation{.count = count,
                        .confusion = std::vector(classes, std::vector<std::size_t>(classes, 0)),
                        .answers = std::move(answers)};
  for (std::size_t i = 0; i < count; ++i) {
    const auto actual = static_cast<std::size_t>(pictures.test[i].label);
    ++evaluation.confusion[actual][predicted[i]];
    evaluation.correct += actual == predicted[i] ? 1 : 0;
  }
  progress.Done(fmt::format("{} of {} test pictures right ({:.3f})", evaluation.correct, count,
                            evaluation.accuracy()));
  return evaluation;
}

}  // namespace scones::programs
