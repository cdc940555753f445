// Digests and checksums, incremental and one-shot. Digests are raw bytes: encode them for the wire.
// A Hasher belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace scones {

enum class HashAlgorithm { kMd5, kSha1, kSha256, kSha384, kSha512, kCrc32, kCrc32c, kCrc64Nvme };

// Checksums (CRC) are returned as big-endian bytes, as x-amz-checksum-* carries them.
class Hasher {
 public:
  explicit Hasher(HashAlgorithm algorithm);
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;

  void Update(std::string_view bytes);
  // Call once, last.
  std::string Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string Digest(HashAlgorithm algorithm, std::string_view bytes);
std::string HmacSha256(std::string_view key, std::string_view message);

// Comparison whose time does not depend on where the inputs differ.
bool ConstantTimeEquals(std::string_view a, std::string_view b);

}  // namespace scones
