// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "dropwarden/sink/socket_destination.hpp"
#include "dropwarden/util/time.hpp"

namespace dropwarden::sink {
namespace {

// RFC 5424, table 2.
unsigned severity_of(model::Severity severity) {
  switch (severity) {
    case model::Severity::critical:
      return 2;
    case model::Severity::high:
      return 3;
    case model::Severity::medium:
      return 4;
    case model::Severity::low:
      return 5;
    case model::Severity::info:
      break;
  }
  return 6;
}

// PRINTUSASCII, at most 255 of it; `-` where there is none.
std::string host_name(std::string_view name) {
  constexpr std::size_t longest = 255;
  std::string out;
  for (const char c : name.substr(0, longest)) out += c > ' ' && c < '\x7f' ? c : '?';
  return out.empty() ? "-" : out;
}

}  // namespace

std::string format_syslog(const model::Message& message, const SyslogSettings& settings, int process) {
  // TIME-SECFRAC has six digits at most, and format_rfc3339 nine.
  std::string time = util::format_rfc3339(message.time);
  time.erase(time.size() - 4, 3);
  return fmt::format("<{}>1 {} {} dropwarden {} finding - {}",
                     settings.facility * 8 + severity_of(message.severity), time, host_name(settings.node),
                     process, message.body);
}

}  // namespace dropwarden::sink
