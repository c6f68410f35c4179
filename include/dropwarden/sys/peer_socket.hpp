// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dropwarden/sys/address.hpp"
#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"
#include "dropwarden/sys/patience.hpp"

namespace dropwarden::sys {

// The addresses of a host, getaddrinfo(3), for `type` (SOCK_STREAM, SOCK_DGRAM), at least one. The question
// is asked by a thread of its own, which may outlive the call: a name server that does not answer holds
// nobody. ETIMEDOUT, ECANCELED, EHOSTUNREACH when there is no such host.
Result<std::vector<Address>> resolve(const std::string& host, std::uint16_t port, int type,
                                     const Patience& patience, Patience::Deadline deadline);

// A non-blocking socket, connected. `object` is for the error.
Result<Fd> connect_socket(const Address& address, int type, Patience& patience, Patience::Deadline deadline,
                          std::string_view object);

// One datagram. EMSGSIZE when it is too long for the socket.
Result<void> send_datagram(Patience& patience, int socket, std::string_view bytes,
                           Patience::Deadline deadline, std::string_view object);
// The same as a sealed file that is passed in its place (memfd_create(2), SCM_RIGHTS), for what is too long.
Result<void> send_as_file(int socket, std::string_view bytes, std::string_view object);

// Whether the other end of a stream socket has closed it, or sent what nobody asked for.
bool is_closed_by_peer(int socket);

}  // namespace dropwarden::sys
