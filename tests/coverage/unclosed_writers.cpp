// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acting.hpp"
#include "box.hpp"
#include "method.hpp"
#include "support/child.hpp"
#include "support/file.hpp"

// Writers that never close the file, and how it is run all the same.
namespace dropwarden::test {
namespace {

void keep_open(const Scene& scene, const std::string& bytes) {
  stay([&] {
    auto file = create(scene.file);
    write_all(file.number(), bytes);
    file.release();
  });
}

void kept_open(const Scene& scene) {
  keep_open(scene, scene.program);
}

// ETXTBSY (execve(2)): but the kernel opens it to find out.
void executed(const Scene& scene) {
  keep_open(scene, scene.program);
  execute({scene.file});
}

// For the loader a program that somebody writes to is a file like any other.
void loaded(const Scene& scene) {
  keep_open(scene, read_file(dynamic_program) + scene.program);
  execute({dynamic_loader(), scene.file, "0.3"});
}

void run_by_a_shell(const Scene& scene) {
  keep_open(scene, "#!/bin/sh\nsleep 0.3\n");
  execute({"/bin/sh", scene.file});
}

void text_run_by_a_shell(const Scene& scene) {
  put(scene.file, {}, 0644);
  keep_open(scene, "sleep 0.3\n");
  execute({"/bin/sh", scene.file});
}

void unnamed_executed(const Scene& scene) {
  const auto file = open_existing(scene.directory, O_TMPFILE | O_RDWR);
  write_all(file.number(), scene.program);
  require(::fchmod(file.number(), 0755) == 0, "fchmod");
  const pid_t child = ::fork();
  if (child == 0) {
    const auto path = "/proc/self/fd/" + std::to_string(file.number());
    ::execl(path.c_str(), path.c_str(), nullptr);
    ::_exit(127);
  }
  let_be_seen();
}

// It has no file system that anyone could watch.
void in_memory(const Scene& scene) {
  const auto file = hold_in_memory(scene.program);
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl(("/proc/self/fd/" + std::to_string(file.number())).c_str(), "memory", nullptr);
    ::_exit(127);
  }
  let_be_seen();
}

constexpr std::array methods{
    Method{"unclosed", kept_open},
    Method{"unclosed-executed", executed},
    Method{"unclosed-loaded", loaded},
    Method{"unclosed-script-run", run_by_a_shell},
    Method{"unclosed-text-run", text_run_by_a_shell},
    Method{"unclosed-unnamed-executed", unnamed_executed},
    Method{"memfd-executed", in_memory},
};

}  // namespace

std::span<const Method> unclosed_writers() {
  return methods;
}

}  // namespace dropwarden::test
