#include "asl/expression.h"

#include <gtest/gtest.h>

namespace scones::asl {
namespace {

std::string Call(std::string_view text, std::string_view input = "{}") {
  auto expression = Expression::Parse(text);
  if (!expression) return "bad syntax";
  const json::value document = *ParseJson(input);
  const json::value context = {{"State", {{"Name", "here"}}}};
  std::uint64_t draws = 0;
  const Scope scope{&document, [&]() -> const json::value& { return context; },
                    [&] { return ++draws; }};
  auto value = expression->Evaluate(scope);
  return value ? ToJson(*value) : "failed";
}

TEST(IntrinsicTest, FormatFillsBracesInOrder) {
  EXPECT_EQ(Call("States.Format('{} is {}', $.a, 3)", R"({"a":"x"})"), R"("x is 3")");
  EXPECT_EQ(Call(R"(States.Format('a \{\} {} it\'s', 'b'))"), R"("a {} b it's")");
  EXPECT_EQ(Call("States.Format('{}')"), "failed");
  EXPECT_EQ(Call("States.Format('x', 1)"), "failed");
  EXPECT_EQ(Call("States.Format('{}', $)", R"({"a":1,"b":["x",null,{}]})"),
            R"("{a=1, b=[x, null, {}]}")");
  EXPECT_EQ(Call("States.Format($.f, true, null)", R"({"f":"{}-{}"})"), R"("true-null")");
}

TEST(IntrinsicTest, ArraysAreMadeCutAndSearched) {
  EXPECT_EQ(Call("States.Array()"), "[]");
  EXPECT_EQ(Call("States.Array('a', 1, null, $)"), R"(["a",1,null,{}])");
  EXPECT_EQ(Call("States.ArrayPartition($, 2)", "[1,2,3]"), "[[1,2],[3]]");
  EXPECT_EQ(Call("States.ArrayPartition($, 0)", "[1]"), "failed");
  EXPECT_EQ(Call("States.ArrayContains($, 2)", "[1,2.0]"), "true");
  EXPECT_EQ(Call("States.ArrayRange(1, 9, 2)"), "[1,3,5,7,9]");
  EXPECT_EQ(Call("States.ArrayRange(9, 1, -4)"), "[9,5,1]");
  EXPECT_EQ(Call("States.ArrayRange(1, 9, 0)"), "failed");
  EXPECT_EQ(Call("States.ArrayRange(0, 1000000000, 1)"), "failed");
  EXPECT_EQ(Call("States.ArrayGetItem($, 1)", "[1,2]"), "2");
  EXPECT_EQ(Call("States.ArrayGetItem($, 2)", "[1,2]"), "failed");
  EXPECT_EQ(Call("States.ArrayLength($)", "[1,2]"), "2");
  EXPECT_EQ(Call("States.ArrayUnique($)", "[1,2,1.0,\"1\"]"), R"([1,2,"1"])");
}

TEST(IntrinsicTest, TextIsEncodedHashedAndSplit) {
  EXPECT_EQ(Call("States.Base64Encode('Data to encode')"), R"("RGF0YSB0byBlbmNvZGU=")");
  EXPECT_EQ(Call("States.Base64Decode('RGF0YSB0byBlbmNvZGU=')"), R"("Data to encode")");
  EXPECT_EQ(Call("States.Base64Decode('?')"), "failed");
  EXPECT_EQ(Call("States.Hash('input data', 'SHA-1')"),
            R"("aaff4a450a104cd177d28d18d74485e8cae074b7")");
  EXPECT_EQ(Call("States.Hash('x', 'SHA-3')"), "failed");
  EXPECT_EQ(Call("States.StringSplit('a,b;;c', ',;')"), R"(["a","b","c"])");
}

TEST(IntrinsicTest, JsonIsReadWrittenAndMerged) {
  EXPECT_EQ(Call(R"(States.StringToJson('\{"a":1\}'))"), R"({"a":1})");
  EXPECT_EQ(Call("States.StringToJson('nope')"), "failed");
  EXPECT_EQ(Call("States.JsonToString($)", R"({"a":[1, 2]})"), R"("{\"a\":[1,2]}")");
  EXPECT_EQ(
      Call("States.JsonMerge($.a, $.b, false)", R"({"a":{"x":1,"y":{"p":1}},"b":{"y":{"q":2}}})"),
      R"({"x":1,"y":{"q":2}})");
  EXPECT_EQ(Call("States.JsonMerge($.a, $.b, true)", R"({"a":{},"b":{}})"), "failed");
}

TEST(IntrinsicTest, NumbersAreRoundedHalfUpBeforeTheyAreAdded) {
  EXPECT_EQ(Call("States.MathAdd(1.49, 1.5)"), "3");
  EXPECT_EQ(Call("States.MathAdd(-2.5, 0)"), "-2");
  EXPECT_EQ(Call("States.MathAdd(9223372036854775807, 1)"), "failed");
}

TEST(IntrinsicTest, RandomValuesComeFromTheScope) {
  EXPECT_EQ(Call("States.UUID()"), Call("States.UUID()"));
  EXPECT_EQ(Call("States.UUID()").size(), 38u);
  EXPECT_EQ(Call("States.MathRandom(5, 6)"), "5");
  EXPECT_EQ(Call("States.MathRandom(1, 100, 42)"), Call("States.MathRandom(1, 100, 42)"));
  EXPECT_EQ(Call("States.MathRandom(6, 5)"), "failed");
}

TEST(IntrinsicTest, CallsNestAndTakeContextAndFilters) {
  EXPECT_EQ(Call("States.ArrayLength(States.Array(1, States.Array(2)))"), "2");
  EXPECT_EQ(Call("States.Format('{}', $$.State.Name)"), R"("here")");
  EXPECT_EQ(Call("States.ArrayGetItem($[?(@.k == 'a, b')].v, 0)", R"([{"k":"a, b","v":7}])"), "7");
}

TEST(IntrinsicTest, WrongCallsAreRefusedWhenParsed) {
  for (const char* text : {"States.Nope()", "States.Format()", "States.MathAdd(1,'-1')",
                           "States.UUID(1)", "States.Array(1", "States.Array(1,)",
                           "States.Array(1) x", "ipsum", R"(States.Format('a \" b'))",
                           "States.Array('a)", "States.JsonMerge($.a, $.b)", "States.Array({})"}) {
    EXPECT_EQ(Call(text), "bad syntax") << text;
  }
  std::string nested = "1";
  for (int i = 0; i < 11; ++i) nested = "States.Array(" + nested + ")";
  EXPECT_EQ(Call(nested), "bad syntax");
}

TEST(TemplateTest, MembersThatEndInADollarAreEvaluated) {
  std::vector<Template::Fault> faults;
  const Template compiled = Template::Compile(
      *ParseJson(R"j({"k":1,"a.$":"$.x","l":[{"b.$":"States.ArrayLength($.y)"},"$.x"]})j"),
      "/Parameters", faults);
  ASSERT_TRUE(faults.empty());
  const json::value input = *ParseJson(R"({"x":{"z":null},"y":[1]})");
  const Scope scope{&input, nullptr, nullptr};
  EXPECT_EQ(ToJson(*compiled.Evaluate(scope)), R"({"k":1,"a":{"z":null},"l":[{"b":1},"$.x"]})");
}

TEST(TemplateTest, FaultsNameTheObjectThatHoldsThem) {
  std::vector<Template::Fault> faults;
  (void)Template::Compile(*ParseJson(R"({"a":[{"b.$":"nope"}],"c":1,"c.$":"$"})"), "/P", faults);
  ASSERT_EQ(faults.size(), 2u);
  EXPECT_EQ(faults[0].location, "/P/a[0]");
  EXPECT_EQ(
      faults[0].message,
      "The value for the field 'b.$' must be a valid JSONPath or a valid intrinsic function call");
  EXPECT_EQ(faults[1].location, "/P");
}

TEST(TemplateTest, CopiesShareOneBudget) {
  json::object source;
  for (int i = 0; i < 1000; ++i) source["k" + std::to_string(i) + ".$"] = "$";
  std::vector<Template::Fault> faults;
  const Template compiled = Template::Compile(source, "", faults);
  const json::value input = json::string(100'000, 'x');
  std::size_t budget = Path::kMaxResultBytes;
  const Scope scope{&input, nullptr, nullptr, &budget};
  EXPECT_EQ(compiled.Evaluate(scope).error().reason(), "States.DataLimitExceeded");
}

}  // namespace
}  // namespace scones::asl
