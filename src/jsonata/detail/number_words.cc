#include "jsonata/detail/number_words.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <utility>

namespace scones::jsonata {
namespace {

constexpr const char* kFew[] = {"Zero",    "One",     "Two",       "Three",    "Four",
                                "Five",    "Six",     "Seven",     "Eight",    "Nine",
                                "Ten",     "Eleven",  "Twelve",    "Thirteen", "Fourteen",
                                "Fifteen", "Sixteen", "Seventeen", "Eighteen", "Nineteen"};
constexpr const char* kFewOrdinals[] = {
    "Zeroth",     "First",     "Second",    "Third",       "Fourth",     "Fifth",     "Sixth",
    "Seventh",    "Eighth",    "Ninth",     "Tenth",       "Eleventh",   "Twelfth",   "Thirteenth",
    "Fourteenth", "Fifteenth", "Sixteenth", "Seventeenth", "Eighteenth", "Nineteenth"};
constexpr const char* kTens[] = {"Twenty", "Thirty",  "Forty",  "Fifty",
                                 "Sixty",  "Seventy", "Eighty", "Ninety"};
constexpr const char* kMagnitudes[] = {"Thousand", "Million", "Billion", "Trillion"};
constexpr double kFactors[] = {1e3, 1e6, 1e9, 1e12};

std::string Lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// "Twenty" to "Twentieth".
std::string TensOrdinal(const std::string& tens) {
  return tens.substr(0, tens.size() - 1) + "ieth";
}

std::string BelowHundred(int value, bool ordinal) {
  if (value < 20) return (ordinal ? kFewOrdinals : kFew)[value];
  const std::string tens = kTens[value / 10 - 2];
  if (value % 10 == 0) return ordinal ? TensOrdinal(tens) : tens;
  return tens + "-" + (ordinal ? kFewOrdinals : kFew)[value % 10];
}

// `follows`: words of a greater magnitude are before these.
std::string Words(double value, bool follows, bool ordinal) {
  if (value < 100) {
    return (follows ? " and " : "") + BelowHundred(static_cast<int>(value), ordinal);
  }
  double factor = 100;
  std::string name = "Hundred";
  if (value >= 1000) {
    const int magnitude = std::min(static_cast<int>(std::floor(std::log10(value) / 3)), 4);
    factor = kFactors[magnitude - 1];
    name = kMagnitudes[magnitude - 1];
  }
  const double count = std::floor(value / factor);
  const double rest = value - count * factor;
  std::string text = (follows ? ", " : "") + Words(count, false, false) + " " + name;
  if (rest > 0) return text + Words(rest, true, ordinal);
  return ordinal ? text + "th" : text;
}

using Values = std::unordered_map<std::string, double>;

const Values& WordValues() {
  static const Values kValues = [] {
    Values values;
    for (int i = 0; i < 20; ++i) {
      values.emplace(Lower(kFew[i]), i);
      values.emplace(Lower(kFewOrdinals[i]), i);
    }
    for (int i = 0; i < 8; ++i) {
      values.emplace(Lower(kTens[i]), (i + 2) * 10);
      values.emplace(Lower(TensOrdinal(kTens[i])), (i + 2) * 10);
    }
    values.emplace("hundred", 100);
    values.emplace("hundredth", 100);
    for (int i = 0; i < 4; ++i) {
      values.emplace(Lower(kMagnitudes[i]), kFactors[i]);
      values.emplace(Lower(kMagnitudes[i]) + "th", kFactors[i]);
    }
    return values;
  }();
  return kValues;
}

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// The length of what separates two words at the start of `text`: ", ", " and ", " " or "-"; or 0.
std::size_t SeparatorLength(std::string_view text) {
  if (text[0] == ',' && text.size() > 1 && IsSpace(text[1])) return 2;
  if (!IsSpace(text[0])) return text[0] == '-' || text[0] == '\\' ? 1 : 0;
  return text.substr(1, 3) == "and" && text.size() > 4 && IsSpace(text[4]) ? 5 : 1;
}

std::vector<std::string> SplitWords(std::string_view text) {
  std::vector<std::string> words(1);
  while (!text.empty()) {
    const std::size_t length = SeparatorLength(text);
    if (length > 0) {
      words.emplace_back();
    } else {
      words.back().push_back(text[0]);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return words;
}

constexpr std::pair<double, const char*> kRoman[] = {
    {1000, "m"}, {900, "cm"}, {500, "d"}, {400, "cd"}, {100, "c"}, {90, "xc"}, {50, "l"},
    {40, "xl"},  {10, "x"},   {9, "ix"},  {5, "v"},    {4, "iv"},  {1, "i"}};

double RomanDigit(char c) {
  switch (c) {
    case 'M':
      return 1000;
    case 'D':
      return 500;
    case 'C':
      return 100;
    case 'L':
      return 50;
    case 'X':
      return 10;
    case 'V':
      return 5;
    case 'I':
      return 1;
    default:
      return NAN;
  }
}

}  // namespace

std::string NumberToWords(double value, bool ordinal) { return Words(value, false, ordinal); }

double WordsToNumber(std::string_view words) {
  std::vector<double> segments = {0};
  for (const std::string& word : SplitWords(words)) {
    const auto found = WordValues().find(word);
    if (found == WordValues().end()) return NAN;
    const double value = found->second;
    if (value >= 100) {
      segments.back() *= value;
    } else if (segments.back() >= 1000) {
      segments.push_back(value);
    } else {
      segments.back() += value;
    }
  }
  double sum = 0;
  for (const double segment : segments) sum += segment;
  return sum;
}

const std::vector<std::string>& NumberWords() {
  static const std::vector<std::string> kWords = [] {
    std::vector<std::string> words;
    for (const auto& [word, value] : WordValues()) words.push_back(word);
    std::sort(words.begin(), words.end());
    return words;
  }();
  return kWords;
}

std::string NumberToRoman(double value) {
  std::string roman;
  for (const auto& [worth, numeral] : kRoman) {
    for (; value >= worth; value -= worth) roman += numeral;
  }
  return roman;
}

double RomanToNumber(std::string_view roman) {
  double sum = 0;
  double greatest = 1;
  for (auto digit = roman.rbegin(); digit != roman.rend(); ++digit) {
    const double value = RomanDigit(*digit);
    if (std::isnan(value)) return NAN;
    sum += value < greatest ? -value : value;
    greatest = std::max(greatest, value);
  }
  return sum;
}

std::string NumberToLetters(double value, char first) {
  std::string reversed;
  while (value > 0) {
    reversed.push_back(static_cast<char>(first + static_cast<int>(std::fmod(value - 1, 26))));
    value = std::floor((value - 1) / 26);
  }
  return {reversed.rbegin(), reversed.rend()};
}

double LettersToNumber(std::string_view letters, char first) {
  double sum = 0;
  double worth = 1;
  for (auto letter = letters.rbegin(); letter != letters.rend(); ++letter, worth *= 26) {
    sum += (*letter - first + 1) * worth;
  }
  return sum;
}

}  // namespace scones::jsonata
