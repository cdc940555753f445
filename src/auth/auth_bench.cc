// What signing and verifying one S3 request cost.
#include <benchmark/benchmark.h>

#include "auth/signer.h"
#include "auth/verifier.h"

namespace scones::auth {
namespace {

const KeyPair kKeys{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};
const SigningOptions kS3{.service = "s3", .path_rule = PathRule::kS3, .send_payload_hash = true};
const Timestamp kNow = *ParseIso8601("2026-11-22T08:30:00Z");

void BM_Sign(benchmark::State& state) {
  const HeaderFields headers = {{"Host", "localhost:4566"}, {"Content-Type", "text/plain"}};
  const RequestView request{"PUT", "/bucket/key-000001", "", headers};
  for (auto _ : state) {
    benchmark::DoNotOptimize(SignHeaders(request, kKeys, kS3, kEmptySha256, kNow));
  }
}

void BM_Verify(benchmark::State& state) {
  HeaderFields headers = {{"Host", "localhost:4566"}, {"User-Agent", "Boto3/1.43"}};
  RequestView request{"PUT", "/bucket/key-000001", "", headers};
  const HeaderFields added = *SignHeaders(request, kKeys, kS3, kEmptySha256, kNow);
  headers.insert(headers.end(), added.begin(), added.end());
  request.headers = headers;
  SigningKeyCache cache;
  for (auto _ : state) {
    const Result<Claim> claim = ParseClaim(request);
    const Result<std::string> key =
        Verify(request, *claim, kKeys.secret_access_key, kEmptySha256, kNow, cache);
    if (!key) state.SkipWithError("does not verify");
  }
}

BENCHMARK(BM_Sign);
BENCHMARK(BM_Verify);

}  // namespace
}  // namespace scones::auth
