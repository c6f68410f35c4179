// SPDX-License-Identifier: Apache-2.0
#include "throwaway_container.hpp"

#include <array>
#include <cstdio>
#include <exception>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dropwarden/sys/fd.hpp"
#include "dropwarden/sys/mount.hpp"

namespace dropwarden::cli {
namespace {

// Says that the work is done, and returns when the other end is closed.
void wait_at(const sys::Fd& line) {
  char byte = 0;
  if (::write(line.number(), &byte, 1) == 1) static_cast<void>(::read(line.number(), &byte, 1) == 0);
}

}  // namespace

ThrowawayContainer::ThrowawayContainer() {
  std::array<char, 64> name{"/run/dropwarden-self-test.XXXXXX"};
  if (::mkdtemp(name.data()) == nullptr) throw sys::SystemError(sys::last_error("mkdtemp", name.data()));
  directory_ = name.data();
  const auto mounted = sys::mount_tmpfs(directory_);
  if (!mounted) {
    std::filesystem::remove(directory_);
    throw sys::SystemError(mounted.error());
  }
  for (const char* child : {"lower", "upper", "work", "merged", "lower/tmp"}) {
    std::filesystem::create_directory(directory_ / child);
  }
}

ThrowawayContainer::~ThrowawayContainer() {
  // Nothing is left to tell a failure to; the kernel ends both mounts with the last descriptor.
  static_cast<void>(sys::unmount(root()));
  static_cast<void>(sys::unmount(directory_));
  std::error_code ignored;
  std::filesystem::remove(directory_, ignored);
}

void ThrowawayContainer::mount() {
  sys::value_or_throw(sys::mount_overlay(
      {.lower = directory_ / "lower", .upper = directory_ / "upper", .work = directory_ / "work"}, root()));
}

bool ThrowawayContainer::run(const std::function<void()>& work,
                             const std::function<void()>& meanwhile) const {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return false;
  sys::Fd ours{ends[0]};
  sys::Fd theirs{ends[1]};
  const pid_t child = ::fork();
  if (child < 0) return false;
  if (child == 0) {
    ours.reset();
    int status = 1;
    if (::unshare(CLONE_NEWNS) == 0 && ::chroot(root().c_str()) == 0 && ::chdir("/") == 0) {
      try {
        work();
        status = 0;
      } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
      }
    }
    if (status == 0) wait_at(theirs);
    ::_exit(status);
  }
  theirs.reset();
  char done = 0;
  if (::read(ours.number(), &done, 1) == 1) meanwhile();
  ours.reset();
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace dropwarden::cli
