#include "endpoints/model_fault.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

namespace scones::endpoints {
namespace {

constexpr const char* kReason = "ModelError";
constexpr std::string_view kBetween = ") from primary with message \"";

}  // namespace

Error ModelError(const ModelFault& fault) {
  const bool client = fault.status < 500;
  return Error(client ? Code::kInvalid : Code::kInternal, kReason,
               fmt::format("Received {} error ({}{}{}\".", client ? "client" : "server",
                           fault.status, kBetween, fault.message));
}

std::optional<ModelFault> FindModelFault(const Error& error) {
  const std::string_view text = error.message();
  const std::size_t open = text.find('(');
  const std::size_t between = text.find(kBetween);
  if (error.reason() != kReason || open > between || !text.ends_with("\".")) return std::nullopt;
  ModelFault fault;
  const auto parsed = std::from_chars(text.data() + open + 1, text.data() + between, fault.status);
  const std::size_t start = between + kBetween.size();
  if (parsed.ec != std::errc() || start + 2 > text.size()) return std::nullopt;
  fault.message = text.substr(start, text.size() - start - 2);
  return fault;
}

}  // namespace scones::endpoints
