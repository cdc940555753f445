#include "workflows/detail/names.h"

#include <fmt/format.h>

#include <vector>

#include "base/encoding.h"
#include "base/random.h"

namespace scones::workflows {
namespace {

constexpr std::size_t kMaxNameCharacters = 80;
constexpr std::size_t kMaxVersionDigits = 18;

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

bool IsNumber(std::string_view text) {
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

Error WrongResource(const std::string& type) {
  return InvalidArn("Resource type not valid in this context: " + type);
}

}  // namespace

std::string StateMachineArn(const Identity& identity, std::string_view name) {
  return fmt::format("arn:{}:states:{}:{}:stateMachine:{}", identity.partition, identity.region,
                     identity.account, name);
}

std::string QualifiedArn(const Identity& identity, std::string_view machine,
                         std::string_view qualifier) {
  return fmt::format("{}:{}", StateMachineArn(identity, machine), qualifier);
}

std::string VersionArn(const Identity& identity, std::string_view machine, std::int64_t version) {
  return QualifiedArn(identity, machine, std::to_string(version));
}

std::string ActivityArn(const Identity& identity, std::string_view name) {
  return fmt::format("arn:{}:states:{}:{}:activity:{}", identity.partition, identity.region,
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

Result<MachineReference> ParseMachineReference(const Identity& identity, const std::string& text) {
  TRY(StatesArn arn, ParseStatesArn(identity, text));
  if (arn.resource[0] != "stateMachine") return WrongResource(arn.resource[0]);
  if (arn.resource.size() < 2 || arn.resource.size() > 3) {
    return InvalidArn("Invalid ARN: " + text);
  }
  if (arn.resource[1].find('/') != std::string::npos) {
    return Error(Code::kInvalid, "ValidationException",
                 fmt::format("The ARN of a Distributed Map state is not allowed here: {}", text));
  }
  if (!arn.ours) return StateMachineDoesNotExist(text);
  MachineReference reference{.machine = std::move(arn.resource[1])};
  if (arn.resource.size() == 2) return reference;
  const std::string& qualifier = arn.resource[2];
  if (qualifier.empty()) return InvalidArn("Invalid ARN: " + text);
  if (!IsNumber(qualifier)) {
    reference.alias = qualifier;
    return reference;
  }
  // No version has such a number.
  if (qualifier[0] == '0' || qualifier.size() > kMaxVersionDigits) {
    return StateMachineDoesNotExist(text);
  }
  reference.version = std::stoll(qualifier);
  return reference;
}

Result<std::string> ParseStateMachineArn(const Identity& identity, const std::string& text) {
  TRY(MachineReference reference, ParseMachineReference(identity, text));
  if (reference.qualified()) return StateMachineDoesNotExist(text);
  return std::move(reference.machine);
}

Result<std::string> ParseActivityArn(const Identity& identity, const std::string& text) {
  TRY(StatesArn arn, ParseStatesArn(identity, text));
  if (arn.resource[0] != "activity") return WrongResource(arn.resource[0]);
  if (arn.resource.size() != 2) return InvalidArn("Invalid ARN: " + text);
  if (!arn.ours) return ActivityDoesNotExist(text);
  return arn.resource[1];
}

std::optional<std::string> ActivityNameIn(const std::string& text) {
  constexpr std::string_view kType = "activity:";
  const Result<Arn> arn = Arn::Parse(text);
  if (!arn || arn->service != "states" || !arn->resource.starts_with(kType)) return std::nullopt;
  return arn->resource.substr(kType.size());
}

Result<ExecutionName> ParseExecutionArn(const Identity& identity, const std::string& text) {
  TRY(StatesArn arn, ParseStatesArn(identity, text));
  if (arn.resource[0] != "execution") return WrongResource(arn.resource[0]);
  if (arn.resource.size() != 3 || !arn.ours) return ExecutionDoesNotExist(text);
  return ExecutionName{.machine = arn.resource[1], .name = arn.resource[2]};
}

Result<void> CheckMapRunArn(const Identity& identity, const std::string& text) {
  TRY(StatesArn arn, ParseStatesArn(identity, text));
  if (arn.resource[0] != "mapRun") return WrongResource(arn.resource[0]);
  if (arn.resource.size() != 3 || !arn.ours) return MapRunDoesNotExist(text);
  return {};
}

Result<void> CheckName(const std::string& name) {
  constexpr std::string_view kRefused = "<>{}[]?*\"#%\\^|~`$&,;:/";
  std::size_t characters = 0;
  bool valid = !name.empty();
  unsigned char before = 0;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    valid = valid && byte > 0x20 && byte != 0x7F && kRefused.find(c) == std::string_view::npos;
    // U+0080 to U+009F are control characters too.
    if (before == 0xC2 && byte < 0xA0) valid = false;
    if ((byte & 0xC0) != 0x80) ++characters;
    before = byte;
  }
  if (valid && characters <= kMaxNameCharacters) return {};
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

Error ActivityDoesNotExist(const std::string& arn) {
  return Error(Code::kNotFound, "ActivityDoesNotExist",
               fmt::format("Activity Does Not Exist: '{}'", arn));
}

Error ResourceNotFound(const std::string& arn) {
  return Error(Code::kNotFound, "ResourceNotFound", fmt::format("Resource not found: '{}'", arn));
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

Error ExecutionNotRedrivable(const std::string& arn, std::string_view reason) {
  return Error(Code::kExists, "ExecutionNotRedrivable",
               fmt::format("Execution {} invalid for redrive as: {}", arn, reason));
}

Error TooManyExecutions(std::string_view kind, std::size_t limit) {
  return Error(Code::kExhausted, "ExecutionLimitExceeded",
               fmt::format("there are {} {} executions running, as many as can be; "
                           "wait until some have ended",
                           limit, kind));
}

Error MapRunDoesNotExist(const std::string& arn) {
  return Error(Code::kNotFound, "ResourceNotFound", fmt::format("Resource not found: '{}'", arn));
}

Error InvalidToken() {
  return Error(Code::kInvalid, "InvalidToken", "Invalid Token: 'Invalid token'");
}

Error ShuttingDown() {
  return Error(Code::kUnavailable, "the workflow service is shutting down; try again");
}

}  // namespace scones::workflows
