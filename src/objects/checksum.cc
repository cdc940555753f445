#include "objects/checksum.h"

#include <fmt/format.h>

#include <array>

#include "base/check.h"
#include "base/encoding.h"

namespace scones::objects {
namespace {

constexpr std::array<std::pair<std::string_view, HashAlgorithm>, 5> kNames = {{
    {"CRC32", HashAlgorithm::kCrc32},
    {"CRC32C", HashAlgorithm::kCrc32c},
    {"CRC64NVME", HashAlgorithm::kCrc64Nvme},
    {"SHA1", HashAlgorithm::kSha1},
    {"SHA256", HashAlgorithm::kSha256},
}};

struct Polynomial {
  int bits;                 // degree
  std::uint64_t reflected;  // without the leading term; bit 0 of the word is the highest power
};

Polynomial PolynomialOf(HashAlgorithm algorithm) {
  switch (algorithm) {
    case HashAlgorithm::kCrc32:
      return {32, 0xEDB88320U};
    case HashAlgorithm::kCrc32c:
      return {32, 0x82F63B78U};
    case HashAlgorithm::kCrc64Nvme:
      return {64, 0x9A6C9329AC4BC9B5ULL};
    case HashAlgorithm::kMd5:
    case HashAlgorithm::kSha1:
    case HashAlgorithm::kSha256:
    case HashAlgorithm::kSha384:
    case HashAlgorithm::kSha512:
      break;
  }
  CheckFailed("a CRC", __FILE__, __LINE__);
}

// a * b modulo the polynomial, all in reflected form (the top bit is x^0).
std::uint64_t Multiply(const Polynomial& polynomial, std::uint64_t a, std::uint64_t b) {
  const std::uint64_t one = std::uint64_t{1} << (polynomial.bits - 1);
  std::uint64_t product = 0;
  for (std::uint64_t bit = one; bit != 0; bit >>= 1) {
    if ((a & bit) != 0) product ^= b;
    b = (b & 1) != 0 ? (b >> 1) ^ polynomial.reflected : b >> 1;
  }
  return product;
}

// x^(8 * bytes) modulo the polynomial, by squaring.
std::uint64_t PowerOfBytes(const Polynomial& polynomial, std::uint64_t bytes) {
  const std::uint64_t one = std::uint64_t{1} << (polynomial.bits - 1);
  std::uint64_t result = one;
  std::uint64_t square = one >> 8;  // x^8
  for (; bytes != 0; bytes >>= 1) {
    if ((bytes & 1) != 0) result = Multiply(polynomial, result, square);
    square = Multiply(polynomial, square, square);
  }
  return result;
}

std::uint64_t FromBigEndian(const std::string& bytes) {
  std::uint64_t value = 0;
  for (const unsigned char byte : bytes) value = (value << 8) | byte;
  return value;
}

std::string ToBigEndian(std::uint64_t value, int bits) {
  std::string bytes;
  for (int shift = bits - 8; shift >= 0; shift -= 8)
    bytes.push_back(static_cast<char>(value >> shift));
  return bytes;
}

}  // namespace

std::string_view ChecksumName(HashAlgorithm algorithm) {
  for (const auto& [name, named] : kNames) {
    if (named == algorithm) return name;
  }
  return "MD5";
}

std::optional<HashAlgorithm> ParseChecksumName(std::string_view name) {
  for (const auto& [known, algorithm] : kNames) {
    if (known == name) return algorithm;
  }
  return std::nullopt;
}

std::string CombineCrc(HashAlgorithm algorithm, const std::string& a, const std::string& b,
                       std::uint64_t b_size_bytes) {
  // With both the initial value and the final complement all ones, the complements cancel:
  // crc(A B) = crc(A) * x^(8 |B|) + crc(B).
  const Polynomial polynomial = PolynomialOf(algorithm);
  const std::uint64_t shifted =
      Multiply(polynomial, PowerOfBytes(polynomial, b_size_bytes), FromBigEndian(a));
  return ToBigEndian(shifted ^ FromBigEndian(b), polynomial.bits);
}

Result<Checksum> JoinChecksums(HashAlgorithm algorithm, ChecksumType type,
                               const std::vector<Part>& parts) {
  const bool is_crc = algorithm == HashAlgorithm::kCrc32 || algorithm == HashAlgorithm::kCrc32c ||
                      algorithm == HashAlgorithm::kCrc64Nvme;
  if (type == ChecksumType::kFullObject && !is_crc) {
    return Error(Code::kInvalid, "InvalidRequest",
                 fmt::format("The FULL_OBJECT checksum type cannot be used with the {} algorithm.",
                             ChecksumName(algorithm)));
  }
  Hasher composite(algorithm);
  std::string whole = Digest(algorithm, "");
  for (const Part& part : parts) {
    TRY(const std::string raw, Base64Decode(part.checksum->value));
    if (type == ChecksumType::kComposite) {
      composite.Update(raw);
    } else {
      whole = CombineCrc(algorithm, whole, raw, part.size);
    }
  }
  if (type == ChecksumType::kFullObject) {
    return Checksum{.algorithm = algorithm, .type = type, .value = Base64Encode(whole)};
  }
  return Checksum{.algorithm = algorithm,
                  .type = type,
                  .value = fmt::format("{}-{}", Base64Encode(composite.Finish()), parts.size())};
}

}  // namespace scones::objects
