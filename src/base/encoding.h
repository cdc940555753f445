// Text encodings of bytes: hexadecimal, base64, percent-encoding as AWS signs it, UTF-8.
// Pure functions; safe from any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace scones {

// Lower-case hexadecimal.
std::string HexEncode(std::string_view bytes);
Result<std::string> HexDecode(std::string_view text);

// Standard alphabet with padding (RFC 4648 §4). Decode refuses other characters and bad padding.
std::string Base64Encode(std::string_view bytes);
void AppendBase64(std::string_view bytes, std::string& out);
Result<std::string> Base64Decode(std::string_view text);

// Percent-encodes everything but A-Z a-z 0-9 - . _ ~ (and '/' for kPath), with upper-case digits:
// the form that AWS signatures use.
enum class UriPart { kPath, kComponent };
std::string UriEncode(std::string_view text, UriPart part);

// Decodes %XX; '+' stays as it is in a path and is a space in a query.
// Errors: kInvalid for a cut or non-hexadecimal escape.
Result<std::string> UriDecode(std::string_view text, UriPart part);

// Decoded name=value pairs of a query, in order; a name without '=' has value "".
// Errors: kInvalid/InvalidURI.
Result<std::vector<std::pair<std::string, std::string>>> ParseQuery(std::string_view raw_query);

// `text` with U+FFFD for each byte that is part of no UTF-8 sequence: fit for JSON.
std::string ToValidUtf8(std::string_view text);

}  // namespace scones
