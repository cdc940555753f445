// The server that a client command talks to: one that is configured, or one started inside.
#pragma once

#include <memory>
#include <string>

#include "programs/aws.h"
#include "programs/flags.h"
#include "programs/local_server.h"

namespace scones::programs {

class Connection {
 public:
  // Errors: those of starting a server; kUnauthenticated where no credentials are found.
  static Result<std::unique_ptr<Connection>> Open(const ConnectFlags& flags);
  ~Connection();

  Aws& aws() { return *aws_; }
  bool embedded() const { return server_ != nullptr; }

 private:
  Connection() = default;
  std::unique_ptr<LocalServer> server_;  // null where one is configured
  std::unique_ptr<Aws> aws_;
};

}  // namespace scones::programs
