// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "dropwarden/sink/socket_destination.hpp"
#include "dropwarden/util/time.hpp"

#include "judgement.hpp"

namespace dropwarden::sink {
namespace {

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
                     settings.facility * 8 + syslog_severity(message.severity), time,
                     host_name(settings.node), process, message.body);
}

}  // namespace dropwarden::sink
