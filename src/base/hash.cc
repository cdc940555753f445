#include "base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <zlib.h>

#include <array>
#include <memory>

#include "base/check.h"

namespace scones {
namespace {

// Reflected tables, built at compile time. Polynomials: CRC-32C (Castagnoli) and CRC-64/NVME.
template <class Word>
constexpr std::array<Word, 256> MakeCrcTable(Word reflected_polynomial) {
  std::array<Word, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    Word crc = byte;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc & 1) != 0 ? (crc >> 1) ^ reflected_polynomial : crc >> 1;
    }
    table[byte] = crc;
  }
  return table;
}

constexpr auto kCrc32cTable = MakeCrcTable<std::uint32_t>(0x82F63B78U);
constexpr auto kCrc64NvmeTable = MakeCrcTable<std::uint64_t>(0x9A6C9329AC4BC9B5ULL);

template <class Word>
Word UpdateCrc(const std::array<Word, 256>& table, Word crc, std::string_view bytes) {
  for (unsigned char byte : bytes) crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8);
  return crc;
}

template <class Word>
std::string BigEndian(Word value) {
  std::string bytes(sizeof(Word), '\0');
  for (std::size_t i = 0; i < sizeof(Word); ++i) {
    bytes[sizeof(Word) - 1 - i] = static_cast<char>(value >> (8 * i));
  }
  return bytes;
}

const EVP_MD* MessageDigest(HashAlgorithm algorithm) {
  switch (algorithm) {
    case HashAlgorithm::kMd5:
      return EVP_md5();
    case HashAlgorithm::kSha1:
      return EVP_sha1();
    case HashAlgorithm::kSha256:
      return EVP_sha256();
    case HashAlgorithm::kSha384:
      return EVP_sha384();
    case HashAlgorithm::kSha512:
      return EVP_sha512();
    case HashAlgorithm::kCrc32:
    case HashAlgorithm::kCrc32c:
    case HashAlgorithm::kCrc64Nvme:
      return nullptr;
  }
  return nullptr;
}

// Of both parts in a row. Every signature needs several, so neither looking up the algorithm nor
// making a context is done each time.
std::string Sha256(std::string_view first, std::string_view second) {
  static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  thread_local const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(),
                                                                                EVP_MD_CTX_free);
  std::string bytes(32, '\0');
  SCONES_CHECK(EVP_DigestInit_ex2(context.get(), algorithm, nullptr) == 1 &&
               EVP_DigestUpdate(context.get(), first.data(), first.size()) == 1 &&
               EVP_DigestUpdate(context.get(), second.data(), second.size()) == 1 &&
               EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(bytes.data()),
                                  nullptr) == 1);
  return bytes;
}

}  // namespace

struct Hasher::State {
  HashAlgorithm algorithm;
  EVP_MD_CTX* digest = nullptr;  // null for checksums
  std::uint64_t crc = 0;

  ~State() { EVP_MD_CTX_free(digest); }
};

Hasher::Hasher(HashAlgorithm algorithm) : state_(std::make_unique<State>()) {
  state_->algorithm = algorithm;
  if (const EVP_MD* digest = MessageDigest(algorithm)) {
    state_->digest = EVP_MD_CTX_new();
    SCONES_CHECK(EVP_DigestInit_ex(state_->digest, digest, nullptr) == 1);
  } else if (algorithm != HashAlgorithm::kCrc32) {
    state_->crc = ~std::uint64_t{0};
  }
}

Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;

void Hasher::Update(std::string_view bytes) {
  switch (state_->algorithm) {
    case HashAlgorithm::kMd5:
    case HashAlgorithm::kSha1:
    case HashAlgorithm::kSha256:
    case HashAlgorithm::kSha384:
    case HashAlgorithm::kSha512:
      SCONES_CHECK(EVP_DigestUpdate(state_->digest, bytes.data(), bytes.size()) == 1);
      return;
    case HashAlgorithm::kCrc32:
      state_->crc =
          crc32_z(state_->crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
      return;
    case HashAlgorithm::kCrc32c:
      state_->crc = UpdateCrc(kCrc32cTable, static_cast<std::uint32_t>(state_->crc), bytes);
      return;
    case HashAlgorithm::kCrc64Nvme:
      state_->crc = UpdateCrc(kCrc64NvmeTable, state_->crc, bytes);
      return;
  }
}

std::string Hasher::Finish() {
  switch (state_->algorithm) {
    case HashAlgorithm::kCrc32:
      return BigEndian(static_cast<std::uint32_t>(state_->crc));
    case HashAlgorithm::kCrc32c:
      return BigEndian(~static_cast<std::uint32_t>(state_->crc));
    case HashAlgorithm::kCrc64Nvme:
      return BigEndian(~state_->crc);
    case HashAlgorithm::kMd5:
    case HashAlgorithm::kSha1:
    case HashAlgorithm::kSha256:
    case HashAlgorithm::kSha384:
    case HashAlgorithm::kSha512:
      break;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes;
  unsigned size = 0;
  SCONES_CHECK(EVP_DigestFinal_ex(state_->digest, bytes.data(), &size) == 1);
  return std::string(reinterpret_cast<const char*>(bytes.data()), size);
}

std::string Digest(HashAlgorithm algorithm, std::string_view bytes) {
  if (algorithm == HashAlgorithm::kSha256) return Sha256(bytes, {});
  Hasher hasher(algorithm);
  hasher.Update(bytes);
  return hasher.Finish();
}

std::string HmacSha256(std::string_view key, std::string_view message) {
  constexpr std::size_t kBlockBytes = 64;
  std::string block(key.size() > kBlockBytes ? Sha256(key, {}) : key);
  block.resize(kBlockBytes, '\0');
  std::string outer = block;
  for (char& c : block) c ^= 0x36;
  for (char& c : outer) c ^= 0x5c;
  return Sha256(outer, Sha256(block, message));
}

bool ConstantTimeEquals(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace scones
