#include "jsonata/detail/datetime.h"

#include <gtest/gtest.h>

namespace scones::jsonata {
namespace {

constexpr std::int64_t kMarch2018 = 1521801216617;  // Friday, 2018-03-23T10:33:36.617Z

std::string Format(std::int64_t millis, std::string_view picture,
                   std::optional<std::string_view> timezone = std::nullopt) {
  const auto text = FormatDateTime(millis, picture, timezone);
  return text ? *text : text.error().reason();
}

// In ISO 8601; "none" where the text doesn't look so; or the error's code.
std::string Parse(std::string_view text, std::optional<std::string_view> picture) {
  const auto millis = ParseDateTime(text, picture, FromEpochMilliseconds(kMarch2018));
  if (!millis) return millis.error().reason();
  return *millis ? FormatIso8601(FromEpochMilliseconds(**millis)) : "none";
}

struct Row {
  const char* picture;
  const char* text;
};

class FormatsDate : public ::testing::TestWithParam<Row> {};

TEST_P(FormatsDate, ByItsPicture) {
  EXPECT_EQ(Format(kMarch2018, GetParam().picture), GetParam().text) << GetParam().picture;
}

INSTANTIATE_TEST_SUITE_P(
    Pictures, FormatsDate,
    ::testing::Values(Row{"[Y0001]-[M01]-[D01]", "2018-03-23"}, Row{"[[[Y]]]", "[2018]"},
                      Row{"[D1o] [MNn] [Y,2-2]", "23rd March 18"},
                      Row{"[FNn,3-3], [Dwo] of [MN]", "Fri, twenty-third of MARCH"},
                      Row{"[h]:[m]:[s].[f001] [PN]", "10:33:36.617 AM"},
                      Row{"[X]-W[W01]-[F1] day [d]", "2018-W12-5 day 82"},
                      Row{"week [w] of [xNn], [E] [C]", "week 4 of March, ISO ISO"},
                      Row{"[YI] [Ma] [ D 01 ]", "MMXVIII c 23"},
                      Row{"[Z][z][Z01:01t]", "+00:00GMT+00:00Z"}));
INSTANTIATE_TEST_SUITE_P(Faults, FormatsDate,
                         ::testing::Values(Row{"[Y0\u0660]", "D3131"}, Row{"[q]", "D3132"},
                                           Row{"[]", "D3132"}, Row{"[YN]", "D3133"},
                                           Row{"[Z000000]", "D3134"}, Row{"[Y", "D3135"},
                                           Row{"[Y,99999]", "U1001"}, Row{"[M,3--3]", "U1001"},
                                           Row{"[D#]", "D3130"}));

TEST(FormatDateTimeTest, MovesTheTimeIntoItsZone) {
  EXPECT_EQ(Format(kMarch2018, "[H01]:[m01][Z]", "+0530"), "16:03+05:30");
  EXPECT_EQ(Format(kMarch2018, "[D] [H01][Z0101]", "-1100"), "22 23-1100");
  EXPECT_EQ(Format(kMarch2018, "[Z0]", "+0530"), "+5:30");
  EXPECT_EQ(Format(kMarch2018, "[Z]", "Berlin"), "");
}

TEST(FormatDateTimeTest, ReachesAsFarAsJavaScriptsDates) {
  EXPECT_EQ(Format(8'640'000'000'000'000, "[Y]-[M]-[D]"), "275760-9-13");
  EXPECT_EQ(Format(-62'198'755'200'000, "[Y]-[M]-[D]"), "-1-1-1");
  EXPECT_EQ(Format(8'640'000'000'000'001, "[Y]"), "D3110");
  EXPECT_EQ(Format(INT64_MIN, "[Y]"), "D3110");
}

struct ParseRow {
  const char* text;
  const char* picture;
  const char* iso;
};

class ParsesDate : public ::testing::TestWithParam<ParseRow> {};

TEST_P(ParsesDate, ByItsPicture) {
  const auto& [text, picture, iso] = GetParam();
  EXPECT_EQ(Parse(text, picture), iso) << text << " by " << picture;
}

INSTANTIATE_TEST_SUITE_P(
    Pictures, ParsesDate,
    ::testing::Values(
        ParseRow{"20180205", "[Y0001][M01][D01]", "2018-02-05T00:00:00.000Z"},
        ParseRow{"4/4/2018 12:06 am", "[D]/[M]/[Y] [h]:[m] [P]", "2018-04-04T00:06:00.000Z"},
        ParseRow{"4/4/2018 12:06 PM", "[D]/[M]/[Y] [h]:[m] [P]", "2018-04-04T12:06:00.000Z"},
        ParseRow{"2018-094", "[Y]-[d001]", "2018-04-04T00:00:00.000Z"},
        ParseRow{"twenty-first May, MMXX", "[Dwo] [MNn], [YI]", "2020-05-21T00:00:00.000Z"},
        ParseRow{"2020-01-01 12:00 +05:30", "[Y]-[M]-[D] [H]:[m] [Z]", "2020-01-01T06:30:00.000Z"},
        ParseRow{"2020-01-01 12 GMT-5", "[Y]-[M]-[D] [H] [z01]", "2020-01-01T17:00:00.000Z"},
        ParseRow{"13:45", "[H]:[m]", "2018-03-23T13:45:00.000Z"},
        ParseRow{"Feb 3", "[MNn,3-3] [D]", "2018-02-03T00:00:00.000Z"},
        ParseRow{"no date", "[Y]-[M]", "none"}, ParseRow{"Hello", "Hello", "none"},
        ParseRow{"2018.5", "[Y](.)[M]", "none"}, ParseRow{"2018-22", "[Y]-[D]", "D3136"},
        ParseRow{"2018-32-5", "[X]-[W]-[F1]", "D3136"}, ParseRow{"x", "[YN]", "D3133"},
        ParseRow{"x", "[q]", "D3132"}));

TEST(ParseDateTimeTest, ReadsIso8601WithoutAPicture) {
  EXPECT_EQ(Parse("2018", std::nullopt), "2018-01-01T00:00:00.000Z");
  EXPECT_EQ(Parse("2018-02", std::nullopt), "2018-02-01T00:00:00.000Z");
  EXPECT_EQ(Parse("2018-02-01T09:42:13.1239+0100", std::nullopt), "2018-02-01T08:42:13.123Z");
  EXPECT_EQ(Parse("2018-02-01T24:00:00Z", std::nullopt), "2018-02-02T00:00:00.000Z");
  for (const char* text : {"", "foo", "01-02-2018", "2018-13-01", "2018-02-03 11:15:33",
                           "2018-02-03T25:00:00Z", "2018-02-03T10:00"}) {
    EXPECT_EQ(Parse(text, std::nullopt), "D3110") << text;
  }
}

TEST(ParseDateTimeTest, ReadsWhatItWroteForEveryDayOfTwoCenturies) {
  const char* picture = "[FNn], [D1o] [MNn] [Y0001] [H01]:[m01]:[s01].[f001]";
  for (std::int64_t day = -36'500; day < 36'500; day += 371) {
    const std::int64_t millis = day * 86'400'000 + 12'345'678;
    const auto parsed = ParseDateTime(Format(millis, picture), picture, Timestamp{});
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(*parsed, millis);
  }
}

}  // namespace
}  // namespace scones::jsonata
