#include "workflows/detail/names.h"

#include <fmt/format.h>

#include <vector>

#include "base/encoding.h"
#include "base/random.h"

namespace scones::workflows {
namespace {

constexpr std::size_t kMaxNameBytes = 80;

Error InvalidArn(std::string_view what) {
  return Error(Code::kInvalid, "InvalidArn", fmt::format("Invalid Arn: '{}'", what));
}

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = text.find(separator, begin);
    parts.push_back(text.substr(begin, end - begin));
    if (end == std::string::npos) return parts;
    begin = end + 1;
  }
}

// An ARN of this service, its resource split at the colons.
struct StatesArn {
  bool ours = false;  // this account and region
  std::vector<std::string> resource;
};

Result<StatesArn> ParseStatesArn(const Identity& identity, const std::string& text) {
  if (!text.starts_with("arn:")) return InvalidArn("Invalid ARN prefix: " + text);
  const Result<Arn> arn = Arn::Parse(text);
  if (!arn) return InvalidArn("Invalid ARN: " + text);
  if (arn->service != "states") {
    return InvalidArn(fmt::format("Invalid service in ARN: {}", arn->service));
  }
  return StatesArn{.ours = arn->partition == identity.partition && arn->region == identity.region &&
                           arn->account == identity.account,
                   .resource = Split(arn->resource, ':')};
}

Error WrongResource(const std::string& type) {
  return InvalidArn("Resource type not valid in this context: " + type);
}

}  // namespace

std::string StateMachineArn(const Identity& identity, std::string_view name) {
  return fmt::format("arn:{}:states:{}:{}:stateMachine:{}", identity.partition, identity.region,
                     identity.account, name);
}

std::string ExecutionArn(const Identity& identity, std::string_view machine,
                         std::string_view name) {
  return fmt::format("arn:{}:states:{}:{}:execution:{}:{}", identity.partition, identity.region,
                     identity.account, machine, name);
}

std::string ExpressExecutionArn(const Identity& identity, std::string_view machine,
                                std::string_view name, std::string_view run_id) {
  return fmt::format("arn:{}:states:{}:{}:express:{}:{}:{}", identity.partition, identity.region,
                     identity.account, machine, name, run_id);
}

Result<std::string> ParseStateMachineArn(const Identity& identity, const std::string& text) {
  TRY(StatesArn arn, ParseStatesArn(identity, text));
  if (arn.resource[0] != "stateMachine") return WrongResource(arn.resource[0]);
  if (arn.resource.size() != 2 || !arn.ours) return StateMachineDoesNotExist(text);
  return arn.resource[1];
}

Result<ExecutionName> ParseExecutionArn(const Identity& identity, const std::string& text) {
  TRY(StatesArn arn, ParseStatesArn(identity, text));
  if (arn.resource[0] != "execution") return WrongResource(arn.resource[0]);
  if (arn.resource.size() != 3 || !arn.ours) return ExecutionDoesNotExist(text);
  return ExecutionName{.machine = arn.resource[1], .name = arn.resource[2]};
}

Result<void> CheckName(const std::string& name) {
  constexpr std::string_view kRefused = "<>{}[]?*\"#%\\^|~`$&,;:/";
  bool valid = !name.empty() && name.size() <= kMaxNameBytes;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    valid = valid && byte > 0x20 && byte != 0x7F && kRefused.find(c) == std::string_view::npos;
  }
  if (valid) return {};
  return Error(Code::kInvalid, "InvalidName", fmt::format("Invalid Name: '{}'", name));
}

std::string MakeExecutionName(Timestamp now) {
  std::string text = RandomUuid();
  // RFC 9562 §5.7: 48 bits of milliseconds, then the version.
  const std::string time = fmt::format("{:012x}", EpochMilliseconds(now) & 0xFFFF'FFFF'FFFF);
  text.replace(0, 8, time, 0, 8);
  text.replace(9, 4, time, 8, 4);
  text[14] = '7';
  return text;
}

Error StateMachineDoesNotExist(const std::string& arn) {
  return Error(Code::kNotFound, "StateMachineDoesNotExist",
               fmt::format("State Machine Does Not Exist: '{}'", arn));
}

Error StateMachineDeleting(const std::string& arn) {
  return Error(Code::kExists, "StateMachineDeleting",
               fmt::format("State Machine is being deleted: '{}'", arn));
}

Error StateMachineTypeNotSupported() {
  return Error(Code::kInvalid, "StateMachineTypeNotSupported",
               "This operation is not supported by this type of state machine");
}

Error ExecutionDoesNotExist(const std::string& arn) {
  return Error(Code::kNotFound, "ExecutionDoesNotExist",
               fmt::format("Execution Does Not Exist: '{}'", arn));
}

Error ExecutionAlreadyExists(const std::string& arn) {
  return Error(Code::kExists, "ExecutionAlreadyExists",
               fmt::format("Execution Already Exists: '{}'", arn));
}

Error InvalidToken() {
  return Error(Code::kInvalid, "InvalidToken", "Invalid Token: 'Invalid token'");
}

Error ShuttingDown() {
  return Error(Code::kUnavailable, "the workflow service is shutting down; try again");
}

}  // namespace scones::workflows
