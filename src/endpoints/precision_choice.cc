#include "endpoints/precision_choice.h"

#include <fmt/format.h>

#include <charconv>

#include "nn/precision.h"

namespace scones::endpoints {
namespace {

constexpr const char* kPrecision = "SCONES_PRECISION";
constexpr const char* kMaxLoss = "SCONES_MAX_ACCURACY_LOSS";

Error Bad(const char* name, const std::string& value, const char* expected) {
  return Error(Code::kInvalid, fmt::format("Environment variable {} is '{}'; it must be {}", name,
                                           value.substr(0, 64), expected));
}

}  // namespace

Result<PrecisionChoice> ParsePrecisionChoice(
    const std::map<std::string, std::string>& environment) {
  PrecisionChoice choice;
  if (const auto found = environment.find(kPrecision); found != environment.end()) {
    choice.precision = found->second;
    if (!nn::ParsePrecision(choice.precision)) {
      return Bad(kPrecision, found->second, "fp32, bf16 or int8");
    }
  }
  if (const auto found = environment.find(kMaxLoss); found != environment.end()) {
    const std::string& text = found->second;
    const char* const end = text.data() + text.size();
    const auto [stop, fault] = std::from_chars(text.data(), end, choice.max_accuracy_loss);
    // Also refuses what is not a number.
    const bool in_range = choice.max_accuracy_loss >= 0 && choice.max_accuracy_loss <= 100;
    if (fault != std::errc() || stop != end || !in_range) {
      return Bad(kMaxLoss, text, "points from 0 to 100, such as 0.5");
    }
  }
  return choice;
}

}  // namespace scones::endpoints
