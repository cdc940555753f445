// aws-chunked payloads, signed and not, with and without trailer; and what a request claims of its
// signature. However the bytes come in pieces, the outcome is the same.
#include <cstdlib>

#include "auth/chunked_payload.h"
#include "auth/credentials.h"
#include "auth/session.h"
#include "auth/verifier.h"

namespace {

using scones::auth::ChunkedPayload;
using scones::auth::ChunkedPayloadOptions;

std::string Decode(const ChunkedPayloadOptions& options, std::string_view text, std::size_t piece) {
  auto payload = ChunkedPayload::Make(options);
  if (!payload) return "<refused>";
  std::string decoded;
  while (!text.empty() && !payload->done()) {
    const auto step = payload->Next(text.substr(0, piece));
    if (!step) return "<error>";
    if (step->consumed == 0) std::abort();
    decoded += step->data;
    text.remove_prefix(step->consumed);
  }
  if (payload->done() && decoded.size() != options.decoded_length) std::abort();
  return payload->done() ? decoded : "<cut>";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const std::size_t piece = 1 + data[0] % 64;
  const std::string_view text(reinterpret_cast<const char*>(data) + 3, size - 3);
  ChunkedPayloadOptions options{.has_trailer = (data[1] & 1) != 0, .decoded_length = data[2]};
  if ((data[1] & 2) != 0) options.announced_trailers = "x-amz-checksum-crc32";
  if ((data[1] & 4) != 0) {
    options.signing = {std::string(32, 'k'), "20261122T083000Z", "scope", std::string(64, '0')};
  }
  if (Decode(options, text, piece) != Decode(options, text, text.size() + 1)) std::abort();

  const std::vector<std::pair<std::string, std::string>> headers = {
      {"host", "h"}, {"x-amz-date", "20261122T083000Z"}, {"authorization", std::string(text)}};
  const scones::auth::RequestView request{"GET", "/", text, headers};
  scones::auth::RequestView by_header = request;
  by_header.raw_query = {};
  scones::auth::RequestView by_query = request;
  by_query.headers = request.headers.first(2);
  for (const auto& view : {request, by_header, by_query}) {
    const auto claim = scones::auth::ParseClaim(view);
    if (!claim) continue;
    scones::auth::SigningKeyCache cache;
    if (scones::auth::Verify(view, *claim, "secret", "UNSIGNED-PAYLOAD", claim->time, cache)) {
      std::abort();  // nobody can have signed this
    }
  }
  (void)scones::auth::CanonicalPath(text, scones::auth::PathRule::kNormalise);
  (void)scones::auth::ParseCredentialsFile(text);
  (void)scones::auth::ParentOfToken(text);
  return 0;
}
