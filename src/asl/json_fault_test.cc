#include "asl/json_fault.h"

#include <gtest/gtest.h>

#include <string>

namespace scones::asl {
namespace {

std::string Fault(std::string_view text) { return FindJsonFault(text).what; }
constexpr char kValue[] = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

TEST(JsonFaultTest, JsonHasNone) {
  for (const char* text : {"{}", " [ ] ", "1", "-0.5e+3", "\"a\\u00e4\\n\"", "null",
                           R"({"a":[1,{"b":[]},"c"],"d":{}})"}) {
    EXPECT_EQ(Fault(text), "") << text;
  }
}

TEST(JsonFaultTest, FaultsAreNamedAsTheServiceNamesThem) {
  const std::string values = kValue;
  EXPECT_EQ(Fault("not some json"), "Unrecognized token 'not': was expecting " + values);
  EXPECT_EQ(Fault("{\"a\":tru}"), "Unrecognized token 'tru': was expecting " + values);
  EXPECT_EQ(Fault("{'a"),
            "Unexpected character (''' (code 39)): was expecting double-quote to "
            "start field name");
  EXPECT_EQ(Fault("{\"a\":1,}"),
            "Unexpected character ('}' (code 125)): was expecting "
            "double-quote to start field name");
  EXPECT_EQ(Fault("[1,]"),
            "Unexpected character (']' (code 93)): expected a valid value " + values);
  EXPECT_EQ(Fault("{\"a\" 1}"),
            "Unexpected character ('1' (code 49)): was expecting a colon to "
            "separate field name and value");
  EXPECT_EQ(Fault("{\"a\":1 2"),
            "Unexpected character ('2' (code 50)): was expecting comma to "
            "separate Object entries");
  EXPECT_EQ(Fault("[1}"),
            "Unexpected character ('}' (code 125)): was expecting comma to separate "
            "Array entries");
  EXPECT_EQ(Fault("01"), "Invalid numeric value: Leading zeroes not allowed");
  EXPECT_EQ(Fault("\"a"),
            "Unexpected end-of-input: was expecting closing quote for a string value");
  EXPECT_EQ(Fault("{} x"), "Unrecognized token 'x': was expecting " + values);
  EXPECT_NE(Fault("{}{"), "");
}

TEST(JsonFaultTest, AnEndTooEarlySaysWhatIsOpenAndWhere) {
  EXPECT_EQ(Fault("{\"a\":\n [1"),
            "Unexpected end-of-input: expected close marker for Array (start marker at [Source: "
            "(String)\"{\"a\":\n [1\"; line: 2, column: 2])");
  const JsonFault fault = FindJsonFault("{\n\"a\":x}");
  EXPECT_EQ(fault.line, 2);
  EXPECT_EQ(fault.column, 6);
}

TEST(JsonFaultTest, DepthCostsNoStack) {
  EXPECT_NE(Fault(std::string(1'000'000, '[')), "");
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "{\"a\":";
  EXPECT_NE(Fault(text), "");
}

}  // namespace
}  // namespace scones::asl
