// SPDX-License-Identifier: Apache-2.0
// Each owns its socket, which it connects with the first message and after each failure.
#include "dropwarden/sink/socket_destination.hpp"

#include <algorithm>
#include <cerrno>
#include <functional>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "dropwarden/sys/patience.hpp"
#include "dropwarden/sys/peer_socket.hpp"
#include "dropwarden/util/escape.hpp"

namespace dropwarden::sink {
namespace {

constexpr std::size_t batch = 64;

// What goes over the wire for a message.
using Frame = std::function<std::string(const model::Message& message)>;

// A stream: all of the messages are sent, and then it is waited until the other end has them.
class StreamSocket final : public Destination {
 public:
  using Connect = std::function<sys::Result<sys::Fd>(sys::Patience&, sys::Patience::Deadline)>;
  StreamSocket(std::string name, Connect connect, Frame frame, std::chrono::milliseconds stall = stall_time)
      : name_(std::move(name)), connect_(std::move(connect)), frame_(std::move(frame)), stall_(stall) {}

  std::size_t max_messages() const override { return batch_; }
  void cancel() override { patience_.end(); }

  // After a failure nobody knows which messages the other end has, so all come again: ever fewer at once,
  // else one that stalls for longer after each few would be sent the same ones for ever.
  Sent send(std::span<const model::SharedMessage> messages) override {
    auto done = connect();
    if (done) done = send_all(messages);
    batch_ = std::clamp<std::size_t>(done ? 2 * batch_ : batch_ / 2, 1, batch);
    if (done) return {.taken = messages.size()};
    socket_ = {};
    return {.taken = 0, .problem = done.error().text()};
  }

 private:
  sys::Result<void> connect() {
    if (socket_ && !sys::is_closed_by_peer(socket_.number())) return {};
    auto socket = connect_(patience_, std::chrono::steady_clock::now() + stall_);
    if (!socket) return std::unexpected(socket.error());
    socket_ = std::move(*socket);
    return {};
  }

  sys::Result<void> send_all(std::span<const model::SharedMessage> messages) {
    for (const auto& message : messages) {
      auto sent = sys::send_patiently(patience_, socket_.number(), frame_(*message), stall_, name_);
      if (!sent) return sent;
    }
    return sys::await_taken(patience_, socket_.number(), stall_, name_);
  }

  const std::string name_;
  const Connect connect_;
  const Frame frame_;
  const std::chrono::milliseconds stall_;
  std::size_t batch_ = batch;
  sys::Patience patience_;
  sys::Fd socket_;
};

// Datagrams: what is too long for one is `send_long`'s, or refused.
class DatagramSocket final : public Destination {
 public:
  using Connect = StreamSocket::Connect;
  using SendLong = std::function<sys::Result<void>(int socket, std::string_view bytes)>;
  DatagramSocket(std::string name, Connect connect, Frame frame, SendLong send_long)
      : name_(std::move(name)),
        connect_(std::move(connect)),
        frame_(std::move(frame)),
        send_long_(std::move(send_long)) {}

  std::size_t max_messages() const override { return batch; }
  void cancel() override { patience_.end(); }
  // Of the last `send`; 0: none.
  int error() const { return error_; }

  Sent send(std::span<const model::SharedMessage> messages) override {
    Sent sent;
    error_ = 0;
    for (const auto& message : messages) {
      const auto deadline = std::chrono::steady_clock::now() + stall_time;
      auto done = connect(deadline);
      if (done) done = send_one(frame_(*message), deadline);
      if (!done) {
        error_ = done.error().number;
        sent.is_refused = error_ == EMSGSIZE;
        sent.problem = done.error().text();
        if (!sent.is_refused) socket_ = {};
        return sent;
      }
      ++sent.taken;
    }
    return sent;
  }

 private:
  sys::Result<void> connect(sys::Patience::Deadline deadline) {
    if (socket_) return {};
    auto socket = connect_(patience_, deadline);
    if (!socket) return std::unexpected(socket.error());
    socket_ = std::move(*socket);
    return {};
  }

