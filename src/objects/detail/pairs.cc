#include "objects/detail/pairs.h"

#include <fmt/format.h>

namespace scones::objects::detail {
namespace {

// Header names hold no colon, so these cannot be mistaken for one.
constexpr std::string_view kChecksumName = ":checksum";
constexpr std::string_view kUploadName = ":upload";

void AppendText(std::string& out, std::string_view text) {
  const auto size = static_cast<std::uint32_t>(text.size());
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(size >> shift));
  out.append(text);
}

bool TakeText(std::string_view& bytes, std::string_view& text) {
  if (bytes.size() < 4) return false;
  std::uint32_t size = 0;
  for (int i = 0; i < 4; ++i)
    size |= std::uint32_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  if (bytes.size() - 4 < size) return false;
  text = bytes.substr(4, size);
  bytes.remove_prefix(4 + size);
  return true;
}

void AppendPair(std::string& out, std::string_view name, std::string_view value) {
  AppendText(out, name);
  AppendText(out, value);
}

}  // namespace

std::string EncodePairs(const Pairs& pairs) {
  std::string bytes;
  for (const auto& [name, value] : pairs) AppendPair(bytes, name, value);
  return bytes;
}

Pairs DecodePairs(std::string_view bytes) {
  Pairs pairs;
  std::string_view name;
  std::string_view value;
  while (TakeText(bytes, name) && TakeText(bytes, value)) pairs.emplace_back(name, value);
  return pairs;
}

std::string EncodeChecksum(const std::optional<Checksum>& checksum) {
  if (!checksum) return "";
  return fmt::format("{} {} {}", ChecksumName(checksum->algorithm),
                     checksum->type == ChecksumType::kComposite ? 'C' : 'F', checksum->value);
}

std::optional<Checksum> DecodeChecksum(std::string_view text) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos || text.size() < space + 3) return std::nullopt;
  const std::optional<HashAlgorithm> algorithm = ParseChecksumName(text.substr(0, space));
  if (!algorithm) return std::nullopt;
  return Checksum{
      .algorithm = *algorithm,
      .type = text[space + 1] == 'C' ? ChecksumType::kComposite : ChecksumType::kFullObject,
      .value = std::string(text.substr(space + 3))};
}

std::string EncodeAttributes(const Attributes& attributes) {
  std::string bytes = EncodePairs(attributes.headers);
  if (attributes.checksum) AppendPair(bytes, kChecksumName, EncodeChecksum(attributes.checksum));
  if (!attributes.upload_id.empty()) AppendPair(bytes, kUploadName, attributes.upload_id);
  return bytes;
}

Attributes DecodeAttributes(std::string_view bytes) {
  Attributes attributes;
  std::string_view name;
  std::string_view value;
  while (TakeText(bytes, name) && TakeText(bytes, value)) {
    if (name == kChecksumName) {
      attributes.checksum = DecodeChecksum(value);
    } else if (name == kUploadName) {
      attributes.upload_id = value;
    } else {
      attributes.headers.emplace_back(name, value);
    }
  }
  return attributes;
}

}  // namespace scones::objects::detail
