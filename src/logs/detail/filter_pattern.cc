#include "logs/detail/filter_pattern.h"

#include <algorithm>

namespace scones::logs {
namespace {

Error Invalid(std::string message) {
  return Error(Code::kInvalid, "InvalidParameterException", std::move(message));
}

// Takes the next term, quoted or not, off the front of `text`.
Result<std::string> TakeTerm(std::string_view& text) {
  if (text.empty() || text.front() != '"') {
    const std::size_t end = std::min(text.find(' '), text.size());
    std::string term(text.substr(0, end));
    text.remove_prefix(end);
    return term;
  }
  std::string term;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return term;
    }
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    term.push_back(text[i]);
  }
  return Invalid("Invalid filter pattern: a quote is not closed");
}

}  // namespace

Result<FilterPattern> FilterPattern::Parse(std::string_view text) {
  FilterPattern pattern;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (text.empty()) return pattern;
    if (text.front() == '{' || text.front() == '[' || text.front() == '%') {
      return Invalid(
          "Invalid filter pattern: patterns of JSON, fields and regular expressions are not "
          "supported; use terms");
    }
    std::vector<std::string>* terms = &pattern.all_;
    if (text.front() == '?') terms = &pattern.any_;
    if (text.front() == '-') terms = &pattern.none_;
    if (terms != &pattern.all_) text.remove_prefix(1);
    TRY(std::string term, TakeTerm(text));
    terms->push_back(std::move(term));
  }
}

bool FilterPattern::Matches(std::string_view message) const {
  const auto occurs = [&](const std::string& term) { return message.find(term) != message.npos; };
  return std::all_of(all_.begin(), all_.end(), occurs) &&
         std::none_of(none_.begin(), none_.end(), occurs) &&
         (any_.empty() || std::any_of(any_.begin(), any_.end(), occurs));
}

}  // namespace scones::logs
