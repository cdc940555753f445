// Pairs as bytes: each text as a 4-byte little-endian length and its bytes. Pure.
#pragma once

#include <string>
#include <string_view>

#include "objects/types.h"

namespace scones::objects::detail {

std::string EncodePairs(const Pairs& pairs);
// Stops at the first text that is cut; what the store wrote never is.
Pairs DecodePairs(std::string_view bytes);

// "CRC32 F VALUE": how a checksum is kept in a row; "" is none.
std::string EncodeChecksum(const std::optional<Checksum>& checksum);
std::optional<Checksum> DecodeChecksum(std::string_view text);

// What a row's attributes hold beside the headers.
struct Attributes {
  Pairs headers;
  std::optional<Checksum> checksum;
  std::string upload_id;  // of the multipart upload that made the object
};
std::string EncodeAttributes(const Attributes& attributes);
Attributes DecodeAttributes(std::string_view bytes);

}  // namespace scones::objects::detail
