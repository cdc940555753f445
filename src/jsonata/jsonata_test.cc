#include "jsonata/jsonata.h"

#include <gtest/gtest.h>

#include <limits>

namespace scones::jsonata {
namespace {

class JsonataTest : public testing::Test {
 protected:
  Result<std::optional<json::value>> Evaluate(std::string_view text,
                                              std::string_view input = "null") {
    input_ = *ParseJson(input);
    environment_.input = &input_;
    TRY(const Expression expression, Expression::Parse(text));
    return expression.Evaluate(environment_);
  }

  // The result as JSON, "undefined", or "code: message".
  std::string Show(std::string_view text, std::string_view input = "null") {
    const Result<std::optional<json::value>> result = Evaluate(text, input);
    if (!result) return result.error().reason() + ": " + result.error().message();
    return *result ? ToJson(**result) : "undefined";
  }

  std::string CodeOf(std::string_view text, std::string_view input = "null") {
    const Result<std::optional<json::value>> result = Evaluate(text, input);
    return result ? "none" : result.error().reason();
  }

  json::value input_;
  Environment environment_;
};

std::string Repeat(std::string_view text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

TEST_F(JsonataTest, IntegralNumbersAreWrittenAsIntegers) {
  EXPECT_EQ(Show("1.5 + 1.5"), "3");
  EXPECT_EQ(Show("10 / 4"), "2.5");
  EXPECT_EQ(Show("-0"), "0");
  EXPECT_EQ(Show("9007199254740992 * 2"), "18014398509481984");
  EXPECT_EQ(Show("$string(1e21)"), R"("1e+21")");
  EXPECT_EQ(Show("$string(0.000001)"), R"("0.000001")");
  EXPECT_EQ(Show("$string(0.0000001)"), R"("1e-7")");
  EXPECT_EQ(Show("$string(100000000000000000000)"), R"("100000000000000000000")");
  EXPECT_EQ(Show("$string(0.1 + 0.2)"), R"("0.3")");
}

TEST_F(JsonataTest, AnIntegerBeyondDoublesPassesThroughUnchanged) {
  EXPECT_EQ(Show("id", R"({"id": 9007199254740993})"), "9007199254740993");
  EXPECT_EQ(Show("[id]", R"({"id": 9007199254740993})"), "[9007199254740993]");
  EXPECT_EQ(Show("id + 0", R"({"id": 9007199254740993})"), "9007199254740992");
}

TEST_F(JsonataTest, AnInfiniteNumberIsAResultButNoOperand) {
  const Result<std::optional<json::value>> result = Evaluate("1 / 0");
  ASSERT_TRUE(result && *result && (*result)->is_double());
  EXPECT_EQ((*result)->get_double(), std::numeric_limits<double>::infinity());
  EXPECT_EQ(Show("1 / 0 + 1"), "D1001: Number out of range: null");
  EXPECT_EQ(CodeOf("$sqrt(-1)"), "D3060");
  EXPECT_EQ(CodeOf("$power(10, 400)"), "D3061");
}

TEST_F(JsonataTest, MessagesNameTheOperatorTheFunctionAndTheValue) {
  EXPECT_EQ(Show(R"(1 + "a")"),
            R"(T2002: The right side of the "+" operator must evaluate to a number)");
  EXPECT_EQ(Show(R"("a" - 1)"),
            R"(T2001: The left side of the "-" operator must evaluate to a number)");
  EXPECT_EQ(Show(R"($number("abc"))"), R"(D3030: Unable to cast value to a number: "abc")");
  EXPECT_EQ(Show(R"($substring("a", "b"))"),
            R"(T0410: Argument 2 of function "substring" does not match function signature)");
  EXPECT_EQ(Show("$uppercase()"),
            "T0411: Context value is not a compatible type with argument 1 of "
            "function \"uppercase\"");
  EXPECT_EQ(Show(R"($sum(["a"]))"),
            R"(T0412: Argument 1 of function "sum" must be an array of "numbers")");
  EXPECT_EQ(Show(R"(1 > "a")"),
            "T2009: The values 1 and \"a\" either side of operator \">\" must "
            "be of the same data type");
  EXPECT_EQ(Show("{1: 2}"), "T1003: Key in object structure must evaluate to a string; got: 1");
  EXPECT_EQ(Show("sum([1])"), "T1005: Attempted to invoke a non-function. Did you mean $sum?");
  EXPECT_EQ(Show(R"($error("my own"))"), "D3137: my own");
  EXPECT_EQ(Show(R"($assert(false, "not so"))"), "D3141: not so");
}

TEST_F(JsonataTest, EvalIsNoFunction) {
  EXPECT_EQ(Show(R"($eval("1"))"), "T1006: Attempted to invoke a non-function");
}

TEST_F(JsonataTest, SyntaxErrorsCarryTheirCode) {
  EXPECT_EQ(CodeOf(""), "S0207");
  EXPECT_EQ(CodeOf("1 2"), "S0201");
  EXPECT_EQ(CodeOf("(1"), "S0203");
  EXPECT_EQ(CodeOf("[1,]"), "S0211");
  EXPECT_EQ(CodeOf("\"open"), "S0101");
  EXPECT_EQ(CodeOf("/* open"), "S0106");
  EXPECT_EQ(CodeOf("a ! b"), "S0204");
  EXPECT_EQ(CodeOf("x := 1"), "S0212");
  EXPECT_EQ(CodeOf("function(x){1}"), "S0208");
  EXPECT_EQ(Show("{ \"a\" 1 }"), "S0202: Expected \":\", got \"1\"");
}

TEST_F(JsonataTest, VariablesComeFromTheHostAndAreHiddenByBindings) {
  const json::value states = *ParseJson(R"({"input": {"a": 41, "list": [1, 2, 3]}})");
  environment_.variable = [&](std::string_view name) {
    return name == "states" ? &states : nullptr;
  };
  EXPECT_EQ(Show("$states.input.a + 1"), "42");
  EXPECT_EQ(Show("$states.input.list"), "[1,2,3]");
  EXPECT_EQ(Show("$sum($states.input.list)"), "6");
  EXPECT_EQ(Show("($states := 1; $states)"), "1");
  EXPECT_EQ(Show("$nobody"), "undefined");
}

TEST_F(JsonataTest, HostFunctionsTakeAndReturnValues) {
  const NativeFunction functions[] = {
      {"twice", "<n-:n>",
       [](std::span<const std::optional<json::value>> arguments,
          const Environment&) -> Result<std::optional<json::value>> {
         if (!arguments[0]) return std::optional<json::value>();
         return std::optional<json::value>(arguments[0]->to_number<double>() * 2);
       }},
      {"refuse", "",
       [](std::span<const std::optional<json::value>>,
          const Environment&) -> Result<std::optional<json::value>> {
         return Error(Code::kInvalid, "D9999", "refused");
       }}};
  environment_.functions = functions;
  EXPECT_EQ(Show("$twice(21)"), "42");
  EXPECT_EQ(Show("$map([1, 2], $twice)"), "[2,4]");
  EXPECT_EQ(Show("$twice(nothing)"), "undefined");
  EXPECT_EQ(CodeOf(R"($twice("a"))"), "T0410");
  EXPECT_EQ(Show("$refuse()"), "D9999: refused");
}

TEST_F(JsonataTest, TimeAndRandomnessComeFromTheEnvironment) {
  environment_.now = FromEpochMilliseconds(1'700'000'000'123);
  environment_.random = [] { return std::uint64_t{1} << 63; };
  EXPECT_EQ(Show("$millis()"), "1700000000123");
  EXPECT_EQ(Show("$now()"), R"("2023-11-14T22:13:20.123Z")");
  EXPECT_EQ(Show("$random()"), "0.5");
}

TEST_F(JsonataTest, FreeVariablesAreThoseThatTheExpressionDoesNotBind) {
  const auto free = [](std::string_view text) {
    std::string names;
    const Result<Expression> expression = Expression::Parse(text);
    if (!expression) return expression.error().reason();
    for (const std::string& name : expression->free_variables()) names += name + " ";
    return names;
  };
  EXPECT_EQ(free("$b + $a * $b"), "a b ");
  EXPECT_EQ(free("$sum($states.input) & $ & $$"), "states ");
  EXPECT_EQ(free("($x := $y; $x)"), "y ");
  EXPECT_EQ(free("($x; $x := 1)"), "x ");
  EXPECT_EQ(free("($x := 1); $x"), "S0201");
  EXPECT_EQ(free("[($x := 1), $x]"), "x ");
  EXPECT_EQ(free("function($p){ $p + $q }"), "q ");
  EXPECT_EQ(free("($f := function($n){ $g($n) }; $g := function($n){ $f($n) }; $f(1))"), "");
  EXPECT_EQ(free("a@$x.b#$i.{ \"x\": $x, \"i\": $i, \"j\": $j }"), "j ");
  EXPECT_EQ(free("$map($list, function($v){ $v.$k })"), "k list ");
}

TEST_F(JsonataTest, FunctionsInAResultAreEmptyTexts) {
  EXPECT_EQ(Show("function(){1}"), R"("")");
  EXPECT_EQ(Show("{\"f\": $sum, \"n\": 1}"), R"({"f":"","n":1})");
}

TEST_F(JsonataTest, TextIsIndexedByCodePointsAndOrderedAsJavaScriptDoes) {
  EXPECT_EQ(Show(R"($length("a😂c"))"), "3");
  EXPECT_EQ(Show(R"($substring("a😂c", 1, 1))"), R"("😂")");
  EXPECT_EQ(Show(R"("\uD83D\uDE02")"), R"("😂")");
  EXPECT_EQ(Show(R"("😂" < "\uFF5E")"), "true");
  EXPECT_EQ(Show(R"($uppercase("straße é ж"))"), R"("STRASSE É Ж")");
  EXPECT_EQ(Show(R"($split("a😂", ""))"), R"(["a","😂"])");
}

TEST_F(JsonataTest, ATransformLeavesItsArgumentAlone) {
  EXPECT_EQ(Show(R"(($new := $ ~> |a|{"b": 2}, "c"|; [$, $new]))", R"({"a": {"b": 1, "c": 0}})"),
            R"([{"a":{"b":1,"c":0}},{"a":{"b":2}}])");
}

TEST_F(JsonataTest, ATransformOfWhatIsNoObjectIsAnError) {
  EXPECT_EQ(Show(R"($ ~> |a|{"b": 2}|)", R"({"a": 1})"),
            "T2011: The pattern of the transform expression must select objects: 1");
}

TEST_F(JsonataTest, SpreadingAnArrayGivesAnArray) {
  EXPECT_EQ(Show(R"($spread({"a": 1}))"), R"({"a":1})");
  EXPECT_EQ(Show(R"($spread([{"a": 1}]))"), R"([{"a":1}])");
}

TEST_F(JsonataTest, TailCallsRunInALoop) {
  EXPECT_EQ(Show("($f := function($n){ $n > 0 ? $f($n - 1) : \"done\" }; $f(20000))"), R"("done")");
}

TEST_F(JsonataTest, EndlessRecursionMeetsTheDepthLimit) {
  EXPECT_EQ(CodeOf("($f := function($n){ 1 + $f($n) }; $f(1))"), "U1001");
  environment_.limits.max_depth = 1'000'000;
  EXPECT_EQ(CodeOf("($f := function($n){ 1 + $f($n) }; $f(1))"), "U1001");
  EXPECT_EQ(CodeOf("($f := function($n){ $map([1], function($x){ $f($x) })[0] + 1 }; $f(1))"),
            "U1001");
}

TEST_F(JsonataTest, EndlessLoopsMeetTheStepLimit) {
  environment_.limits.max_steps = 100'000;
  EXPECT_EQ(Show("($f := function(){ $f() }; $f())"),
            "U1001: Expression evaluation timeout: Check for infinite loop");
  EXPECT_EQ(CodeOf("$map([1..1000], function($x){ $map([1..1000], function($y){ $y }) })"),
            "U1001");
}

TEST_F(JsonataTest, GrowingTextsAndArraysMeetTheMemoryLimit) {
  environment_.limits.max_bytes = 1 << 20;
  EXPECT_EQ(CodeOf("($f := function($s){ $f($s & $s) }; $f(\"aa\"))"), "U1001");
  EXPECT_EQ(CodeOf("($f := function($a){ $f($append($a, $a)) }; $f([1, 2]))"), "U1001");
  EXPECT_EQ(CodeOf("$pad(\"a\", 1e15)"), "U1001");
  EXPECT_EQ(CodeOf("$pad(\"a\", -10000000, \"xyz\")"), "U1001");
  EXPECT_EQ(CodeOf("$join($map([1..1000], function($x){ $pad(\"a\", 10000) }))"), "U1001");
  EXPECT_EQ(CodeOf("$replace($pad(\"a\", 9999, \"a\"), \"a\", $pad(\"b\", 9999, \"b\"))"), "U1001");
}

TEST_F(JsonataTest, ASharedValueThatUnfoldsIsLimitedWhereItIsWritten) {
  environment_.limits.max_bytes = 1 << 22;
  const std::string nested =
      "($f := function($x, $n){ $n = 0 ? $x : $f({\"a\": $x, \"b\": $x}, $n - 1) }; $f(1, 60))";
  EXPECT_EQ(CodeOf(nested), "U1001");
  EXPECT_EQ(CodeOf("$string(" + nested + ")"), "U1001");
  EXPECT_EQ(CodeOf("$count(" + nested + ".**)"), "U1001");
  EXPECT_EQ(CodeOf("$clone(" + nested + ")"), "U1001");
}

TEST_F(JsonataTest, DeepValuesAreRefusedAndNotFollowed) {
  const std::string deep =
      "($f := function($x, $n){ $n = 0 ? $x : $f([[$x]], $n - 1) }; $f(1, 5000))";
  for (const std::string_view use : {"", "$string", "$clone", "$distinct", "$boolean", "$keys"}) {
    const std::string text = use.empty() ? deep : std::string(use) + "([" + deep + ", 2])";
    EXPECT_EQ(CodeOf(text), "U1001") << use;
  }
  EXPECT_EQ(CodeOf(R"($ ~> |$|{"self": $}|)", R"({"a": 1})"), "U1001");
}

TEST_F(JsonataTest, FunctionsChainedWithoutEndAreRefused) {
  EXPECT_EQ(CodeOf("($f := function($g, $n){ $n = 0 ? $g(1) : $f($g ~> $abs, $n - 1) };"
                   " $f($abs, 20000))"),
            "U1001");
  EXPECT_EQ(CodeOf("($f := function($g, $n){ $n = 0 ? $g(1) : $f($g(?), $n - 1) };"
                   " $f($abs, 20000))"),
            "U1001");
}

TEST_F(JsonataTest, NestedSyntaxIsRefusedAndNotFollowed) {
  constexpr int kMany = 100'000;
  for (const std::string_view open :
       {"[", "(", "{\"a\":", "-", "a[", "$f(", "function(){", "1?", "|"})
    EXPECT_EQ(CodeOf(Repeat(open, kMany)), "U1001") << open;
  for (const std::string_view more : {"+1", ".a", "[0]", "~>$f", "&1", "(1)", "^(a)", "@$a", "{}"})
    EXPECT_EQ(CodeOf("1" + Repeat(more, kMany)), "U1001") << more;
}

TEST_F(JsonataTest, ASignatureWithManyOptionalParametersIsMatchedQuickly) {
  const std::string text =
      "function($a)<" + Repeat("x?", 60) + "n:n>{ $a }(" + Repeat("true,", 59) + "true)";
  EXPECT_EQ(CodeOf(text), "T0410");
  EXPECT_EQ(CodeOf("function($a)<" + Repeat("x", 5000) + ":n>{ $a }(1)"), "U1001");
}

TEST_F(JsonataTest, ARegularExpressionThatBacktracksWithoutEndIsAnError) {
  EXPECT_EQ(CodeOf("$contains($pad(\"\", 60, \"a\") & \"!\", /^(a+)+$/)"), "U1001");
  EXPECT_EQ(Show("$replace(\"abcd\", /(b)(c)/, \"<$2$1>\")"), R"("a<cb>d")");
  EXPECT_EQ(CodeOf("$match(\"abc\", /x*/)"), "D1004");
}

TEST_F(JsonataTest, ARangeIsLimited) {
  EXPECT_EQ(Show("$count([1..873782])"), "873782");
  EXPECT_EQ(CodeOf("[1..873783]"), "D2014");
  EXPECT_EQ(CodeOf("[0..1e300]"), "D2014");
}

TEST_F(JsonataTest, ManyMatchesInALongTextAreFoundInLinearTime) {
  environment_.limits.max_steps = 2'000'000;
  EXPECT_EQ(Show("$count($match($pad(\"\", 40000, \"ab\"), /a/))"), "20000");
  EXPECT_EQ(Show("$length($replace($pad(\"\", 40000, \"ab\"), /a/, \"xx\"))"), "60000");
  EXPECT_EQ(Show("$count($split($pad(\"\", 40000, \"a,\"), /,/))"), "20001");
}

TEST_F(JsonataTest, GroupingManyItemsOfOneKeyTakesLinearMemory) {
  environment_.limits.max_bytes = 32 << 20;
  EXPECT_EQ(Show("$count(([1..50000].{\"v\": $}{\"all\": v}).all)"), "50000");
}

}  // namespace
}  // namespace scones::jsonata
