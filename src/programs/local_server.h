// The composition root: every service of a data directory behind one port. Members are made in the
// order in which they need each other, and ended in reverse.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/arn.h"
#include "base/result.h"
#include "io/file.h"

namespace scones::programs {

class LocalServer {
 public:
  struct Options {
    io::Path data_dir;
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  // 0: any free one
    Identity identity;
    std::size_t threads = 0;        // of connections; 0: one per core
    std::size_t model_threads = 0;  // batches of each variant at a time; 0: one per core, at most 4
    std::size_t training_jobs = 1;
    std::chrono::milliseconds capture_file_age{60'000};
    std::vector<std::string> allowed_http_hosts;  // that http:invoke tasks may reach
  };

  // Opens the data directory (making it and its credentials on first start) and serves.
  // Errors: kUnavailable (another process holds the directory), kExists (the port is in use),
  //   kDataLoss (a damaged database), kDenied, kExhausted (disk full).
  static Result<std::unique_ptr<LocalServer>> Start(Options options);
  // Finishes requests under way, ends child processes, closes the database.
  ~LocalServer();

  const std::string& url() const;            // "http://127.0.0.1:4566"
  const io::Path& credentials_file() const;  // AWS shared credentials, mode 0600

 private:
  struct Parts;
  explicit LocalServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace scones::programs
