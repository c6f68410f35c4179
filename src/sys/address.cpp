// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/address.hpp"

#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>

namespace dropwarden::sys {

const struct sockaddr* Address::begin() const {
  static_assert(sizeof bytes == sizeof(struct sockaddr_storage));
  // What these calls take is the beginning of any address.
  return reinterpret_cast<const struct sockaddr*>(bytes.data());  // NOLINT(*-reinterpret-cast)
}

Result<Address> unix_address(const std::string& path, std::string_view call) {
  struct sockaddr_un name{};
  name.sun_family = AF_UNIX;
  // An empty or cut name would be another socket: an abstract or unnamed one.
  const bool fits =
      !path.empty() && path.size() < sizeof name.sun_path && path.find('\0') == std::string::npos;
  if (!fits) return std::unexpected(Error{std::string(call), path, path.empty() ? EINVAL : ENAMETOOLONG});
  path.copy(static_cast<char*>(name.sun_path), path.size());
  Address address;
  std::memcpy(address.bytes.data(), &name, sizeof name);
  address.size = sizeof name;
  return address;
}

}  // namespace dropwarden::sys
