// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "dropwarden/sink/destination.hpp"

namespace dropwarden::sink {

// How long a receiver may take nothing at all. One that is slow has as long as it needs.
inline constexpr std::chrono::milliseconds stall_time{10'000};

// A unix stream socket (unix(7)) at which somebody listens: a line a message. A message counts as taken once
// its reader has read it.
std::unique_ptr<Destination> make_unix_destination(const std::string& path,
                                                   std::chrono::milliseconds stall = stall_time);

enum class SyslogTransport {
  local,  // a unix socket, of datagrams or else a stream with a line feed after each message
  udp,    // RFC 5426: nobody says whether a message arrives
  tcp,    // RFC 6587, octet counting. A message counts as taken once the other kernel has it
};
struct SyslogSettings {
  SyslogTransport transport = SyslogTransport::local;
  std::string target = "/dev/log";  // a path, or a host
  std::uint16_t port = 514;
  unsigned facility = 1;  // RFC 5424, table 1
  std::string node;       // HOSTNAME
};
std::unique_ptr<Destination> make_syslog_destination(SyslogSettings settings);

// `message` as RFC 5424 writes it, with PRI, HEADER and no STRUCTURED-DATA. Pure.
std::string format_syslog(const model::Message& message, const SyslogSettings& settings, int process);

// The socket of the journal, by its native protocol
// (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/): the body of a message is an entry already.
inline constexpr const char* journal_socket = "/run/systemd/journal/socket";
std::unique_ptr<Destination> make_journal_destination(const std::string& path = journal_socket);

}  // namespace dropwarden::sink
