// What the gateway hands to each wire dialect: a request whose signature has been verified.
#pragma once

#include <functional>
#include <string>

#include "base/arn.h"
#include "base/time.h"
#include "http/message.h"

namespace scones::api {

// Who calls, when, and under which id. A value: copy it into coroutines.
struct Call {
  std::string request_id;      // also sent back in the dialect's header
  std::string access_key_id;   // the verified principal's key in the credentials file
  std::string principal_name;  // its profile in the credentials file ("default")
  Identity identity;           // for the ARNs that this installation makes
  Timestamp now;
  std::string base_url;    // "http://host:port" as the client addressed us
  std::string caller_arn;  // arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION
  // Whether the client still waits for the answer, as far as the connection tells. On the caller's
  // shard, until the answer is given.
  std::function<bool()> client_is_there = [] { return true; };
};

// One wire protocol with its operations. Handles requests of its services only; errors become
// responses in the dialect's form. Safe from any shard.
class Dialect {
 public:
  virtual ~Dialect() = default;
  // `body` yields verified, decoded bytes: aws-chunked framing is gone, and a payload that doesn't
  // match its signature or trailing checksum ends the stream with an error, which the dialect must
  // turn into its error response with nothing stored.
  virtual io::Task<http::Response> Handle(Call call, http::Request request,
                                          http::BodyStream& body) = 0;
};

}  // namespace scones::api
