// SPDX-License-Identifier: Apache-2.0
#include "busy_execution.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/fanotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dropwarden/sys/fd.hpp"
#include "dropwarden/sys/file.hpp"

#include "child.hpp"
#include "temporary_directory.hpp"

namespace dropwarden::test {
namespace {

bool try_busy_execution() {
  const TemporaryDirectory directory;
  const auto path = (directory.path() / "busy").string();
  const auto writer = sys::value_or_throw(sys::open_path(path, O_WRONLY | O_CREAT, 0755));
  const sys::Fd group{::fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK, O_RDONLY | O_CLOEXEC)};
  require(static_cast<bool>(group), "fanotify_init");
  require(::fanotify_mark(group.number(), FAN_MARK_ADD, FAN_OPEN_EXEC, AT_FDCWD, path.c_str()) == 0,
          "fanotify_mark");
  const pid_t child = ::fork();
  require(child >= 0, "fork");
  if (child == 0) {
    ::execl(path.c_str(), path.c_str(), nullptr);
    ::_exit(errno == ETXTBSY ? 0 : 1);
  }
  int status = 0;
  require(::waitpid(child, &status, 0) == child && status == 0, "execl");
  fanotify_event_metadata event{};
  if (::read(group.number(), &event, sizeof event) != sizeof event) return false;
  const sys::Fd file{event.fd};
  return (event.mask & FAN_OPEN_EXEC) != 0;
}

}  // namespace

bool tells_of_busy_execution() {
  static const bool tells = try_busy_execution();
  return tells;
}

}  // namespace dropwarden::test
