#include "api/gateway.h"

#include <fmt/format.h>

#include <charconv>

#include "api/gateway_protocol.h"
#include "api/payload_body.h"
#include "auth/session.h"
#include "base/encoding.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/random.h"

namespace scones::api {
namespace {

// The role that callers with keys of the credentials file appear in, as in a notebook of SageMaker.
constexpr std::string_view kRoleName = "SconesRole";

Error Refused(const char* reason, const char* message) {
  return Error(Code::kUnauthenticated, reason, message);
}

http::Response Health() {
  http::Response response;
  response.headers.Add("Content-Type", "application/json");
  response.body = R"({"status":"ok"})";
  return response;
}

// Holds part of a budget while a body is in memory.
class Reservation {
 public:
  Reservation(std::atomic<std::size_t>& used, std::size_t bytes, std::size_t limit)
      : used_(used), bytes_(bytes), granted_(used.fetch_add(bytes) + bytes <= limit) {}
  ~Reservation() { used_.fetch_sub(bytes_); }
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;
  bool granted() const { return granted_; }

 private:
  std::atomic<std::size_t>& used_;
  const std::size_t bytes_;
  const bool granted_;
};

// Content-Encoding without the coding that only framed the upload.
void StripAwsChunked(http::Headers& headers) {
  const std::optional<std::string_view> encoding = headers.Find("content-encoding");
  if (!encoding || encoding->find("aws-chunked") == std::string_view::npos) return;
  std::string kept;
  std::string_view list = *encoding;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    std::string_view item = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (item.empty() || http::EqualsIgnoringCase(item, "aws-chunked")) continue;
    kept.append(kept.empty() ? "" : ",").append(item);
  }
  headers.Remove("content-encoding");
  if (!kept.empty()) headers.Add("Content-Encoding", std::move(kept));
}

// PutObject and UploadPart are the operations whose payload may come in chunks.
bool MayHaveChunks(const http::Request& request) {
  if (request.method != "PUT" || request.headers.Contains("x-amz-copy-source")) return false;
  const auto parameters = ParseQuery(request.raw_query());
  if (!parameters) return false;
  for (const auto& [name, value] : *parameters) {
    if (name != "partNumber" && name != "uploadId" && name != "x-id") return false;
  }
  const std::string_view path = request.raw_path();
  const bool has_two_parts =
      path.size() > 1 && path.find('/', 1) != std::string_view::npos && !path.ends_with("//");
  const bool names_a_key = has_two_parts && path.find('/', 1) + 1 < path.size();
  // Where the bucket is in the host's name, the whole path is the key.
  const std::string_view host = request.headers.Get("host");
  const bool host_may_name_bucket = host.find_first_not_of("0123456789.:[]") != host.npos &&
                                    host.find('.') != std::string_view::npos;
  return names_a_key || (host_may_name_bucket && path.size() > 1);
}

Result<std::uint64_t> DecodedLength(const http::Request& request) {
  const std::string_view text = request.headers.Get("x-amz-decoded-content-length");
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return Error(Code::kInvalid, "MissingContentLength",
                 "You must provide the x-amz-decoded-content-length HTTP header.");
  }
  return length;
}

Result<AwsChunkedBody> Unchunk(const http::Request& request, const auth::Claim& claim,
                               auth::PayloadMode mode, std::string signing_key,
                               http::BodyStream& body) {
  if (!MayHaveChunks(request)) {
    return Refused("AccessDenied", "only PutObject and UploadPart may have a payload in chunks");
  }
  auth::ChunkedPayloadOptions options;
  TRY(options.decoded_length, DecodedLength(request));
  options.has_trailer = mode != auth::PayloadMode::kSignedChunks;
  options.announced_trailers = request.headers.Get("x-amz-trailer");
  if (mode != auth::PayloadMode::kUnsignedChunksTrailer) {
    options.signing = {std::move(signing_key), claim.basic_time, claim.scope.ToString(),
                       claim.signature};
  }
  const std::uint64_t length = options.decoded_length;
  TRY(auth::ChunkedPayload payload, auth::ChunkedPayload::Make(std::move(options)));
  return AwsChunkedBody(body, std::move(payload), length);
}

}  // namespace

Gateway::Gateway(Options options, const auth::Credentials& credentials, const Clock& clock)
    : options_(std::move(options)), credentials_(credentials), clock_(clock) {}

http::Handler Gateway::handler() {
  return [this](http::Request request, http::BodyStream& body) {
    return Handle(std::move(request), body);
  };
}

io::Task<http::Response> Gateway::Handle(http::Request request, http::BodyStream& body) {
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (request.target == "/_scones/health" && reads) co_return Health();
  const std::string request_id = RandomUuid();
  Result<Arrival> arrival = Receive(request, request_id);
  std::string service = arrival ? arrival->service : GuessService(request);
  // What a refusal says of the request; the request itself goes to the dialect.
  http::Request outline;
  outline.target = request.target;
  if (request.headers.Contains("authorization")) outline.headers.Add("Authorization", "");
  Result<http::Response> answer = Error(Code::kInternal, "");
  if (!arrival) {
    answer = std::move(arrival).error();
  } else if (service == "s3") {
    answer = co_await HandleS3(*std::move(arrival), std::move(request), body);
  } else {
    answer = co_await HandleBuffered(*std::move(arrival), std::move(request), body);
  }
  if (!answer) {
    LogInfo("gateway.refused", "service={} request_id={} reason={}", LogValue(service), request_id,
            LogValue(answer.error().reason()));
    answer = Refusal(service, answer.error(), outline, request_id);
  }
  AddCommonHeaders(service, request_id, clock_.Now(), *answer);
  co_return *std::move(answer);
}

