#include "base/random.h"

#include <openssl/rand.h>

#include <array>

#include "base/check.h"
#include "base/encoding.h"

namespace scones {

std::string RandomBytes(std::size_t count) {
  std::string bytes(count, '\0');
  SCONES_CHECK(
      RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) == 1);
  return bytes;
}

std::string RandomUuid() {
  // One call to the generator serves many ids.
  thread_local std::string pool;
  thread_local std::size_t used = 0;
  if (used + 16 > pool.size()) {
    pool = RandomBytes(16 * 64);
    used = 0;
  }
  std::string bytes = pool.substr(used, 16);
  used += 16;
  bytes[6] = static_cast<char>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3F) | 0x80);
  const std::string digits = HexEncode(bytes);
  std::string text(36, '-');
  std::size_t from = 0;
  std::size_t to = 0;
  for (const std::size_t count : {8, 4, 4, 4, 12}) {
    digits.copy(&text[to], count, from);
    from += count;
    to += count + 1;
  }
  return text;
}

std::string RandomText(std::size_t length, std::string_view alphabet) {
  SCONES_CHECK(!alphabet.empty() && alphabet.size() <= 256);
  const std::size_t usable = 256 - 256 % alphabet.size();
  std::string text;
  while (text.size() < length) {
    for (unsigned char byte : RandomBytes(length)) {
      if (byte < usable && text.size() < length) text.push_back(alphabet[byte % alphabet.size()]);
    }
  }
  return text;
}

}  // namespace scones
