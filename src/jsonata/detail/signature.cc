#include "jsonata/detail/signature.h"

#include "base/json.h"
#include "jsonata/detail/failure.h"

namespace scones::jsonata::detail {
namespace {

constexpr std::size_t kMaxParameters = 100;

// The symbol that closes the bracket at `open`; the text's end where there is none.
std::size_t FindClosing(std::string_view text, std::size_t open, char opening, char closing) {
  int depth = 0;
  for (std::size_t i = open; i < text.size(); ++i) {
    if (text[i] == opening) ++depth;
    if (text[i] == closing && --depth == 0) return i;
  }
  return text.size();
}

bool Accepts(const Signature::Parameter& parameter, char symbol) {
  return parameter.accepts.find(symbol) != std::string::npos;
}

}  // namespace

Signature Signature::Parse(std::string_view text) {
  Signature signature;
  for (std::size_t i = 1; i < text.size() && text[i] != ':'; ++i) {
    const char symbol = text[i];
    Parameter parameter;
    parameter.type = symbol;
    Parameter* previous = signature.parameters_.empty() ? nullptr : &signature.parameters_.back();
    if (std::string_view("snblo").find(symbol) != std::string_view::npos) {
      parameter.accepts = {symbol, 'm'};
    } else if (symbol == 'a' || symbol == 'x') {
      parameter.accepts = "asnblfom";
    } else if (symbol == 'j') {
      parameter.accepts = "asnblom";
    } else if (symbol == 'f') {
      parameter.accepts = "f";
    } else if (symbol == '(') {
      const std::size_t close = FindClosing(text, i, '(', ')');
      const std::string_view choice = text.substr(i + 1, close - i - 1);
      if (choice.find('<') != std::string_view::npos)
        throw ValueFailure("S0402", ToJsonString(choice));
      parameter.accepts = std::string(choice) + "m";
      i = close;
    } else {
      if (symbol == '<') {
        if (previous == nullptr || (previous->type != 'a' && previous->type != 'f'))
          throw MakeFailure("S0401");
        const std::size_t close = FindClosing(text, i, '<', '>');
        previous->subtype = text.substr(i + 1, close - i - 1);
        i = close;
      } else if (previous != nullptr) {
        if (symbol == '-') previous->from_context = true;
        if (symbol == '-' || symbol == '?') previous->optional = true;
        if (symbol == '+') previous->repeated = true;
      }
      continue;
    }
    if (signature.parameters_.size() == kMaxParameters)
      throw LimitFailure("A function's signature has too many parameters");
    signature.parameters_.push_back(std::move(parameter));
  }
  return signature;
}

// Greedy, with backtracking: an optional parameter takes an argument if the rest still fits. What
// did not fit once is not tried again, so the work is at most parameters times arguments.
bool Signature::MatchSome(std::string_view symbols, std::size_t last, bool whole,
                          std::vector<int>& counts) const {
  const std::size_t width = symbols.size() + 1;
  std::vector<bool> failed((last + 1) * width);
  const auto match = [&](const auto& self, std::size_t index, std::size_t argument) -> bool {
    if (index == last) return !whole || argument == symbols.size();
    if (failed[index * width + argument]) return false;
    const Parameter& p = parameters_[index];
    std::size_t most = 0;
    while (argument + most < symbols.size() && Accepts(p, symbols[argument + most]) &&
           (p.repeated || most < 1))
      ++most;
    const std::size_t least = p.optional ? 0 : 1;
    for (std::size_t take = most + 1; take-- > least;) {
      counts[index] = static_cast<int>(take);
      if (self(self, index + 1, argument + take)) return true;
    }
    failed[index * width + argument] = true;
    return false;
  };
  return match(match, 0, 0);
}

bool Signature::Match(std::string_view symbols, std::vector<int>& counts, int& first_bad) const {
  counts.assign(parameters_.size(), 0);
  if (MatchSome(symbols, parameters_.size(), true, counts)) return true;
  // The longest run of parameters that fit tells which argument is at fault.
  first_bad = 1;
  for (std::size_t fitting = 1; fitting <= parameters_.size(); ++fitting) {
    if (!MatchSome(symbols, fitting, false, counts)) break;
    first_bad = 1;
    for (std::size_t i = 0; i < fitting; ++i) first_bad += counts[i];
  }
  return false;
}

}  // namespace scones::jsonata::detail
