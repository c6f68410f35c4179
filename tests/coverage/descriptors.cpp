// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <csignal>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acting.hpp"
#include "method.hpp"
#include "support/child.hpp"
#include "support/passed_descriptor.hpp"

// Files that another process closes than the one that opened them, or none.
namespace dropwarden::test {
namespace {

void await(pid_t child) {
  int status = 0;
  require(::waitpid(child, &status, 0) == child, "waitpid");
}

// A child that runs `body` and leaves.
template <class Body>
pid_t start(Body body) {
  const pid_t child = ::fork();
  require(child >= 0, "fork");
  if (child != 0) return child;
  try {
    body();
  } catch (...) {
    ::_exit(1);
  }
  ::_exit(0);
}

void killed(const Scene& scene) {
  await(start([&] {
    const auto file = create(scene.file);
    write_all(file.number(), scene.program);
    ::kill(::getpid(), SIGKILL);
  }));
}

void closed_last_by_a_child(const Scene& scene) {
  auto file = create(scene.file);
  Pipe go;
  const pid_t child = start([&] {
    go.writer.reset();
    char byte = 0;
    require(::read(go.reader.number(), &byte, 1) == 0, "read");
  });
  write_all(file.number(), scene.program);
  file.reset();
  go.writer.reset();
  await(child);
}

// The first close shows half a header.
void two_writers(const Scene& scene) {
  const auto first = create(scene.file);
  auto second = create(scene.file);
  write_all(second.number(), std::string_view(scene.program).substr(0, 2));
  second.reset();
  let_be_seen();
  write_at(first.number(), std::string_view(scene.program).substr(2), 2);
}

void passed(const Scene& scene) {
  SocketPair sockets;
  const pid_t child = start([&] {
    const auto file = sockets.receive();
    write_all(file.number(), scene.program);
  });
  {
    const auto file = create(scene.file);
    sockets.send(file.number());
  }
  await(child);
}

// Never received: closed when the sockets are.
void in_flight(const Scene& scene) {
  SocketPair sockets;
  const auto file = create(scene.file);
  write_all(file.number(), scene.program);
  sockets.send(file.number());
}

// pidfd_getfd(2), Linux 5.6.
void taken(const Scene& scene) {
  Pipe opened;
  Pipe go;
  const pid_t child = start([&] {
    go.writer.reset();
    const auto file = create(scene.file);
    const int number = file.number();
    write_all(opened.writer.number(), {reinterpret_cast<const char*>(&number), sizeof number});
    char byte = 0;
    require(::read(go.reader.number(), &byte, 1) == 0, "read");
  });
  int number = -1;
  require(::read(opened.reader.number(), &number, sizeof number) == sizeof number, "read");
  const sys::Fd process(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  const sys::Fd file(static_cast<int>(::syscall(SYS_pidfd_getfd, process.number(), number, 0)));
  require(file.number() >= 0, "pidfd_getfd");
  go.writer.reset();
  await(child);
  write_all(file.number(), scene.program);
}

constexpr std::array methods{
    Method{"killed-writer", killed},    Method{"child-closes-last", closed_last_by_a_child},
    Method{"two-writers", two_writers}, Method{"scm-rights", passed},
    Method{"fd-in-flight", in_flight},  Method{"pidfd-getfd", taken},
};

}  // namespace

std::span<const Method> descriptors() {
  return methods;
}

}  // namespace dropwarden::test
