// The one door of all services: no request reaches a dialect before its signature has been
// verified. Which service it is for is what its credential scope says. GET /_scones/health is
// answered without a signature, and nothing else is.
#pragma once

#include <atomic>
#include <map>
#include <string>

#include "api/dialect.h"
#include "auth/credentials.h"
#include "auth/verifier.h"
#include "base/time.h"
#include "http/server.h"

namespace scones::api {

// Safe from any shard.
class Gateway {
 public:
  struct Options {
    Identity identity;
    // By name: s3, lambda, states, sagemaker, sagemaker-runtime, logs, events, sts, iam. They
    // outlive the gateway.
    std::map<std::string, Dialect*, std::less<>> dialects;
    // Bodies of services other than S3 are held in memory until their hash is known; beyond this
    // many bytes in all, requests get 503.
    std::size_t max_buffered_bytes = 512 * 1024 * 1024;
  };

  // `credentials` and `clock` outlive the gateway.
  Gateway(Options options, const auth::Credentials& credentials, const Clock& clock);

  io::Task<http::Response> Handle(http::Request request, http::BodyStream& body);
  http::Handler handler();

 private:
  struct Principal {
    std::string access_key_id;  // in the credentials file
    std::string profile;
    std::string secret_access_key;  // that signs: the profile's or its session's
    std::string arn;
  };
  // A request whose claims were read and whose caller is known, but not yet proven.
  struct Arrival {
    auth::Claim claim;
    Principal principal;
    std::string service;
    Call call;
  };

  Result<Arrival> Receive(const http::Request& request, std::string request_id) const;
  Result<Principal> FindPrincipal(const auth::Claim& claim, Timestamp now) const;
  io::Task<Result<http::Response>> HandleS3(Arrival arrival, http::Request request,
                                            http::BodyStream& body);
  io::Task<Result<http::Response>> HandleBuffered(Arrival arrival, http::Request request,
                                                  http::BodyStream& body);
  Result<std::string> Prove(const http::Request& request, const Arrival& arrival,
                            std::string_view payload_hash);
  Result<Dialect*> FindDialect(const Arrival& arrival) const;

  const Options options_;
  const auth::Credentials& credentials_;
  const Clock& clock_;
  auth::SigningKeyCache signing_keys_;
  std::atomic<std::size_t> buffered_bytes_{0};
};

}  // namespace scones::api
