#include "jsonata/detail/format_number.h"

#include <gtest/gtest.h>

#include <cmath>

namespace scones::jsonata {
namespace {

// The text, or the error's code.
std::string TextOf(const Result<std::string>& result) {
  return result ? *result : result.error().reason();
}

struct Row {
  double value;
  const char* picture;
  const char* text;
};

class FormatsNumber : public ::testing::TestWithParam<Row> {};
class FormatsInteger : public ::testing::TestWithParam<Row> {};
class ParsesInteger : public ::testing::TestWithParam<Row> {};

TEST_P(FormatsNumber, ByItsPicture) {
  const auto& [value, picture, text] = GetParam();
  EXPECT_EQ(TextOf(FormatNumber(value, picture, nullptr)), text) << picture;
}

INSTANTIATE_TEST_SUITE_P(
    Pictures, FormatsNumber,
    ::testing::Values(Row{1234.5, "#,##0.00", "1,234.50"}, Row{-1234.5, "#,##0.00", "-1,234.50"},
                      Row{0, "#", "0"}, Row{0.5, "#.#", ".5"}, Row{2.5, "0", "2"},
                      Row{3.5, "0", "4"}, Row{-5, "0;(0)", "(5)"}, Row{0.256, "0.0%", "25.6%"},
                      Row{12345678, "0.00e00", "1.23e07"}, Row{-0.00012, "0.0e0", "-1.2e-4"},
                      Row{0, "0.0e0", "0.0e0"}, Row{7, "000", "007"},
                      Row{1e20, "#,##0", "100,000,000,000,000,000,000"},
                      Row{1234567, "9,99,999", "12,34,567"}, Row{5, "EUR 0.00", "EUR 5.00"}));

INSTANTIATE_TEST_SUITE_P(Faults, FormatsNumber,
                         ::testing::Values(Row{1, "0;0;0", "D3080"}, Row{1, "0.0.0", "D3081"},
                                           Row{1, "0%%", "D3082"}, Row{1, "0\u2030\u2030", "D3083"},
                                           Row{1, "0%\u2030", "D3084"}, Row{1, "", "D3085"},
                                           Row{1, "abc", "D3086"}, Row{1, "0x0", "D3086"},
                                           Row{1, "0,.0", "D3087"}, Row{1, "0,", "D3088"},
                                           Row{1, "0,,0", "D3089"}, Row{1, "0#", "D3090"},
                                           Row{1, "0.#0", "D3091"}, Row{1, "0e0%", "D3092"},
                                           Row{1, "0e#", "D3093"}));

TEST_P(FormatsInteger, ByItsPicture) {
  const auto& [value, picture, text] = GetParam();
  EXPECT_EQ(TextOf(FormatInteger(value, picture)), text) << picture;
}

TEST_P(ParsesInteger, WhatItsPictureWrote) {
  const auto& [value, picture, text] = GetParam();
  const auto parsed = ParseInteger(text, picture);
  ASSERT_TRUE(parsed.has_value()) << picture;
  EXPECT_EQ(*parsed, value) << picture << " " << text;
}

const Row kBothWays[] = {{42, "0000", "0042"},
                         {1234567, "#,##0", "1,234,567"},
                         {12345678, "##,##,##0", "123,45,678"},
                         {3, "0;o", "3rd"},
                         {12, "0;o", "12th"},
                         {111, "0;o", "111th"},
                         {1984, "I", "MCMLXXXIV"},
                         {4, "i", "iv"},
                         {28, "a", "ab"},
                         {703, "A", "AAA"},
                         {0, "w", "zero"},
                         {21, "Ww;o", "Twenty-First"},
                         {1'000'017, "w", "one million and seventeen"},
                         {1200, "W", "ONE THOUSAND, TWO HUNDRED"},
                         {2020, "\u0660", "\u0662\u0660\u0662\u0660"}};
INSTANTIATE_TEST_SUITE_P(BothWays, FormatsInteger, ::testing::ValuesIn(kBothWays));
INSTANTIATE_TEST_SUITE_P(BothWays, ParsesInteger, ::testing::ValuesIn(kBothWays));
INSTANTIATE_TEST_SUITE_P(OneWay, FormatsInteger,
                         ::testing::Values(Row{-12.5, "0", "-13"}, Row{5, "#", "D3130"},
                                           Row{5, "\u03b1", "D3130"}, Row{5, "0\uff10", "D3131"},
                                           Row{1e9, "I", "U1001"}));

TEST(ParseIntegerTest, IsNotANumberForOtherText) {
  for (const char* picture : {"0", "I", "w"}) {
    const auto parsed = ParseInteger("what?", picture);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_TRUE(std::isnan(parsed->value())) << picture;
  }
}

TEST(FormatNumberTest, TakesItsSymbolsFromTheOptions) {
  const json::object german = {{"decimal-separator", ","}, {"grouping-separator", "."}};
  EXPECT_EQ(TextOf(FormatNumber(1234.5, "#.##0,00", &german)), "1.234,50");
  const json::object circled = {{"zero-digit", "\u245f"}};
  EXPECT_EQ(TextOf(FormatNumber(12.5, "\u2460.\u2460", &circled)), "\u2460\u2461.\u2464");
  const json::object empty = {{"digit", ""}};
  EXPECT_EQ(TextOf(FormatNumber(1, "0", &empty)), "T0410");
}

TEST(FormatBaseTest, WritesAnyBaseFrom2To36) {
  EXPECT_EQ(TextOf(FormatBase(255, 16)), "ff");
  EXPECT_EQ(TextOf(FormatBase(-5, 2)), "-101");
  EXPECT_EQ(TextOf(FormatBase(99.5, 10)), "100");
  EXPECT_EQ(TextOf(FormatBase(98.5, 10)), "98");
  EXPECT_EQ(TextOf(FormatBase(1e21, 10)), "1e+21");
  EXPECT_EQ(TextOf(FormatBase(1, 37)), "D3100");
}

}  // namespace
}  // namespace scones::jsonata
