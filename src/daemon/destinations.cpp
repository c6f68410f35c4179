// SPDX-License-Identifier: Apache-2.0
#include "destinations.hpp"

#include <array>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "dropwarden/net/web_client.hpp"
#include "dropwarden/sink/file_destination.hpp"
#include "dropwarden/sink/socket_destination.hpp"
#include "dropwarden/sink/webhook_destination.hpp"
#include "dropwarden/sys/file.hpp"

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

std::string read_pem(const std::string& path) {
  return path.empty() ? std::string() : sys::value_or_throw(sys::read_file(path, max_pem));
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

std::unique_ptr<sink::Destination> open_webhook(const config::Output& output, sink::Format format) {
  sink::WebhookSettings settings;
  settings.url = net::parse_web_url(output.url).value_or(net::WebUrl{});
  if (settings.url.is_secure) {
    settings.tls.authorities =
        output.ca_file.empty() ? read_authorities_of_system() : read_pem(output.ca_file);
    settings.tls.certificate = read_pem(output.certificate_file);
    settings.tls.key = read_pem(output.key_file);
  }
  if (!output.headers_file.empty()) {
    try {
      settings.fields =
          sink::parse_header_lines(sys::value_or_throw(sys::read_file(output.headers_file, max_headers)));
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

std::unique_ptr<sink::Destination> open_any(const config::Output& output, sink::Format format) {
  switch (output.type) {
    case config::OutputType::file:
      return sink::open_file_destination({.path = output.path,
                                          .max_bytes = output.rotate_size,
                                          .max_age = output.rotate_age,
                                          .kept = output.rotate_keep});
    case config::OutputType::unix_socket:
      return sink::make_unix_destination(output.path);
    case config::OutputType::syslog:
      return sink::make_syslog_destination({.transport = to_sink(output.address.transport),
                                            .target = output.address.target,
                                            .port = output.address.port,
                                            .facility = output.facility,
                                            .node = node_name()});
    case config::OutputType::journald:
      return sink::make_journal_destination();
    case config::OutputType::webhook:
      return open_webhook(output, format);
    case config::OutputType::standard_output:
      break;
  }
  throw std::logic_error("standard output has a stream");
}

}  // namespace

std::unique_ptr<sink::Destination> open_destination(const config::Output& output, sink::Format format) {
  return std::make_unique<Awaited>([output, format] { return open_any(output, format); });
}

}  // namespace dropwarden::daemon
