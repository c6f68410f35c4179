// SPDX-License-Identifier: Apache-2.0
// The kinds of values that outputs alone have.
#include <algorithm>
#include <array>
#include <sys/un.h>

#include "dropwarden/net/web_client.hpp"
#include "dropwarden/util/text.hpp"

#include "keys.hpp"

namespace dropwarden::config {
namespace {

constexpr std::size_t max_path = 4095;  // PATH_MAX less its NUL
constexpr std::size_t max_url = 2048;
constexpr std::size_t max_name = 64;

// RFC 5424, table 1, by the names of syslog(3).
constexpr std::array facilities{"kern",   "user",     "mail",    "daemon",       "auth",     "syslog",
                                "lpr",    "news",     "uucp",    "cron",         "authpriv", "ftp",
                                "ntp",    "security", "console", "solaris-cron", "local0",   "local1",
                                "local2", "local3",   "local4",  "local5",       "local6",   "local7"};

Problem check_path(std::string_view path, std::size_t max_bytes) {
  if (!path.starts_with('/') || path.ends_with('/'))
    return quote(path) + " is not the absolute path of a file";
  if (path.size() > max_bytes) return quote(path) + " is too long";
  if (path.find('\0') != std::string_view::npos) return quote(path) + " holds a NUL";
  return std::nullopt;
}

// `host:port` of a syslog server, of an IPv6 address in brackets.
bool parse_host(std::string_view text, SyslogAddress& address) {
  const auto colon = text.rfind(':');
  const bool has_brackets = text.starts_with('[');
  const bool has_port = colon != std::string_view::npos && (!has_brackets || text.rfind(']') < colon);
  std::string_view host = has_port ? text.substr(0, colon) : text;
  if (has_port) {
    const auto port = util::parse_number<std::uint16_t>(text.substr(colon + 1));
    if (!port || *port == 0) return false;
    address.port = *port;
  }
  if (has_brackets) {
    if (!host.ends_with(']')) return false;
    host = host.substr(1, host.size() - 2);
  }
  address.target = host;
  return !host.empty() && std::ranges::all_of(host, [](char c) { return c > ' ' && c < '\x7f' && c != '/'; });
}

}  // namespace

const char* name_of(OutputType type) {
  switch (type) {
    case OutputType::file:
      return "file";
    case OutputType::unix_socket:
      return "unix";
    case OutputType::syslog:
      return "syslog";
    case OutputType::journald:
      return "journald";
    case OutputType::webhook:
      return "webhook";
    case OutputType::standard_output:
      break;
  }
  return "stdout";
}

std::string effective_name(const Output& output) {
  return output.name.empty() ? name_of(output.type) : output.name;
}

Key path_key(std::string path, Where<std::string> where) {
  return {.path = std::move(path),
          .allowed = "none, or an absolute path",
          .set = [where](Config& config, const Scalar& scalar) -> Problem {
            if (scalar.text == "none") {
              where(config).clear();
              return std::nullopt;
            }
            if (auto problem = check_path(scalar.text, max_path)) return problem;
            where(config) = scalar.text;
            return std::nullopt;
          }};
}

Key url_key(std::string path, Where<std::string> where) {
  return {.path = std::move(path),
          .allowed = "none, or a URL like https://host:8443/path",
          .set = [where](Config& config, const Scalar& scalar) -> Problem {
            if (scalar.text == "none") {
              where(config).clear();
              return std::nullopt;
            }
            if (scalar.text.size() > max_url) return quote(scalar.text) + " is too long";
            // What stands there may be a secret that was put into the wrong place: it is not shown.
            if (scalar.text.find('@') != std::string::npos)
              return "a URL has no user: a password belongs into headers_file";
            if (!net::parse_web_url(scalar.text))
              return quote(scalar.text) + " is not a URL of http or https";
            where(config) = scalar.text;
            return std::nullopt;
          }};
}

Key name_key(std::string path, Where<std::string> where) {
  return {.path = std::move(path),
          .allowed = "auto, or at most 64 letters, digits, - and _",
          .set = [where](Config& config, const Scalar& scalar) -> Problem {
            const auto is_allowed = [](char c) {
              return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
                     c == '_';
            };
            if (scalar.text.empty() || scalar.text.size() > max_name ||
                !std::ranges::all_of(scalar.text, is_allowed))
              return quote(scalar.text) + " is not a name";
            where(config) = scalar.text == "auto" ? std::string() : scalar.text;
            return std::nullopt;
          }};
}

Key syslog_address_key(std::string path, Where<SyslogAddress> where) {
  return {.path = std::move(path),
          .allowed = "the absolute path of a socket, udp://HOST:PORT, or tcp://HOST:PORT",
          .set = [where](Config& config, const Scalar& scalar) -> Problem {
            SyslogAddress address;
            const std::string_view text = scalar.text;
            constexpr std::size_t scheme = 6;
            if (text.starts_with("udp://") || text.starts_with("tcp://")) {
              address.transport = text.starts_with("udp") ? SyslogTransport::udp : SyslogTransport::tcp;
              if (!parse_host(text.substr(scheme), address)) return quote(text) + " names no host";
            } else {
              if (auto problem = check_path(text, sizeof(sockaddr_un{}.sun_path) - 1)) return problem;
              address.target = text;
            }
            where(config) = address;
            return std::nullopt;
          }};
}

Key facility_key(std::string path, Where<unsigned> where) {
  std::vector<std::pair<std::string, unsigned>> choices;
  for (unsigned number = 0; number < facilities.size(); ++number)
    choices.emplace_back(facilities.at(number), number);
  return choice_key<unsigned>(std::move(path), std::move(choices), std::move(where));
}

}  // namespace dropwarden::config
