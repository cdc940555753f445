// Numbers in English words, Roman numerals and spreadsheet columns' letters, both ways, with
// JSONata 2.0.6's wording. Pure; safe from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace scones::jsonata {

// "Two Thousand and Eighteen", "Twenty-Third"; of an integral value from 0 up.
std::string NumberToWords(double value, bool ordinal);
// Of lower-case words; NaN where one of them is unknown.
double WordsToNumber(std::string_view words);
// Every word that WordsToNumber knows.
const std::vector<std::string>& NumberWords();

// Lower case; "" for 0.
std::string NumberToRoman(double value);
// Of upper-case numerals; NaN where a letter is none.
double RomanToNumber(std::string_view roman);

// 1 is "a", 27 is "aa", where `first` is 'a'.
std::string NumberToLetters(double value, char first);
double LettersToNumber(std::string_view letters, char first);

}  // namespace scones::jsonata
