#include "jsonata/detail/regex.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jsonata/detail/text.h"

namespace scones::jsonata {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;

// "match@start", or "none", or the error's message.
std::string Found(std::string_view pattern, std::string_view flags, std::string_view subject,
                  std::size_t from = 0) {
  const auto regex = Regex::Compile(pattern, flags);
  if (!regex) return regex.error().message();
  const auto match = regex->Find(detail::ToUtf16(subject), from);
  if (!match) return match.error().message();
  if (!*match) return "none";
  return (*match)->match + "@" + std::to_string((*match)->start);
}

struct Row {
  const char* pattern;
  const char* flags;
  const char* subject;
  const char* found;
};

class RegexMatches : public ::testing::TestWithParam<Row> {};

TEST_P(RegexMatches, WhatJavaScriptMatches) {
  const Row& row = GetParam();
  EXPECT_EQ(Found(row.pattern, row.flags, row.subject), row.found)
      << "/" << row.pattern << "/" << row.flags;
}

INSTANTIATE_TEST_SUITE_P(
    Texts, RegexMatches,
    ::testing::Values(Row{"ab+", "", "xabbc", "abb@1"}, Row{"a.*?a", "", "abracadabra", "abra@0"},
                      Row{"HAT", "i", "Bowler hat", "hat@7"}, Row{"^b", "", "a\nb", "none"},
                      Row{"^b", "m", "a\nb", "b@2"}, Row{"a$", "", "a\n", "none"},
                      Row{"a$", "m", "a\n", "a@0"}, Row{"^b", "m", "a\u2028b", "b@2"},
                      Row{".+", "", "ab\u2028c", "ab@0"}, Row{".", "", "\r", "none"},
                      Row{"[^]", "", "\r", "\r@0"}, Row{"[]", "", "a", "none"},
                      Row{"\\s", "", "a\u00a0", "\u00a0@1"}, Row{"\\s", "", "a\ufeff", "\ufeff@1"},
                      Row{"\\w+", "", "\u00e9a1_", "a1_@1"}, Row{"\\bk", "i", "\u00e9k", "k@1"},
                      Row{"\\v", "", "\v", "\v@0"}, Row{"\\cJ", "", "\n", "\n@0"},
                      Row{"\\x41", "", "A", "A@0"}, Row{"\\u0041", "", "A", "A@0"},
                      Row{"\\101", "", "A", "A@0"}, Row{"[\\b]", "", "\b", "\b@0"},
                      Row{"\\u{2}", "", "uu", "uu@0"}, Row{"\\/\\-", "", "/-", "/-@0"},
                      Row{"a{,2}", "", "a{,2}", "a{,2}@0"}, Row{"a{1", "", "a{1", "a{1@0"},
                      Row{"]}", "", "]}", "]}@0"}, Row{"[\\w-x]+", "", "a-", "a-@0"},
                      Row{"(?<year>\\d{4})-\\k<year>", "", "2018-2018", "2018-2018@0"},
                      Row{"\\k<a>", "", "k<a>", "k<a>@0"}, Row{"\\1(a)", "", "a", "a@0"},
                      Row{"(?<=\\$)\\d+", "", "$42", "42@1"}, Row{"(?<!\\$)4", "", "$44", "4@2"},
                      Row{"(?=a)*b", "", "b", "b@0"}, Row{"\\Qa", "", "Qa", "Qa@0"},
                      Row{"[[:alpha:]]", "", "l]", "l]@0"}, Row{"#", "", "#", "#@0"},
                      Row{"\u00e9", "i", "\u00c9", "\u00c9@0"},
                      Row{"[\u03b1-\u03c9]", "i", "\u03a9", "\u03a9@0"},
                      Row{"k", "i", "\u212a", "none"}, Row{"[a-z]", "i", "\u017f", "none"},
                      Row{"\\W", "i", "s", "none"}, Row{"[\\W]", "i", "k", "none"}));

INSTANTIATE_TEST_SUITE_P(
    Refusals, RegexMatches,
    ::testing::Values(
        Row{"(", "", "", "Invalid regular expression: /(/: Unterminated group"},
        Row{")", "", "", "Invalid regular expression: /)/: Unmatched ')'"},
        Row{"*a", "", "", "Invalid regular expression: /*a/: Nothing to repeat"},
        Row{"a++", "", "", "Invalid regular expression: /a++/: Nothing to repeat"},
        Row{"(?>a)", "", "", "Invalid regular expression: /(?>a)/: Invalid group"},
        Row{"(?i)a", "", "", "Invalid regular expression: /(?i)a/: Invalid group"},
        Row{"[b-a]", "", "",
            "Invalid regular expression: /[b-a]/: Range out of order in character class"},
        Row{"[a", "", "", "Invalid regular expression: /[a/: Unterminated character class"},
        Row{"a{2,1}", "", "",
            "Invalid regular expression: /a{2,1}/: numbers out of order in {} quantifier"},
        Row{"a\\", "", "", "Invalid regular expression: /a\\/: \\ at end of pattern"},
        Row{"(?<=a+)b", "", "",
            "Invalid regular expression: /(?<=a+)b/: A look-behind must be of one length, or "
            "alternatives each of one length"}));

TEST(RegexTest, CountsInUtf16AndStartsWhereItIsTold) {
  EXPECT_EQ(Found("a", "", "\U0001F4A9a a", 0), "a@2");
  EXPECT_EQ(Found("a", "", "\U0001F4A9a a", 3), "a@4");
  EXPECT_EQ(Found("^a", "", "aa", 1), "none");
  EXPECT_EQ(Found("(?<=a)a", "", "aa", 1), "a@1");
  EXPECT_EQ(Found("$", "", "ab", 2), "@2");
  EXPECT_EQ(Found("a", "", "ab", 7), "none");
}

TEST(RegexTest, TellsAGroupThatTookNoPartFromAnEmptyOne) {
  const auto match = Regex::Compile("(a)|(b)()", "")->Find(u"b", 0);
  ASSERT_TRUE(match.has_value());
  EXPECT_THAT((*match)->groups,
              ElementsAre(std::nullopt, Optional<std::string>("b"), Optional<std::string>("")));
}

TEST(RegexTest, EndsACatastrophicSearchWithAnError) {
  const std::string subject = std::string(10'000, 'a') + "!";
  for (const char* pattern :
       {"(a+)+[bc]", "(a|aa)+$", "(?:(?=a*)a)*[de]", "(a*)\\1[bc]", "(.*)*[xy]{9}"}) {
    EXPECT_THAT(Found(pattern, "", subject), HasSubstr("takes too long")) << pattern;
  }
}

TEST(RegexTest, RefusesPatternsThatAreTooLarge) {
  EXPECT_THAT(Found(std::string(30'000, 'a'), "", ""), HasSubstr("longer than"));
  EXPECT_THAT(Found(std::string(2000, '('), "", ""), HasSubstr("Too many groups"));
  EXPECT_THAT(Found(std::string(900, '(') + std::string(900, ')'), "", ""),
              HasSubstr("nested too deeply"));
  EXPECT_THAT(Found("((a{999}){999}){999}", "", ""), HasSubstr("Invalid regular expression"));
}

}  // namespace
}  // namespace scones::jsonata
