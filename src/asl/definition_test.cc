#include "asl/definition.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>

namespace scones::asl {
namespace {

using testing::HasSubstr;

std::string Refusal(std::string_view text, MachineType type = MachineType::kStandard) {
  auto definition = Definition::Parse(text, type);
  return definition ? "" : definition.error().message();
}

TEST(DefinitionTest, AFaultNamesItsPlaceAndLine) {
  const auto diagnostics = Validate(R"({
    "StartAt": "A",
    "States": {
      "A": {"Type": "Pass",
            "Next": "Nowhere"}
    }
  })",
                                    MachineType::kStandard);
  ASSERT_EQ(diagnostics.size(), 1u);
  EXPECT_EQ(diagnostics[0].ToString(),
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: Nowhere at /States/A/Next");
  EXPECT_EQ(diagnostics[0].line, 5);
}

TEST(DefinitionTest, EachOfManyFaultsNamesItsOwnLine) {
  // Names hold slashes and brackets, and one is the beginning of another.
  std::string machine = "{\"StartAt\":\"S\",\"States\":{\n";
  machine += "\"S\":{\"Type\":\"Choice\",\"Choices\":[\n";
  for (int i = 0; i < 20; ++i) machine += fmt::format("{}{{\"Next\":\"S/{}\"}}\n", i ? "," : "", i);
  machine += "]}\n";
  for (int i = 0; i < 20; ++i) {
    machine += fmt::format(",\"S/{}\":{{\"Type\":\"Pass\",\"Result\":\"\\\"}}\",\"Extra\":1,\n", i);
    machine += "\"Next\":\"S/Next\"}\n";
  }
  const auto diagnostics = Validate(machine + "}}", MachineType::kStandard);
  int seen = 0;
  for (const Diagnostic& one : diagnostics) {
    SCOPED_TRACE(one.ToString());
    int i = 0;
    if (std::sscanf(one.location.c_str(), "/States/S/%d", &i) == 1) {
      EXPECT_EQ(one.line, 24 + 2 * i);
      ++seen;
    } else if (std::sscanf(one.location.c_str(), "/States/S/Choices[%d]", &i) == 1) {
      EXPECT_EQ(one.line, 3 + i);
      ++seen;
    }
  }
  EXPECT_EQ(seen, 40);
}

TEST(DefinitionTest, AllFaultsAreCollected) {
  const auto diagnostics = Validate(
      R"({"StartAt":"A","States":{"A":{"Type":"Nope"},"B":{"Type":"Task","Resource":"arn:x","End":true},
          "C":{"Type":"Wait","End":true},"D":{"Type":"Pass","Result":1,"Bad":2,"End":true}}})",
      MachineType::kStandard);
  EXPECT_EQ(diagnostics.size(), 4u);
  const Error error = InvalidDefinition(diagnostics);
  EXPECT_EQ(error.reason(), "InvalidDefinition");
  EXPECT_THAT(error.message(),
              HasSubstr("at /States/A/Type, SCHEMA_VALIDATION_FAILED: The resource provided "
                        "arn:x is not recognized."));
  EXPECT_THAT(error.message(), HasSubstr("Field 'Bad' is not supported at /States/D"));
}

TEST(DefinitionTest, OnlyMachinesAndStatesHaveAQueryLanguage) {
  EXPECT_THAT(Refusal(R"({"StartAt":"M","States":{"M":{"Type":"Map","End":true,"ItemProcessor":{
                          "QueryLanguage":"JSONata","StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}}}})"),
              HasSubstr("Field 'QueryLanguage' is not supported at /States/M/ItemProcessor"));
  EXPECT_THAT(Refusal(R"({"StartAt":"M","States":{"M":{"Type":"Parallel","End":true,"Branches":[{
                          "QueryLanguage":"JSONata","StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}]}}})"),
              HasSubstr("Field 'QueryLanguage' is not supported at /States/M/Branches[0]"));
}

TEST(DefinitionTest, DuplicateMembersAndDuplicateStatesAreRefused) {
  EXPECT_THAT(Refusal(R"({"StartAt":"A","StartAt":"A","States":{}})"),
              HasSubstr("duplicate key 'StartAt'"));
  EXPECT_THAT(Refusal(R"({"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[
                          {"StartAt":"P","States":{"P":{"Type":"Succeed"}}}]}}})"),
              HasSubstr("Duplicate State name: P at /States/P/Branches[0]/States/P"));
}

TEST(DefinitionTest, VariableNamesAreCheckedAgainstTheScopesAround) {
  const auto with = [](std::string_view assign) {
    return Refusal(R"({"StartAt":"A","States":{"A":{"Type":"Pass","Next":"P","Assign":)" +
                   std::string(assign) + R"(},"P":{"Type":"Parallel","End":true,"Branches":[
        {"StartAt":"B","States":{"B":{"Type":"Pass","Assign":{"x":1},"End":true}}},
        {"StartAt":"C","States":{"C":{"Type":"Pass","Assign":{"x":1},"End":true}}}]}}})");
  };
  EXPECT_EQ(with(R"({"y":1,"größe.$":"$.a"})"), "");
  EXPECT_THAT(with(R"({"x":1})"),
              HasSubstr("DUPLICATE_VARIABLE_NAME: The variable name 'x' was already defined in a "
                        "parent scope. at /States/P/Branches[0]/States/B/Assign/x"));
  EXPECT_THAT(with(R"({"states":1})"), HasSubstr("The variable name 'states' is reserved."));
  EXPECT_THAT(with(R"({"1x":1})"), HasSubstr("The variable name '1x' is not valid"));
  EXPECT_THAT(with(R"({")" + std::string(81, 'v') + R"(":1})"), HasSubstr("is not valid"));
  EXPECT_EQ(with(R"({")" + std::string(80, 'v') + R"(":1})"), "");
  EXPECT_THAT(with("[]"), HasSubstr("Expected value of type Object at /States/A/Assign"));
}