  sys::Result<void> send_one(const std::string& bytes, sys::Patience::Deadline deadline) {
    auto sent = sys::send_datagram(patience_, socket_.number(), bytes, deadline, name_);
    if (!sent && sent.error().number == EMSGSIZE && send_long_) return send_long_(socket_.number(), bytes);
    return sent;
  }

  const std::string name_;
  const Connect connect_;
  const Frame frame_;
  const SendLong send_long_;
  sys::Patience patience_;
  sys::Fd socket_;
  int error_ = 0;
};

StreamSocket::Connect connect_unix(const std::string& path, int type) {
  return [path, type](sys::Patience& patience, sys::Patience::Deadline deadline) -> sys::Result<sys::Fd> {
    const auto address = sys::unix_address(path, "connect");
    if (!address) return std::unexpected(address.error());
    return sys::connect_socket(*address, type, patience, deadline, path);
  };
}

// The addresses in turn; of several failures the last one is told.
StreamSocket::Connect connect_host(const std::string& host, std::uint16_t port, int type) {
  return [=](sys::Patience& patience, sys::Patience::Deadline deadline) -> sys::Result<sys::Fd> {
    const auto addresses = sys::resolve(host, port, type, patience, deadline);
    if (!addresses) return std::unexpected(addresses.error());
    sys::Result<sys::Fd> socket;
    for (const sys::Address& address : *addresses) {
      socket = sys::connect_socket(address, type, patience, deadline, fmt::format("{}:{}", host, port));
      if (socket) break;
    }
    return socket;
  };
}

// Datagrams, and where the socket is another one a stream: /dev/log is of either kind.
class LocalSyslog final : public Destination {
 public:
  explicit LocalSyslog(const SyslogSettings& settings)
      : datagrams_(settings.target, connect_unix(settings.target, SOCK_DGRAM),
                   [settings](const model::Message& message) {
                     return format_syslog(message, settings, ::getpid());
                   },
                   {}),
        stream_(settings.target, connect_unix(settings.target, SOCK_STREAM),
                [settings](const model::Message& message) {
                  return format_syslog(message, settings, ::getpid()) + '\n';
                }) {}

  std::size_t max_messages() const override { return stream_.max_messages(); }
  void cancel() override {
    datagrams_.cancel();
    stream_.cancel();
  }

  Sent send(std::span<const model::SharedMessage> messages) override {
    if (!is_stream_) {
      Sent sent = datagrams_.send(messages);
      if (sent.taken != 0 || datagrams_.error() != EPROTOTYPE) return sent;
    }
    Sent sent = stream_.send(messages);
    is_stream_ = sent.problem.empty();
    return sent;
  }

 private:
  DatagramSocket datagrams_;
  StreamSocket stream_;
  bool is_stream_ = false;
};

}  // namespace

std::unique_ptr<Destination> make_unix_destination(const std::string& path, std::chrono::milliseconds stall) {
  return std::make_unique<StreamSocket>(
      path, connect_unix(path, SOCK_STREAM),
      [](const model::Message& message) { return message.body + '\n'; }, stall);
}

std::unique_ptr<Destination> make_syslog_destination(SyslogSettings settings) {
  if (settings.transport == SyslogTransport::local) return std::make_unique<LocalSyslog>(settings);
  const std::string name = fmt::format("{}:{}", util::escape(settings.target), settings.port);
  const int type = settings.transport == SyslogTransport::udp ? SOCK_DGRAM : SOCK_STREAM;
  auto connect = connect_host(settings.target, settings.port, type);
  if (type == SOCK_DGRAM)
    return std::make_unique<DatagramSocket>(
        name, std::move(connect),
        [settings](const model::Message& message) { return format_syslog(message, settings, ::getpid()); },
        DatagramSocket::SendLong{});
  return std::make_unique<StreamSocket>(name, std::move(connect), [settings](const model::Message& message) {
    const std::string text = format_syslog(message, settings, ::getpid());
    return fmt::format("{} {}", text.size(), text);
  });
}

std::unique_ptr<Destination> make_journal_destination(const std::string& path) {
  return std::make_unique<DatagramSocket>(
      path, connect_unix(path, SOCK_DGRAM), [](const model::Message& message) { return message.body; },
      [path](int socket, std::string_view bytes) { return sys::send_as_file(socket, bytes, path); });
}

}  // namespace dropwarden::sink
