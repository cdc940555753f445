// http:invoke: one request to a host that the operator has allowed. The address that a name
// resolves to is checked too: loopback, link-local (and so the clouds' metadata services) and the
// like are reached only where the list names them. Redirects are not followed. Safe from any shard.
// Source: AWS Step Functions Developer Guide, "Call HTTPS APIs in Step Functions workflows".
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "http/client.h"

namespace scones::integrations {

// Host names and addresses, with a port or for all of them; "*.example.com" for what is below that;
// "localhost" also names the loopback addresses.
class AllowedHosts {
 public:
  explicit AllowedHosts(std::vector<std::string> hosts);

  bool Allows(const http::Url& url) const;
  // Of an address that an allowed host's name stands for.
  bool MayConnect(const std::string& address) const;

 private:
  std::vector<std::string> hosts_;  // lower case
};

class HttpTasks {
 public:
  struct Options {
    std::vector<std::string> allowed_hosts;
    std::string region;                         // for the User-Agent
    std::chrono::milliseconds timeout{60'000};  // AWS's limit
  };
  explicit HttpTasks(Options options);

  // Errors: reason and message are the failed task's Error and Cause
  // ("States.Http.StatusCode.404").
  io::Task<Result<json::value>> Run(json::object parameters);

 private:
  std::string region_;
  std::chrono::milliseconds timeout_;
  AllowedHosts allowed_;
  http::Client client_;
};

// A form as application/x-www-form-urlencoded; `array_format` is INDICES, REPEAT, COMMAS or
// BRACKETS.
std::string EncodeForm(const json::object& form, std::string_view array_format);

}  // namespace scones::integrations
