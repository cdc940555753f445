// Where a list begins, goes on and ends, in the order of keys' bytes. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace scones::objects::detail {

// The least text greater than every text that starts with `prefix`; nothing where there is none.
inline std::optional<std::string> PrefixSuccessor(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xFF) prefix.pop_back();
  if (prefix.empty()) return std::nullopt;
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

// The part of `key` up to and with the first delimiter after the prefix, which stands for all keys
// that share it; "" where the key stands for itself.
inline std::string_view CommonPrefix(std::string_view key, std::string_view prefix,
                                     std::string_view delimiter) {
  if (delimiter.empty()) return {};
  const std::size_t at = key.find(delimiter, prefix.size());
  return at == std::string_view::npos ? std::string_view() : key.substr(0, at + delimiter.size());
}

// Where to start reading: the first key to look at.
inline std::string FirstKey(const std::string& prefix, const std::string& after,
                            const std::string& delimiter) {
  if (after < prefix) return prefix;
  // Going on after a common prefix: everything in it has been told.
  if (!after.empty() && CommonPrefix(after, prefix, delimiter) == after) {
    return PrefixSuccessor(after).value_or(after + '\xFF');
  }
  return after;
}

}  // namespace scones::objects::detail