Result<Gateway::Arrival> Gateway::Receive(const http::Request& request,
                                          std::string request_id) const {
  Arrival arrival;
  TRY(arrival.claim, auth::ParseClaim(ViewOf(request)));
  const Timestamp now = clock_.Now();
  TRY(arrival.principal, FindPrincipal(arrival.claim, now));
  arrival.service = ServiceOf(arrival.claim.scope.service, request);
  arrival.call = {.request_id = std::move(request_id),
                  .access_key_id = arrival.principal.access_key_id,
                  .principal_name = arrival.principal.profile,
                  .identity = options_.identity,
                  .now = now,
                  .base_url = fmt::format("{}://{}", request.secure ? "https" : "http",
                                          request.headers.Get("host")),
                  .caller_arn = arrival.principal.arn};
  return arrival;
}

Result<Gateway::Principal> Gateway::FindPrincipal(const auth::Claim& claim, Timestamp now) const {
  const auto arn = [&](std::string_view role, std::string_view session) {
    return fmt::format("arn:{}:sts::{}:assumed-role/{}/{}", options_.identity.partition,
                       options_.identity.account, role, session);
  };
  std::string file_key = claim.access_key_id;
  if (!claim.session_token.empty()) {
    TRY(file_key, auth::ParentOfToken(claim.session_token));
  }
  const std::shared_ptr<const auth::Profile> profile = credentials_.Find(file_key);
  if (profile == nullptr) {
    return Refused("InvalidAccessKeyId",
                   "The AWS Access Key Id you provided does not exist in our records.");
  }
  Principal principal{.access_key_id = file_key,
                      .profile = profile->name,
                      .secret_access_key = profile->keys.secret_access_key,
                      .arn = arn(kRoleName, profile->name)};
  if (claim.session_token.empty()) return principal;
  TRY(auth::OpenedSession opened, auth::OpenSession(claim.session_token, claim.access_key_id,
                                                    principal.secret_access_key, now));
  principal.secret_access_key = std::move(opened.secret_access_key);
  if (!opened.session.role.empty()) principal.arn = arn(opened.session.role, opened.session.name);
  return principal;
}

Result<std::string> Gateway::Prove(const http::Request& request, const Arrival& arrival,
                                   std::string_view payload_hash) {
  return auth::Verify(ViewOf(request), arrival.claim, arrival.principal.secret_access_key,
                      payload_hash, arrival.call.now, signing_keys_);
}

Result<Dialect*> Gateway::FindDialect(const Arrival& arrival) const {
  const auto found = options_.dialects.find(arrival.service);
  if (found != options_.dialects.end()) return found->second;
  return Error(Code::kInvalid, "UnknownOperationException",
               fmt::format("this installation has no service '{}'", arrival.service));
}

io::Task<Result<http::Response>> Gateway::HandleS3(Arrival arrival, http::Request request,
                                                   http::BodyStream& body) {
  CO_TRY(const auth::PayloadClaim payload, auth::ParseS3Payload(ViewOf(request), arrival.claim));
  CO_TRY(std::string signing_key, Prove(request, arrival, payload.hash));
  CO_TRY(Dialect* const dialect, FindDialect(arrival));
  if (payload.mode == auth::PayloadMode::kUnsigned) {
    StripAwsChunked(request.headers);
    co_return co_await dialect->Handle(std::move(arrival.call), std::move(request), body);
  }
  if (payload.mode == auth::PayloadMode::kWhole) {
    if (body.size() == 0 && payload.hash != auth::kEmptySha256) {
      co_return Error(Code::kInvalid, "XAmzContentSHA256Mismatch",
                      "The provided 'x-amz-content-sha256' header does not match what was "
                      "computed.");
    }
    StripAwsChunked(request.headers);
    if (body.size() == 0) {
      co_return co_await dialect->Handle(std::move(arrival.call), std::move(request), body);
    }
    HashedBody hashed(body, payload.hash);
    co_return co_await dialect->Handle(std::move(arrival.call), std::move(request), hashed);
  }
  CO_TRY(AwsChunkedBody decoded,
         Unchunk(request, arrival.claim, payload.mode, std::move(signing_key), body));
  StripAwsChunked(request.headers);
  co_return co_await dialect->Handle(std::move(arrival.call), std::move(request), decoded);
}

io::Task<Result<http::Response>> Gateway::HandleBuffered(Arrival arrival, http::Request request,
                                                         http::BodyStream& body) {
  const std::size_t limit = MaxBodyBytes(arrival.service);
  const std::size_t expected = std::min<std::uint64_t>(body.size().value_or(limit), limit);
  const Reservation reservation(buffered_bytes_, expected, options_.max_buffered_bytes);
  if (!reservation.granted()) {
    co_return Error(Code::kExhausted, "SlowDown",
                    "too many large requests are under way; try again later");
  }
  CO_TRY(std::string bytes, co_await http::ReadAll(body, limit));
  const std::string hash = HexEncode(Digest(HashAlgorithm::kSha256, bytes));
  CO_TRY_VOID(Prove(request, arrival, hash));
  CO_TRY(Dialect* const dialect, FindDialect(arrival));
  arrival.call.client_is_there = [&body] { return body.peer_is_there(); };
  const std::unique_ptr<http::BodyStream> verified = http::MakeStringBody(std::move(bytes));
  co_return co_await dialect->Handle(std::move(arrival.call), std::move(request), *verified);
}

}  // namespace scones::api
