// From a host's name to its addresses.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <vector>

#include "base/result.h"
#include "http/detail/transport.h"
#include "http/url.h"
#include "io/task.h"

namespace scones::http::detail {

// Numbers are taken as they are; names ask the system's resolver on a thread of Asio's.
// Errors: kUnavailable; kDenied where `may_connect` refuses every address.
io::Task<Result<std::vector<boost::asio::ip::tcp::endpoint>>> Resolve(Url url,
                                                                      AddressFilter may_connect);

}  // namespace scones::http::detail
