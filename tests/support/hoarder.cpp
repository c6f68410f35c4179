// SPDX-License-Identifier: Apache-2.0
#include "support/hoarder.hpp"

#include <algorithm>
#include <array>
#include <cap-ng.h>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <sys/fanotify.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "support/other_user.hpp"

namespace dropwarden::test {
namespace {

constexpr int most_at_once = 253;  // SCM_MAX_FD

// Of nothing that matters, and no socket, for which the kernel would look for cycles.
void send_descriptors(int socket, int descriptor, int count) {
  std::array<int, most_at_once> numbers{};
  numbers.fill(descriptor);
  const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(int);
  char byte = 'x';
  struct iovec part{&byte, 1};
  alignas(struct cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof numbers)> room{};
  struct msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room.data();
  message.msg_controllen = CMSG_SPACE(bytes);
  struct cmsghdr* const control = CMSG_FIRSTHDR(&message);
  control->cmsg_level = SOL_SOCKET;
  control->cmsg_type = SCM_RIGHTS;
  control->cmsg_len = CMSG_LEN(bytes);
  std::memcpy(CMSG_DATA(control), numbers.data(), bytes);
  require(::sendmsg(socket, &message, 0) == 1, "sendmsg");
}

}  // namespace

Hoarder::Hoarder(uid_t user, int count)
    : child_([=](Line& line) {
        become_user(user);
        std::array<int, 2> ends{};
        require(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends.data()) == 0, "socketpair");
        const sys::Fd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        for (int left = count; left > 0; left -= most_at_once)
          send_descriptors(ends[0], nothing.number(), std::min(left, most_at_once));
        line.tell();
        while (true) ::pause();
      }) {
  child_.line().hear();
}

GroupHoarder::GroupHoarder()
    : child_([](Line& line) {
        capng_clear(CAPNG_SELECT_BOTH);
        require(capng_apply(CAPNG_SELECT_CAPS) == 0, "capset");
        std::vector<sys::Fd> groups;
        bool is_told = false;
        while (true) {
          do {
            groups.emplace_back(::fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_REPORT_FID, O_RDONLY));
          } while (groups.back());
          require(errno == EMFILE, "fanotify_init");
          groups.pop_back();
          if (!std::exchange(is_told, true)) line.tell();
          // What somebody has given back meanwhile.
          ::usleep(1000);
        }
      }) {
  child_.line().hear();
}

}  // namespace dropwarden::test
