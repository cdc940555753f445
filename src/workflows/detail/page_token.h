// Pages of lists. Tokens are "KIND:CONTENT" in hexadecimal, so that one list refuses another's.
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "workflows/types.h"

namespace scones::workflows {

std::string MakeNumberToken(char kind, std::int64_t number);
std::string MakeNameToken(char kind, const std::string& name);
// Errors: InvalidToken.
Result<std::int64_t> ReadNumberToken(char kind, const std::string& token);
Result<std::string> ReadNameToken(char kind, const std::string& token);

// How many items a page of a list has at most.
std::int64_t PageLimit(const PageRequest& page);
// Of a list that is read from its highest number down: below which number the page starts.
// Errors: InvalidToken.
Result<std::int64_t> ReadUpperBound(char kind, const PageRequest& page);

// `rows` were read with `limit` + 1 as the most. True where that one more was there: it is dropped,
// and the page that ends now needs a token.
template <class Row>
bool DropSurplus(std::vector<Row>& rows, std::int64_t limit) {
  if (static_cast<std::int64_t>(rows.size()) <= limit) return false;
  rows.pop_back();
  return true;
}

}  // namespace scones::workflows
