#include "functions/detail/peer.h"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

namespace scones::functions {
namespace {

// The inode of the client's socket, from a line of /proc/net/tcp:
//   "  7: 0100007F:A1B2 0100007F:1F90 01 … uid timeout inode …"
// Source: proc(5), /proc/net/tcp.
std::optional<std::string> FindSocketInode(std::uint16_t client_port, std::uint16_t server_port) {
  const std::string client = fmt::format("0100007F:{:04X}", client_port);
  const std::string server = fmt::format("0100007F:{:04X}", server_port);
  std::ifstream table("/proc/net/tcp");
  std::string line;
  std::getline(table, line);
  while (std::getline(table, line)) {
    std::istringstream fields(line);
    std::string slot, local, remote, field, inode;
    fields >> slot >> local >> remote;
    if (local != client || remote != server) continue;
    for (int skipped = 0; skipped < 6; ++skipped) fields >> field;
    fields >> inode;
    return inode;
  }
  return std::nullopt;
}

bool HoldsSocket(const std::filesystem::path& process, const std::string& target) {
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(process / "fd", failed)) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry.path(), gone).native() == target) return true;
  }
  return false;
}

}  // namespace

bool ConnectionBelongsTo(pid_t process_group, std::uint16_t client_port,
                         std::uint16_t server_port) {
  const auto inode = FindSocketInode(client_port, server_port);
  if (!inode) return false;
  const std::string target = "socket:[" + *inode + "]";
  const std::filesystem::path leader = "/proc/" + std::to_string(process_group);
  if (HoldsSocket(leader, target)) return true;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", failed)) {
    const std::string name = entry.path().filename().native();
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error != std::errc() || end != name.data() + name.size()) continue;
    if (::getpgid(pid) == process_group && HoldsSocket(entry.path(), target)) return true;
  }
  return false;
}

}  // namespace scones::functions
