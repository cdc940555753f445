// A function's signature, "<s-nn?:s>": which arguments it takes, which may be missing, and which is
// then taken from the context. Immutable; safe from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace scones::jsonata::detail {

class Signature {
 public:
  // Errors: S0401, S0402, and U1001 for too many parameters, thrown as Failure.
  static Signature Parse(std::string_view text);

  struct Parameter {
    char type = 'x';        // "(" is a choice
    std::string accepts;    // type symbols, "m" (missing) among them
    std::string subtype;    // of an array's items or of a function
    bool optional = false;  // or taken from the context
    bool repeated = false;  // one or more
    bool from_context = false;
  };
  const std::vector<Parameter>& parameters() const { return parameters_; }

  // `symbols` has a type symbol for each argument. How many arguments go to each parameter, or
  // nothing where they don't fit; then `first_bad` is the number of the first argument at fault.
  bool Match(std::string_view symbols, std::vector<int>& counts, int& first_bad) const;

 private:
  // Parameters before `last` against all arguments (`whole`) or the first ones.
  bool MatchSome(std::string_view symbols, std::size_t last, bool whole,
                 std::vector<int>& counts) const;

  std::vector<Parameter> parameters_;
};

}  // namespace scones::jsonata::detail