TEST(DefinitionTest, AVariableThatNoStateAssignsIsWarnedOfAndNotRefused) {
  const char* machine = R"({"StartAt":"A","States":{
    "A":{"Type":"Pass","QueryLanguage":"JSONata","Assign":{"x":1},
         "Output":{"y":"{% $y + $x + $states.input + $parse($uuid()) %}"},"Next":"B"},
    "B":{"Type":"Pass","InputPath":"$z.a","End":true}}})";
  const auto diagnostics = Validate(machine, MachineType::kStandard);
  ASSERT_EQ(diagnostics.size(), 2u);
  EXPECT_EQ(diagnostics[0].severity, Severity::kWarning);
  EXPECT_EQ(diagnostics[0].ToString(),
            "POSSIBLY_UNDEFINED_VARIABLE: Variable 'y' is possibly not defined. at "
            "/States/A/Output/y");
  EXPECT_EQ(diagnostics[1].location, "/States/B/InputPath");
  EXPECT_EQ(diagnostics[1].line, 4);
  EXPECT_EQ(Refusal(machine), "");
}

TEST(DefinitionTest, RetryAndCatchAreChecked) {
  const auto with = [](std::string_view fields) {
    return Refusal(
        R"({"StartAt":"A","States":{"A":{"Type":"Task","End":true,"Resource":"arn:aws:states:::lambda:invoke",)" +
        std::string(fields) + "}}}");
  };
  EXPECT_EQ(
      with(R"("Retry":[{"ErrorEquals":["States.ALL"],"BackoffRate":1.5,"JitterStrategy":"FULL"}])"),
      "");
  EXPECT_THAT(with(R"("Retry":[{"ErrorEquals":["States.ALL"]},{"ErrorEquals":["X"]}])"),
              HasSubstr("'States.ALL' must appear alone and in the last element at "
                        "/States/A/Retry[0]/ErrorEquals"));
  EXPECT_THAT(with(R"("Retry":[{"ErrorEquals":["X"],"BackoffRate":0.5}])"),
              HasSubstr("/Retry[0]/BackoffRate"));
  EXPECT_THAT(with(R"("Retry":[{"MaxAttempts":-1}])"), HasSubstr("/States/A/Retry[0]/MaxAttempts"));
  EXPECT_THAT(with(R"("Catch":[{"ErrorEquals":["X"],"Next":"B"}])"),
              HasSubstr("/States/A/Catch[0]/Next"));
}

TEST(DefinitionTest, TextThatIsNoJsonIsRefusedWithItsPlace) {
  EXPECT_THAT(Refusal("{\"StartAt\":\n nope}"), HasSubstr("Unrecognized token 'nope'"));
  EXPECT_THAT(Refusal("[]"), HasSubstr("Definition must be a valid JSON object"));
  EXPECT_THAT(Refusal(std::string(kMaxDefinitionBytes + 1, ' ')),
              HasSubstr("more than 1048576 bytes"));
  EXPECT_THAT(Refusal(std::string(5000, '[')), HasSubstr("INVALID_JSON_DESCRIPTION"));
}

TEST(DefinitionTest, ADistributedMapMayNameTheS3OfAnyPartition) {
  const auto refused = [](const std::string& prefix) {
    const std::string text =
        R"({"StartAt":"M","States":{"M":{"Type":"Map","End":true,"ItemReader":{"Resource":")" +
        prefix +
        R"(getObject","ReaderConfig":{"InputType":"JSON"},"Parameters":{"Bucket":"b",)"
        R"("Key":"k"}},"ResultWriter":{"Resource":")" +
        prefix +
        R"(putObject","Parameters":{"Bucket":"b","Prefix":"p"}},"ItemProcessor":{)"
        R"("ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"EXPRESS"},"StartAt":"A",)"
        R"("States":{"A":{"Type":"Succeed"}}}}}})";
    return Validate(text, MachineType::kStandard).size();
  };
  EXPECT_EQ(refused("arn:aws:states:::s3:"), 0u);
  EXPECT_EQ(refused("arn:aws-cn:states:::s3:"), 0u);
  EXPECT_EQ(refused("arn:aws-us-gov:states:::s3:"), 0u);
  EXPECT_EQ(refused("arn:other:states:::s3:"), 2u);
  EXPECT_EQ(refused("arn:aws-x:y:states:::s3:"), 2u);
}

TEST(DefinitionTest, TaskResourcesAreListedOnce) {
  const auto definition = Definition::Parse(
      R"({"StartAt":"A","States":{
           "A":{"Type":"Task","Resource":"arn:aws:states:::aws-sdk:s3:getObject","Next":"B"},
           "B":{"Type":"Task","Resource":"arn:aws:states:::aws-sdk:s3:getObject","End":true}}})",
      MachineType::kStandard);
  ASSERT_TRUE(definition) << definition.error().message();
  ASSERT_EQ((*definition)->task_resources().size(), 1u);
  EXPECT_EQ((*definition)->task_resources()[0].location, "/States/A/Resource");
}

}  // namespace
}  // namespace scones::asl
