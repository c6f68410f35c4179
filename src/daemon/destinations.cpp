// SPDX-License-Identifier: Apache-2.0
#include "destinations.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>

#include "dropwarden/net/web_client.hpp"
#include "dropwarden/sandbox/enter.hpp"
#include "dropwarden/sink/file_destination.hpp"
#include "dropwarden/sink/socket_destination.hpp"
#include "dropwarden/sink/webhook_destination.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/escape.hpp"

#include "node_name.hpp"

namespace dropwarden::daemon {
namespace {

constexpr std::size_t max_pem = std::size_t{4} << 20U;
constexpr std::size_t max_headers = std::size_t{64} << 10U;

using Open = std::function<std::unique_ptr<sink::Destination>()>;

// A destination that could not be opened yet.
class Awaited final : public sink::Destination {
 public:
  explicit Awaited(Open open) : open_(std::move(open)) { try_open(); }

  std::size_t max_messages() const override { return opened_ ? opened_->max_messages() : 1; }
  sink::Sent send(std::span<const model::SharedMessage> messages) override {
    if (!opened_) try_open();
    if (!opened_) return {.taken = 0, .problem = problem_};
    return opened_->send(messages.first(std::min(messages.size(), opened_->max_messages())));
  }
  void cancel() override {
    const std::lock_guard lock(mutex_);
    if (opened_) opened_->cancel();
  }
  void reopen() override {
    const std::lock_guard lock(mutex_);
    if (opened_) opened_->reopen();
  }

 private:
  void try_open() {
    try {
      auto opened = open_();
      const std::lock_guard lock(mutex_);
      opened_ = std::move(opened);
    } catch (const std::exception& error) {
      problem_ = error.what();
    }
  }

  const Open open_;
  std::mutex mutex_;  // only for what other threads do with it
  std::unique_ptr<sink::Destination> opened_;
  std::string problem_;
};

std::string read_input(privilege::Privilege& privilege, const std::string& path, std::size_t max_bytes) {
  const sys::Fd file = sys::value_or_throw(privilege.open_output_input(path));
  return sys::value_or_throw(sys::read_file(file.number(), max_bytes, path));
}

std::string read_pem(privilege::Privilege& privilege, const std::string& path) {
  return path.empty() ? std::string() : read_input(privilege, path, max_pem);
}

// A sandbox is never widened (landlock(7), seccomp(2)).
void require_leave(bool has_leave, const std::string& what) {
  if (!has_leave)
    throw std::runtime_error("the monitor was started without leave to " + what +
                             ": restart dropwarden. What it is to get waits in the store");
}

void require_network(std::optional<std::uint16_t> tcp_port) {
  const sandbox::State& sandbox = sandbox::state();
  require_leave(sandbox.may_use_network(), "use the network");
  if (tcp_port)
    require_leave(sandbox.may_connect_to(*tcp_port), "connect to port " + std::to_string(*tcp_port));
}

// Where distributions keep all authorities in one file: Debian, Fedora, SUSE, Alpine.
std::string read_authorities_of_system() {
  constexpr std::array files{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                             "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};
  for (const char* file : files) {
    if (auto text = sys::read_file(file, max_pem)) return std::move(*text);
  }
  throw std::runtime_error(
      "the system has no file of authorities: install ca-certificates, or set ca_file to those to be "
      "believed");
}

std::unique_ptr<sink::Destination> open_file(const config::Output& output) {
  const std::string directory = std::filesystem::path(output.path).parent_path();
  require_leave(sandbox::state().may_write_in(directory), "write in " + util::escape(directory));
  return sink::open_file_destination({.path = output.path,
                                      .max_bytes = output.rotate_size,
                                      .max_age = output.rotate_age,
                                      .kept = output.rotate_keep});
}

std::unique_ptr<sink::Destination> open_webhook(const config::Output& output, sink::Format format,
                                                privilege::Privilege& privilege) {
  sink::WebhookSettings settings;
  settings.url = net::parse_web_url(output.url).value_or(net::WebUrl{});
  require_network(settings.url.port);
  if (settings.url.is_secure) {
    settings.tls.authorities =
        output.ca_file.empty() ? read_authorities_of_system() : read_pem(privilege, output.ca_file);
    settings.tls.certificate = read_pem(privilege, output.certificate_file);
    settings.tls.key = read_pem(privilege, output.key_file);
  }
  if (!output.headers_file.empty()) {
    try {
      settings.fields = sink::parse_header_lines(read_input(privilege, output.headers_file, max_headers));
    } catch (const std::invalid_argument& error) {
      throw std::runtime_error("headers_file: " + std::string(error.what()));
    }
  }
  const bool is_json = format != sink::Format::text && format != sink::Format::cef;
  settings.content_type = is_json ? "application/json" : "text/plain; charset=utf-8";
  settings.batch = output.batch;
  settings.is_compressed = output.compress;
  settings.timeout = output.timeout;
  return sink::make_webhook_destination(std::move(settings));
}

sink::SyslogTransport to_sink(config::SyslogTransport transport) {
  switch (transport) {
    case config::SyslogTransport::udp:
      return sink::SyslogTransport::udp;
    case config::SyslogTransport::tcp:
      return sink::SyslogTransport::tcp;
    case config::SyslogTransport::local:
      break;
  }
  return sink::SyslogTransport::local;
}

std::unique_ptr<sink::Destination> open_syslog(const config::Output& output) {
  using config::SyslogTransport;
  const SyslogTransport transport = output.address.transport;
  if (transport == SyslogTransport::udp) require_network(std::nullopt);
  if (transport == SyslogTransport::tcp) require_network(output.address.port);
  return sink::make_syslog_destination({.transport = to_sink(transport),
                                        .target = output.address.target,
                                        .port = output.address.port,
                                        .facility = output.facility,
                                        .node = node_name()});
}

std::unique_ptr<sink::Destination> open_any(const config::Output& output, sink::Format format,
                                            privilege::Privilege& privilege) {
  switch (output.type) {
    case config::OutputType::file:
      return open_file(output);
    case config::OutputType::unix_socket:
      return sink::make_unix_destination(output.path);
    case config::OutputType::syslog:
      return open_syslog(output);
    case config::OutputType::journald:
      return sink::make_journal_destination();
    case config::OutputType::webhook:
      return open_webhook(output, format, privilege);
    case config::OutputType::standard_output:
      break;
  }
  throw std::logic_error("standard output has a stream");
}

}  // namespace

std::unique_ptr<sink::Destination> open_destination(const config::Output& output, sink::Format format,
                                                    privilege::Privilege& privilege) {
  return std::make_unique<Awaited>(
      [output, format, &privilege] { return open_any(output, format, privilege); });
}

}  // namespace dropwarden::daemon
