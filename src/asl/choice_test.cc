#include "asl/choice.h"

#include <gtest/gtest.h>

#include "asl/definition.h"

namespace scones::asl {
namespace {

// Whether `op`: `operand` holds for the input's member "v".
std::string Holds(std::string_view op, const json::value& operand, std::string_view input) {
  ChoiceRule rule;
  rule.variable = *Path::Parse("$.v");
  rule.op = FindChoiceOperator(op).value();
  if (rule.op.path) {
    rule.path = *Path::Parse(operand.as_string());
  } else {
    rule.operand = operand;
  }
  const json::value document = *ParseJson(input);
  auto holds = rule.Holds({&document, nullptr, nullptr});
  return !holds ? holds.error().message() : *holds ? "yes" : "no";
}

TEST(ChoiceTest, OrderingsCompareWithinTheirType) {
  EXPECT_EQ(Holds("NumericEquals", 1, R"({"v":1.0})"), "yes");
  EXPECT_EQ(Holds("NumericEquals", 1, R"({"v":"1"})"), "no");
  EXPECT_EQ(Holds("NumericLessThanEquals", 2.5, R"({"v":2.5})"), "yes");
  EXPECT_EQ(Holds("StringGreaterThan", "a", R"({"v":"b"})"), "yes");
  EXPECT_EQ(Holds("StringLessThan", "a", R"({"v":"b"})"), "no");
  EXPECT_EQ(Holds("BooleanEquals", true, R"({"v":true})"), "yes");
  EXPECT_EQ(Holds("BooleanEquals", false, R"({"v":null})"), "no");
  EXPECT_EQ(Holds("TimestampGreaterThanEquals", "2020-01-01T00:00:00Z",
                  R"({"v":"2020-01-01T01:00:00+01:00"})"),
            "yes");
  EXPECT_EQ(Holds("TimestampEquals", "2020-01-01T00:00:00Z", R"({"v":"yesterday"})"), "no");
}

TEST(ChoiceTest, PathOperandsAreLookedUp) {
  EXPECT_EQ(Holds("NumericGreaterThanPath", "$.w", R"({"v":2,"w":1})"), "yes");
  EXPECT_EQ(Holds("StringEqualsPath", "$.w", R"({"v":"x","w":1})"), "no");
  EXPECT_EQ(Holds("StringEqualsPath", "$.w", R"({"v":"x"})"),
            "Invalid path '$.w': The choice state's condition path references an invalid value.");
}

TEST(ChoiceTest, TypeTestsAnswerTrueOrFalse) {
  EXPECT_EQ(Holds("IsNull", true, R"({"v":null})"), "yes");
  EXPECT_EQ(Holds("IsString", false, R"({"v":1})"), "yes");
  EXPECT_EQ(Holds("IsTimestamp", true, R"({"v":"2020-01-01T00:00:00Z"})"), "yes");
  EXPECT_EQ(Holds("IsPresent", true, "{}"), "no");
  EXPECT_EQ(Holds("IsPresent", false, "{}"), "yes");
  EXPECT_EQ(Holds("IsNumeric", true, "{}"),
            "Invalid path '$.v': The choice state's condition path references an invalid value.");
}

TEST(ChoiceTest, PatternsTakeStarsAndEscapes) {
  EXPECT_TRUE(MatchesPattern("foo23.log", "foo*.log"));
  EXPECT_TRUE(MatchesPattern("zebra.log", "*.log"));
  EXPECT_TRUE(MatchesPattern("abcabd", "*abd"));
  EXPECT_TRUE(MatchesPattern("a*b", R"(a\*b)"));
  EXPECT_TRUE(MatchesPattern("", "*"));
  EXPECT_FALSE(MatchesPattern("axb", R"(a\*b)"));
  EXPECT_FALSE(MatchesPattern("foo", "foo?"));
  EXPECT_FALSE(MatchesPattern("", "a"));
}

TEST(ChoiceTest, UnknownOperatorsAreNotFound) {
  for (const char* name :
       {"", "Equals", "BooleanLessThan", "StringMatchesPath", "NumericIs", "IsNullPath"}) {
    EXPECT_FALSE(FindChoiceOperator(name)) << name;
  }
}

}  // namespace
}  // namespace scones::asl
