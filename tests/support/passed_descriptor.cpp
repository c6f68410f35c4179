// SPDX-License-Identifier: Apache-2.0
#include "support/passed_descriptor.hpp"

#include <array>
#include <cstring>
#include <sys/socket.h>
#include <sys/uio.h>

#include "support/child.hpp"

namespace dropwarden::test {
namespace {

// Room for one descriptor, aligned as CMSG_DATA wants it.
struct Envelope {
  Envelope() {
    message.msg_iov = &payload;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
  }
  Envelope(const Envelope&) = delete;
  Envelope& operator=(const Envelope&) = delete;

  char byte = 'x';
  struct iovec payload{&byte, 1};
  alignas(struct cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  struct msghdr message{};
};

}  // namespace

SocketPair::SocketPair() {
  int ends[2];
  require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "socketpair");
  first_ = sys::Fd(ends[0]);
  second_ = sys::Fd(ends[1]);
}

void SocketPair::send_over(int socket, int descriptor) {
  Envelope envelope;
  struct cmsghdr* header = CMSG_FIRSTHDR(&envelope.message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof descriptor);
  std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  require(::sendmsg(socket, &envelope.message, MSG_NOSIGNAL) == 1, "sendmsg");
}

void SocketPair::send(int descriptor) const {
  send_over(first_.number(), descriptor);
}

void SocketPair::send_itself() const {
  send_over(first_.number(), second_.number());
  send_over(second_.number(), first_.number());
}

sys::Fd SocketPair::receive() const {
  Envelope envelope;
  require(::recvmsg(second_.number(), &envelope.message, MSG_CMSG_CLOEXEC) == 1, "recvmsg");
  const struct cmsghdr* header = CMSG_FIRSTHDR(&envelope.message);
  require(header != nullptr && header->cmsg_type == SCM_RIGHTS, "recvmsg");
  int descriptor = -1;
  std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
  return sys::Fd(descriptor);
}

}  // namespace dropwarden::test
