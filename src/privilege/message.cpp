// SPDX-License-Identifier: Apache-2.0
#include "message.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/uio.h>

namespace dropwarden::privilege {
namespace {

struct Packet {
  std::size_t size = 0;
  std::vector<sys::Fd> descriptors;
};

void attach(struct msghdr& header, std::span<std::byte> room, std::span<const int> descriptors) {
  if (descriptors.empty()) return;
  header.msg_control = room.data();
  header.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
  struct cmsghdr* const control = CMSG_FIRSTHDR(&header);
  control->cmsg_level = SOL_SOCKET;
  control->cmsg_type = SCM_RIGHTS;
  control->cmsg_len = CMSG_LEN(descriptors.size_bytes());
  std::memcpy(CMSG_DATA(control), descriptors.data(), descriptors.size_bytes());
}

std::vector<sys::Fd> take_descriptors(struct msghdr& header) {
  std::vector<sys::Fd> taken;
  for (struct cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr;
       control = CMSG_NXTHDR(&header, control)) {
    if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t bytes = control->cmsg_len - CMSG_LEN(0);
    for (std::size_t at = 0; at + sizeof(int) <= bytes; at += sizeof(int)) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(control) + at, sizeof number);
      taken.emplace_back(number);
    }
  }
  return taken;
}

sys::Result<void> send_piece(int socket, std::string_view piece, PieceHeader about,
                             std::span<const int> lent) {
  std::array<struct iovec, 2> parts{
      {{&about, sizeof about}, {const_cast<char*>(piece.data()), piece.size()}}};
  alignas(struct cmsghdr) std::array<std::byte, CMSG_SPACE(max_descriptors * sizeof(int))> room{};
  struct msghdr header{};
  header.msg_iov = parts.data();
  header.msg_iovlen = parts.size();
  attach(header, room, lent);
  while (::sendmsg(socket, &header, MSG_NOSIGNAL) < 0) {
    if (errno == EINTR) continue;
    if (errno == EAGAIN) errno = ETIMEDOUT;
    return sys::unexpected_errno("sendmsg", "channel");
  }
  return {};
}

sys::Result<Packet> receive_packet(int socket, std::span<char> into) {
  struct iovec part{into.data(), into.size()};
  alignas(struct cmsghdr) std::array<std::byte, CMSG_SPACE(max_descriptors * sizeof(int))> room{};
  struct msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = room.data();
  header.msg_controllen = room.size();
  ssize_t got = 0;
  while ((got = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC)) < 0) {
    if (errno == EINTR) continue;
    if (errno == EAGAIN) errno = ETIMEDOUT;
    return sys::unexpected_errno("recvmsg", "channel");
  }
  Packet packet{.size = static_cast<std::size_t>(got), .descriptors = take_descriptors(header)};
  if (got == 0) return std::unexpected(sys::Error{"recvmsg", "channel", ECONNRESET});
  // What had no room is gone (the kernel has closed it), so that the message is not what was sent.
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
    return std::unexpected(sys::Error{"recvmsg", "channel", EPROTO});
  return packet;
}

}  // namespace

bool Assembly::add(std::string_view packet, std::vector<sys::Fd> descriptors) {
  PieceHeader about;
  if (packet.size() < sizeof about || packet.size() > sizeof about + max_piece) return false;
  std::memcpy(&about, packet.data(), sizeof about);
  const std::string_view piece = packet.substr(sizeof about);
  if (about.offset != message_.bytes.size() || about.total > max_bytes_) return false;
  if (has_begun_ && (about.total != total_ || piece.empty() || !descriptors.empty())) return false;
  if (piece.size() > about.total - about.offset) return false;
  if (piece.size() < about.total - about.offset && piece.size() != max_piece) return false;
  if (descriptors.size() > max_descriptors) return false;
  if (!has_begun_) message_.descriptors = std::move(descriptors);
  has_begun_ = true;
  total_ = about.total;
  message_.bytes += piece;
  return true;
}

void set_patience(int socket, std::chrono::milliseconds time) {
  struct timeval value{};
  value.tv_sec = time.count() / 1000;
  value.tv_usec = (time.count() % 1000) * 1000;
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {
    if (::setsockopt(socket, SOL_SOCKET, option, &value, sizeof value) != 0)
      throw sys::SystemError(sys::last_error("setsockopt"));
  }
}

sys::Result<void> send(int socket, const Outgoing& message) {
  if (message.descriptors.size() > max_descriptors || message.bytes.size() > UINT32_MAX)
    return std::unexpected(sys::Error{"sendmsg", "channel", EMSGSIZE});
  std::size_t offset = 0;
  do {
    const std::string_view piece = std::string_view(message.bytes).substr(offset, max_piece);
    const PieceHeader about{.total = static_cast<std::uint32_t>(message.bytes.size()),
                            .offset = static_cast<std::uint32_t>(offset)};
    const auto lent = offset == 0 ? std::span<const int>(message.descriptors) : std::span<const int>{};
    if (auto sent = send_piece(socket, piece, about, lent); !sent) return sent;
    offset += piece.size();
  } while (offset < message.bytes.size());
  return {};
}

sys::Result<Incoming> receive(int socket, std::size_t max_bytes) {
  Assembly assembly(max_bytes);
  std::array<char, sizeof(PieceHeader) + max_piece> buffer;  // of which a short message touches a page
  while (!assembly.is_complete()) {
    auto packet = receive_packet(socket, buffer);
    if (!packet) return std::unexpected(std::move(packet.error()));
    if (!assembly.add({buffer.data(), packet->size}, std::move(packet->descriptors)))
      return std::unexpected(sys::Error{"recvmsg", "channel", EPROTO});
  }
  return assembly.take();
}

}  // namespace dropwarden::privilege
