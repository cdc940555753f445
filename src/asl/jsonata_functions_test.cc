#include "asl/jsonata_functions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "asl/java_random.h"

namespace scones::asl {
namespace {

// Calls $name with the elements of `arguments`, a JSON array in which "?" is undefined. The result
// as JSON, "undefined", or the error's reason.
std::string Call(std::string_view name, std::string_view arguments) {
  std::vector<std::optional<json::value>> values;
  const json::value parsed = *ParseJson(arguments);
  for (const json::value& one : parsed.get_array()) {
    values.push_back(one == "?" ? std::optional<json::value>() : one);
  }
  jsonata::Environment environment;
  std::uint64_t bits = 0;
  environment.random = [&bits] { return bits += 0x9E3779B97F4A7C15ULL; };
  const auto functions = StatesFunctions();
  const auto function = std::ranges::find(functions, name, &jsonata::NativeFunction::name);
  const auto result = function->call(values, environment);
  if (!result) return result.error().reason();
  return *result ? ToJson(**result) : "undefined";
}

struct Row {
  const char* function;
  const char* arguments;
  const char* result;
};

class StatesFunction : public ::testing::TestWithParam<Row> {};

TEST_P(StatesFunction, AnswersAsOnAws) {
  const auto& [function, arguments, result] = GetParam();
  EXPECT_EQ(Call(function, arguments), result) << "$" << function << arguments;
}

INSTANTIATE_TEST_SUITE_P(Partition, StatesFunction,
                         ::testing::Values(Row{"partition", "[[1,2,3,4,5],2]", "[[1,2],[3,4],[5]]"},
                                           Row{"partition", "[[1,2,3],2.9]", "[[1,2],[3]]"},
                                           Row{"partition", "[[1,2,3]]", "[[1,2,3]]"},
                                           Row{"partition", "[[1,2,3],1e300]", "[[1,2,3]]"},
                                           Row{"partition", "[[],2]", "undefined"},
                                           Row{"partition", "[[1],-0.5]", "undefined"},
                                           Row{"partition", "[\"?\",2]", "undefined"},
                                           Row{"partition", "[[1],-1]", "D3137"},
                                           Row{"partition", "[[1],\"a\"]", "T0410"},
                                           Row{"partition", "[null,2]", "T0412"},
                                           Row{"partition", "[[1],1,1]", "T0410"}));

INSTANTIATE_TEST_SUITE_P(
    Range, StatesFunction,
    ::testing::Values(Row{"range", "[0,9,3]", "[0,3,6,9]"}, Row{"range", "[0,10,3]", "[0,3,6,9]"},
                      Row{"range", "[1,9,9]", "1"}, Row{"range", "[10,0,-5]", "[10,5,0]"},
                      Row{"range", "[-1.7,2,1]", "[-1,0,1,2]"}, Row{"range", "[3,3,1]", "3"},
                      Row{"range", "[5,1,1]", "undefined"}, Row{"range", "[1,5,0]", "undefined"},
                      Row{"range", "[1,5]", "undefined"}, Row{"range", "[1]", "T0410"},
                      Row{"range", "[1,360146,1]", "U1001"},
                      Row{"range", "[-9223372036854775808,9223372036854775807,9223372036854775807]",
                          "[-9223372036854775808,-1,9223372036854775806]"}));

INSTANTIATE_TEST_SUITE_P(
    Others, StatesFunction,
    ::testing::Values(Row{"hash", "[\"Hello\",\"MD5\"]", "\"8b1a9953c4611296a827abf8c47804d7\""},
                      Row{"hash", "[\"\u00f1\",\"MD5\"]", "\"94e9342ecbb1458b6043ecd3bfcbc192\""},
                      Row{"hash", "[\"Hello\",\"md5\"]", "D3137"},
                      Row{"hash", "[\"Hello\"]", "undefined"}, Row{"hash", "[1,\"MD5\"]", "T0410"},
                      Row{"hash", "[\"a\",5]", "T0410"},
                      Row{"random", "[42]", "0.7275636800328681"},
                      Row{"random", "[0.9]", "0.730967787376657"},
                      Row{"random", "[7]", "0.7306990420600421"}, Row{"random", "[1,2]", "T0410"},
                      Row{"random", "[\"a\"]", "T0410"}, Row{"uuid", "[1]", "T0410"},
                      Row{"parse", "[\"{\\\"b\\\":[1,null]}\"]", "{\"b\":[1,null]}"},
                      Row{"parse", "[\"1.5\"]", "1.5"}, Row{"parse", "[]", "undefined"},
                      Row{"parse", "[null]", "T0410"}, Row{"parse", "[\"\"]", "D3137"},
                      Row{"parse", "[\"{} {}\"]", "D3137"},
                      Row{"parse", "[\"{\\\"a\\\":1,\\\"a\\\":2}\"]", "D3137"},
                      Row{"parse", "[\"1e400\"]", "D3137"}));

TEST(StatesFunctionsTest, MakesARangeAsLongAsAwsDoes) {
  const json::value range = *ParseJson(Call("range", "[1,360145,1]"));
  EXPECT_EQ(range.as_array().size(), 360'145u);
}

TEST(StatesFunctionsTest, DrawsUnseededNumbersAndIdentifiersFromTheEnvironment) {
  EXPECT_EQ(Call("random", "[]"), "0.6180339887498948");
  EXPECT_THAT(Call("uuid", "[]"),
              ::testing::MatchesRegex(
                  "\"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\""));
}

// What java.util.Random gives for these seeds.
TEST(JavaRandomTest, DrawsJavasNumbers) {
  EXPECT_EQ(JavaRandom(42).Between(0, 10), 0);
  EXPECT_EQ(JavaRandom(42).Between(0, 100), 30);
  EXPECT_EQ(JavaRandom(42).Between(0, 16), 11);
  EXPECT_EQ(JavaRandom(0).Between(5, 105), 65);
  EXPECT_EQ(JavaRandom(3).Between(0, 999), 239);
  EXPECT_EQ(JavaRandom(-1).Between(0, 0x40000001), 577549913);
  EXPECT_EQ(JavaRandom(9).Between(0, 10'000'000'000), 5246538988);
  JavaRandom wide(1);
  for (int i = 0; i < 100; ++i) {
    const std::int64_t number = wide.Between(-5'000'000'000, 5'000'000'000);
    EXPECT_TRUE(number >= -5'000'000'000 && number < 5'000'000'000);
  }
}

}  // namespace
}  // namespace scones::asl
