// Random values from the operating system's generator: for keys, ids and tokens.
#pragma once

#include <string>
#include <string_view>

namespace scones {

std::string RandomBytes(std::size_t count);
// Version 4: 8-4-4-4-12 lower-case hexadecimal.
std::string RandomUuid();
// `length` characters of `alphabet`, each equally likely.
std::string RandomText(std::size_t length, std::string_view alphabet);

}  // namespace scones
