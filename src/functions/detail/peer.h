// Whose connection is it? A Runtime API listener serves one function's processes; any local program
// could connect to its port, so a connection is checked against the kernel's tables.
// Blocking (a millisecond or so), safe from any thread.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace scones::functions {

// Whether the IPv4 loopback connection from `client_port` to `server_port` is held open by a
// process of `process_group`.
bool ConnectionBelongsTo(pid_t process_group, std::uint16_t client_port, std::uint16_t server_port);

}  // namespace scones::functions
