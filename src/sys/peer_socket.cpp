// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/peer_socket.hpp"

#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <mutex>
#include <netdb.h>
#include <netinet/in.h>
#include <optional>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "dropwarden/sys/output.hpp"

namespace dropwarden::sys {
namespace {

using namespace std::chrono_literals;

std::unexpected<Error> failure(std::string_view call, std::string_view object, int number) {
  return std::unexpected(Error{.call = std::string(call), .object = std::string(object), .number = number});
}

// A question to the resolver, shared with the thread that asks it.
struct Question {
  std::mutex mutex;
  std::condition_variable answered;
  std::optional<int> code;  // of getaddrinfo(3)
  std::vector<Address> addresses;
};

void ask(const std::string& host, std::uint16_t port, int type, Question& question) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = type;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  const std::lock_guard lock(question.mutex);
  for (const addrinfo* entry = code == 0 ? list : nullptr; entry != nullptr; entry = entry->ai_next) {
    Address address;
    if (entry->ai_addrlen > sizeof address.bytes) continue;
    std::memcpy(&address.bytes, entry->ai_addr, entry->ai_addrlen);
    address.size = entry->ai_addrlen;
    question.addresses.push_back(address);
  }
  if (code == 0) ::freeaddrinfo(list);
  question.code = code;
  question.answered.notify_all();
}

}  // namespace

Result<std::vector<Address>> resolve(const std::string& host, std::uint16_t port, int type,
                                     const Patience& patience, Patience::Deadline deadline) {
  const auto question = std::make_shared<Question>();
  std::thread([question, host, port, type] {
    block_signals();
    ask(host, port, type, *question);
  }).detach();
  std::unique_lock lock(question->mutex);
  while (!question->code) {
    if (patience.is_ended()) return failure("getaddrinfo", host, ECANCELED);
    if (std::chrono::steady_clock::now() >= deadline) return failure("getaddrinfo", host, ETIMEDOUT);
    question->answered.wait_for(lock, 100ms);
  }
  if (question->addresses.empty()) return failure("getaddrinfo", host, EHOSTUNREACH);
  return std::move(question->addresses);
}

Result<Fd> connect_socket(const Address& address, int type, Patience& patience, Patience::Deadline deadline,
                          std::string_view object) {
  Fd socket{::socket(address.begin()->sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!socket) return unexpected_errno("socket", object);
  if (::connect(socket.number(), address.begin(), address.size) == 0) return socket;
  if (errno != EINPROGRESS) return unexpected_errno("connect", object);
  if (const auto ready = patience.wait(socket.number(), POLLOUT, deadline, object); !ready)
    return std::unexpected(ready.error());
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(socket.number(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) return failure("connect", object, error);
  return socket;
}

Result<void> send_datagram(Patience& patience, int socket, std::string_view bytes,
                           Patience::Deadline deadline, std::string_view object) {
  while (true) {
    if (::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return {};
    if (errno != EAGAIN && errno != EINTR) return unexpected_errno("send", object);
    // A full queue of the receiver.
    if (const auto ready = patience.wait(socket, POLLOUT, deadline, object); !ready)
      return std::unexpected(ready.error());
  }
}

Result<void> send_as_file(int socket, std::string_view bytes, std::string_view object) {
  const Fd file{::memfd_create("dropwarden", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  if (!file) return unexpected_errno("memfd_create", object);
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.number(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return unexpected_errno("write", object);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  constexpr int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
  if (::fcntl(file.number(), F_ADD_SEALS, seals) != 0) return unexpected_errno("fcntl(F_ADD_SEALS)", object);
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  const int number = file.number();
  std::memcpy(CMSG_DATA(header), &number, sizeof number);
  if (::sendmsg(socket, &message, MSG_NOSIGNAL) < 0) return unexpected_errno("sendmsg", object);
  return {};
}

bool is_closed_by_peer(int socket) {
  char byte = 0;
  const ssize_t count = ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count >= 0 || (errno != EAGAIN && errno != EINTR);
}

}  // namespace dropwarden::sys
