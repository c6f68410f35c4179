// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "dropwarden/sys/error.hpp"

struct sockaddr;

namespace dropwarden::sys {

// The address of a socket, of any family.
struct Address {
  alignas(8) std::array<std::byte, 128> bytes{};  // sockaddr_storage
  unsigned size = 0;

  // As bind(2) and connect(2) take it, with `size`.
  const struct sockaddr* begin() const;
};

// That of a unix socket (unix(7)). ENAMETOOLONG for what would be cut, EINVAL for no path: either would be
// another socket. `call` is for the error.
Result<Address> unix_address(const std::string& path, std::string_view call);

}  // namespace dropwarden::sys
