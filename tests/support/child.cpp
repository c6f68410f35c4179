// SPDX-License-Identifier: Apache-2.0
#include "child.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dropwarden/sys/error.hpp"

namespace dropwarden::test {
namespace {

[[noreturn]] void run(const std::function<void(Line&)>& body, Line line) {
  int status = 1;
  try {
    body(line);
    status = 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "child: %s\n", error.what());
  }
  // Not exit(3): the test program's state is not ours to end.
  ::_exit(status);
}

}  // namespace

void require(bool holds, const char* call) {
  if (!holds) throw sys::SystemError(sys::last_error(call));
}

void Line::tell(std::string_view word) {
  require(::send(end_.number(), word.data(), word.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(word.size()),
          "send");
}

std::string Line::hear() {
  constexpr int deadline_ms = 20'000;
  struct pollfd entry{.fd = end_.number(), .events = POLLIN, .revents = 0};
  std::array<char, 4096> word;
  if (::poll(&entry, 1, deadline_ms) == 0) errno = ETIMEDOUT;
  const ssize_t length = entry.revents == 0 ? -1 : ::recv(end_.number(), word.data(), word.size(), 0);
  if (length == 0) errno = EPIPE;
  require(length > 0, "recv");
  return {word.data(), static_cast<std::size_t>(length)};
}

Child::Child(const std::function<void(Line&)>& body) : line_(sys::Fd{}) {
  int ends[2];
  require(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0, "socketpair");
  sys::Fd ours(ends[0]);
  sys::Fd theirs(ends[1]);
  pid_ = ::fork();
  require(pid_ >= 0, "fork");
  if (pid_ == 0) {
    ours.reset();
    run(body, Line(std::move(theirs)));
  }
  line_ = Line(std::move(ours));
}

Child::~Child() {
  if (pid_ < 0) return;
  kill(SIGKILL);
  wait();
}

void Child::kill(int signal) {
  if (pid_ > 0) ::kill(pid_, signal);
}

bool Child::wait() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0) {
    if (errno != EINTR) return false;
  }
  pid_ = -1;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool run_in_child(const std::function<void()>& body) {
  Child child([&](Line&) { body(); });
  return child.wait();
}

}  // namespace dropwarden::test
