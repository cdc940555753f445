// CPU cost of the pure core: the 3-Task chain of the product's own machine, without and with what a
// durable shell adds per step (Encode and Decode of the state).
#include <benchmark/benchmark.h>

#include "asl/definition.h"
#include "asl/step.h"

namespace scones::asl {
namespace {

constexpr std::string_view kChain = R"({"StartAt":"A","States":{
  "A":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","OutputPath":"$.Payload",
    "Parameters":{"FunctionName":"arn:aws:lambda:us-east-1:111111111111:function:first:$LATEST","Payload.$":"$"},
    "Retry":[{"ErrorEquals":["Lambda.ServiceException"],"IntervalSeconds":2,"MaxAttempts":6,"BackoffRate":2}],
    "Next":"B"},
  "B":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","OutputPath":"$.Payload",
    "Parameters":{"FunctionName":"arn:aws:lambda:us-east-1:111111111111:function:second:$LATEST","Payload.$":"$"},
    "Next":"C"},
  "C":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","OutputPath":"$.Payload",
    "Parameters":{"FunctionName":"arn:aws:lambda:us-east-1:111111111111:function:third:$LATEST","Payload.$":"$"},
    "End":true}}})";

std::shared_ptr<const Definition> ChainDefinition() {
  return *Definition::Parse(kChain, MachineType::kStandard);
}

ExecutionContext MakeContext() {
  ExecutionContext context;
  context.execution_arn = "arn:aws:states:us-east-1:111111111111:execution:machine:one";
  context.execution_name = "one";
  context.state_machine_arn = "arn:aws:states:us-east-1:111111111111:stateMachine:machine";
  context.state_machine_name = "machine";
  context.role_arn = "arn:aws:iam::111111111111:role/role";
  context.region = "us-east-1";
  context.input = R"({"image_data":"","s3_bucket":"bucket","s3_key":"test/bicycle_s_000776.png"})";
  return context;
}

enum class Storage { kNone, kEveryStep };

void RunChain(benchmark::State& bench, Storage storage, std::size_t payload_bytes) {
  const auto definition = ChainDefinition();
  const ExecutionContext context = MakeContext();
  const std::string result =
      R"({"ExecutedVersion":"$LATEST","Payload":{"statusCode":200,"body":{"image_data":")" +
      std::string(payload_bytes, 'A') +
      R"(","s3_bucket":"bucket","s3_key":"test/bicycle_s_000776.png","inferences":[0.03,0.97]}},)"
      R"("SdkHttpMetadata":{"HttpStatusCode":200},"StatusCode":200})";
  for (auto _ : bench) {
    ExecutionState state;
    Event event = Start{};
    std::int64_t clock = 0;
    for (;;) {
      const Timestamp now{std::chrono::microseconds(++clock)};
      Transition transition = Step(*definition, context, state, std::move(event), now);
      benchmark::DoNotOptimize(transition.events);
      if (transition.outcome) break;
      if (storage == Storage::kEveryStep) state = *Decode(*definition, Encode(state));
      event = TaskSucceeded{std::get<RunTask>(transition.commands.at(0)).seq, result};
    }
  }
}

void BM_ThreeTaskChain(benchmark::State& bench) { RunChain(bench, Storage::kNone, 16); }
BENCHMARK(BM_ThreeTaskChain);
void BM_ThreeTaskChainStored(benchmark::State& bench) { RunChain(bench, Storage::kEveryStep, 16); }
BENCHMARK(BM_ThreeTaskChainStored);
void BM_ThreeTaskChainWithPicture(benchmark::State& bench) {
  RunChain(bench, Storage::kNone, 4096);
}
BENCHMARK(BM_ThreeTaskChainWithPicture);

void BM_ParseDefinition(benchmark::State& bench) {
  for (auto _ : bench) benchmark::DoNotOptimize(Definition::Parse(kChain, MachineType::kStandard));
}
BENCHMARK(BM_ParseDefinition);

}  // namespace
}  // namespace scones::asl
