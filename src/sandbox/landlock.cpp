// SPDX-License-Identifier: Apache-2.0
#include "landlock.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dropwarden/sys/fd.hpp"
#include "dropwarden/sys/file.hpp"

// Debian 12 has no library for it, and its headers are those of version 2: what came later is named here
// (Documentation/userspace-api/landlock.rst, include/uapi/linux/landlock.h).
namespace dropwarden::sandbox {
namespace {

constexpr std::uint64_t fs_truncate = 1ULL << 14U;   // version 3, Linux 6.2
constexpr std::uint64_t fs_ioctl_dev = 1ULL << 15U;  // version 5, Linux 6.10
constexpr std::uint64_t net_bind_tcp = 1ULL << 0U;   // version 4, Linux 6.7
constexpr std::uint64_t net_connect_tcp = 1ULL << 1U;
constexpr std::uint64_t scope_abstract_unix_socket = 1ULL << 0U;  // version 6, Linux 6.12
constexpr std::uint64_t scope_signal = 1ULL << 1U;

constexpr int rule_net_port = 2;  // LANDLOCK_RULE_NET_PORT

struct RulesetAttributes {
  std::uint64_t handled_access_fs = 0;
  std::uint64_t handled_access_net = 0;
  std::uint64_t scoped = 0;
};

struct PortAttributes {
  std::uint64_t allowed_access = 0;
  std::uint64_t port = 0;  // in the byte order of the processor
};

// Nothing that reads: see landlock.hpp.
constexpr std::uint64_t writing = LANDLOCK_ACCESS_FS_WRITE_FILE | fs_truncate |
                                  LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                  LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                  LANDLOCK_ACCESS_FS_REFER;

std::uint64_t known_file_access(int version) {
  std::uint64_t access = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1U) - 1;  // version 1: all up to this
  access &= ~(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR);
  if (version >= 2) access |= LANDLOCK_ACCESS_FS_REFER;
  if (version >= 3) access |= fs_truncate;
  if (version >= 5) access |= fs_ioctl_dev;
  return access;
}

RulesetAttributes attributes_of(const LandlockRules& rules, int version) {
  RulesetAttributes attributes;
  attributes.handled_access_fs = known_file_access(version);
  if (version >= landlock_with_ports) attributes.handled_access_net = net_bind_tcp | net_connect_tcp;
  if (version >= 6)
    attributes.scoped = scope_signal | (rules.has_abstract_sockets ? 0 : scope_abstract_unix_socket);
  return attributes;
}

sys::Result<void> add_directory(int ruleset, const std::string& path, std::uint64_t known) {
  const auto opened = sys::open_path(path, O_PATH | O_DIRECTORY);
  if (!opened && opened.error().number == ENOENT) return {};
  if (!opened) return std::unexpected(opened.error());
  const struct landlock_path_beneath_attr beneath{.allowed_access = writing & known,
                                                  .parent_fd = opened->number()};
  if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) != 0)
    return sys::unexpected_errno("landlock_add_rule", path);
  return {};
}

sys::Result<void> add_port(int ruleset, std::uint16_t port) {
  const PortAttributes attributes{.allowed_access = net_connect_tcp, .port = port};
  if (::syscall(SYS_landlock_add_rule, ruleset, rule_net_port, &attributes, 0) != 0)
    return sys::unexpected_errno("landlock_add_rule", std::to_string(port));
  return {};
}

}  // namespace

sys::Result<int> read_landlock_abi() {
  const long version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, std::size_t{0}, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 0) return sys::unexpected_errno("landlock_create_ruleset");
  return static_cast<int>(version);
}

sys::Result<int> restrict_by_landlock(const LandlockRules& rules) {
  const auto version = read_landlock_abi();
  if (!version) return version;
  const RulesetAttributes attributes = attributes_of(rules, *version);
  // An older kernel takes a longer struct as long as the rest of it is zeros.
  const sys::Fd ruleset(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
  if (!ruleset) return sys::unexpected_errno("landlock_create_ruleset");
  for (const std::string& path : rules.writable) {
    if (auto added = add_directory(ruleset.number(), path, attributes.handled_access_fs); !added)
      return std::unexpected(std::move(added.error()));
  }
  for (const std::uint16_t port : rules.tcp_ports) {
    if (*version < landlock_with_ports) break;
    if (auto added = add_port(ruleset.number(), port); !added)
      return std::unexpected(std::move(added.error()));
  }
  if (::syscall(SYS_landlock_restrict_self, ruleset.number(), 0) != 0)
    return sys::unexpected_errno("landlock_restrict_self");
  return *version;
}

}  // namespace dropwarden::sandbox
