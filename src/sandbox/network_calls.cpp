// SPDX-License-Identifier: Apache-2.0
#include <linux/netlink.h>
#include <sys/socket.h>

#include "tables.hpp"

// What the monitor does besides where an output leads out of the machine: a webhook, syslog over UDP or TCP.
// To which TCP ports it may connect is Landlock's part.
namespace dropwarden::sandbox {
namespace {

constexpr Call table[] = {
    {"bind", {}, "glibc's netlink socket; of TCP it is Landlock that forbids it"},
    {"sendmmsg", {}, "glibc asks a name server"},
    {"socket",
     {is(0, AF_INET, "domain AF_INET"), has(1, 0xf, SOCK_STREAM, "type SOCK_STREAM")},
     "a webhook, syslog over TCP"},
    {"socket",
     {is(0, AF_INET6, "domain AF_INET6"), has(1, 0xf, SOCK_STREAM, "type SOCK_STREAM")},
     "a webhook, syslog over TCP"},
    {"socket",
     {is(0, AF_INET, "domain AF_INET"), has(1, 0xf, SOCK_DGRAM, "type SOCK_DGRAM")},
     "syslog over UDP, a name server"},
    {"socket",
     {is(0, AF_INET6, "domain AF_INET6"), has(1, 0xf, SOCK_DGRAM, "type SOCK_DGRAM")},
     "syslog over UDP, a name server"},
    {"socket",
     {is(0, AF_NETLINK, "domain AF_NETLINK"), has(1, 0xf, SOCK_RAW, "type SOCK_RAW"),
      is(2, NETLINK_ROUTE, "protocol NETLINK_ROUTE")},
     "glibc sorts the addresses of a host by those of this machine"},
};

}  // namespace

std::span<const Call> network_calls() {
  return table;
}

}  // namespace dropwarden::sandbox
