#include "events/input_transformer.h"

#include <gtest/gtest.h>

namespace scones::events {
namespace {

const TransformContext kContext{
    .rule_arn = "arn:aws:events:us-east-1:000000000000:rule/r", .rule_name = "r", .ingested = {}};

std::string Transform(const std::map<std::string, std::string>& paths, const std::string& text) {
  const json::object event = ParseJson(R"({"id": "7bf7", "source": "aws.ec2", "detail":
      {"instance": "i-0123", "state": "RUN\"NING", "n": 5, "tags": ["x", {"k": "v"}]}})")
                                 .value()
                                 .as_object();
  const Target target{.id = "t",
                      .arn = "",
                      .role_arn = "",
                      .input = {},
                      .input_path = {},
                      .input_transformer = InputTransformer{paths, text},
                      .retry_policy = {}};
  if (const auto checked = CheckInput(target); !checked) return checked.error().message();
  const Result<std::string> made = MakeInput(target, event, kContext);
  return made ? *made : made.error().message();
}

const std::map<std::string, std::string> kPaths = {
    {"instance", "$.detail.instance"}, {"state", "$.detail.state"}, {"n", "$.detail.n"},
    {"tag", "$.detail.tags[0]"},       {"tags", "$.detail.tags"},   {"all", "$.detail.tags[*].k"},
    {"gone", "$.detail.nope"}};

TEST(InputTransformerTest, FillsTexts) {
  EXPECT_EQ(Transform(kPaths, R"("instance <instance> has <n>")"), R"("instance i-0123 has 5")");
  EXPECT_EQ(Transform(kPaths, R"(instance <instance> is <state>)"),
            R"("instance i-0123 is RUN\"NING")");
  EXPECT_EQ(Transform(kPaths, R"("say \"<instance>\" <state>")"), R"("say \"i-0123\" RUN\"NING")");
}

TEST(InputTransformerTest, FillsJsonWithAndWithoutQuotes) {
  EXPECT_EQ(Transform(kPaths, R"({"i": <instance>, "s": "<state>", "n": <n>, "t": <tags>})"),
            R"({"i": "i-0123", "s": "RUN\"NING", "n": 5, "t": ["x",{"k":"v"}]})");
  EXPECT_EQ(Transform(kPaths, R"([<tag>, <all>])"), R"(["x", ["v"]])");
  EXPECT_EQ(Transform(kPaths, "<n>"), "5");
  EXPECT_EQ(Transform(kPaths, R"({"t": "<tags>"})"), R"({"t": "[\"x\",{\"k\":\"v\"}]"})");
}

TEST(InputTransformerTest, AVariableThatTheEventLacksLeavesTheRestWhole) {
  EXPECT_EQ(Transform(kPaths, R"({"g": <gone>, "h": "a<gone>b"})"), R"({"g": "", "h": "ab"})");
}

TEST(InputTransformerTest, KnowsThePredefinedVariables) {
  EXPECT_EQ(Transform({}, R"({"r": <aws.events.rule-name>, "a": "<aws.events.rule-arn>"})"),
            R"({"r": "r", "a": "arn:aws:events:us-east-1:000000000000:rule/r"})");
  EXPECT_EQ(Transform({}, R"({"e": <aws.events.event>})"),
            R"({"e": {"id":"7bf7","source":"aws.ec2"}})");
  EXPECT_EQ(Transform({}, "<aws.events.event.ingestion-time>"), R"("1970-01-01T00:00:00.000Z")");
}

TEST(InputTransformerTest, RefusesWhatCannotBeFilled) {
  EXPECT_NE(Transform({}, "<unknown>").find("no variable 'unknown'"), std::string::npos);
  EXPECT_NE(Transform({{"a", "detail"}}, "<a>").find("no path"), std::string::npos);
  EXPECT_NE(Transform({{"AWS.x", "$.a"}}, "x").find("reserved"), std::string::npos);
  EXPECT_NE(Transform(kPaths, R"({"a": <n>)").find("isn't JSON"), std::string::npos);
}

TEST(InputTest, IsTheEventAPartOfItOrAFixedText) {
  const json::object event = ParseJson(R"({"detail": {"a": [1, 2]}})").value().as_object();
  Target target;
  EXPECT_EQ(MakeInput(target, event, kContext).value(), R"({"detail":{"a":[1,2]}})");
  target.input_path = "$.detail.a";
  EXPECT_EQ(MakeInput(target, event, kContext).value(), "[1,2]");
  target.input = R"({"fixed": true})";
  EXPECT_FALSE(CheckInput(target));
  target.input_path.reset();
  EXPECT_TRUE(CheckInput(target));
  EXPECT_EQ(MakeInput(target, event, kContext).value(), R"({"fixed": true})");
  target.input = "{";
  EXPECT_FALSE(CheckInput(target));
}

}  // namespace
}  // namespace scones::events
