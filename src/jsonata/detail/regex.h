// Regular expressions with JavaScript's meaning (ECMAScript, without the u flag, over UTF-16 code
// units). Run by PCRE2 (decision 6); a pattern is translated first, so that what PCRE2 reads
// differently means what JavaScript says. Immutable, cheap to copy, safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace scones::jsonata {

class Regex {
 public:
  struct Match {
    std::string match;
    std::size_t start = 0;  // UTF-16 code units, as is `end`
    std::size_t end = 0;
    std::vector<std::optional<std::string>> groups;  // nullopt: took no part in the match
  };

  // `pattern` is UTF-8, without the slashes; `flags` may hold "i" and "m".
  // Errors: kInvalid, worded as JavaScript words them, without a code: JSONata has none for it.
  static Result<Regex> Compile(std::string_view pattern, std::string_view flags);

  // The first match that starts at `from` or later; nullopt: there is none. Looking behind sees
  // what is before `from`. Errors: kInvalid/U1001 where the search takes too many steps.
  // The work that it was is added to `steps`, where that is not null.
  Result<std::optional<Match>> Find(std::u16string_view subject, std::size_t from,
                                    std::uint64_t* steps = nullptr) const;

 private:
  struct Program;
  explicit Regex(std::shared_ptr<const Program> program);

  std::shared_ptr<const Program> program_;
};

}  // namespace scones::jsonata
