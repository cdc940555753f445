// From a host's name to its addresses.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <vector>

#include "base/result.h"
#include "http/url.h"
#include "io/task.h"

namespace scones::http::detail {

// Numbers are taken as they are; names ask the system's resolver on a thread of Asio's.
// Errors: kUnavailable.
io::Task<Result<std::vector<boost::asio::ip::tcp::endpoint>>> Resolve(Url url);

}  // namespace scones::http::detail
