// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acting.hpp"
#include "method.hpp"
#include "support/child.hpp"

// Files that get their name, lose it or get another while they are written or afterwards.
namespace dropwarden::test {
namespace {

std::string source_of(const Scene& scene) {
  return scene.directory + "/source";
}

void link_descriptor(int file, const std::string& name) {
  const auto path = "/proc/self/fd/" + std::to_string(file);
  require(::linkat(AT_FDCWD, path.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0, "linkat");
}

sys::Fd create_unnamed(const Scene& scene) {
  auto file = open_existing(scene.directory, O_TMPFILE | O_RDWR);
  require(::fchmod(file.number(), 0755) == 0, "fchmod");
  write_all(file.number(), scene.program);
  return file;
}

void unnamed_then_linked(const Scene& scene) {
  const auto file = create_unnamed(scene);
  link_descriptor(file.number(), scene.file);
}

void unnamed_closed_then_linked(const Scene& scene) {
  auto file = create_unnamed(scene);
  const auto reader = open_existing("/proc/self/fd/" + std::to_string(file.number()), O_RDONLY);
  file.reset();
  let_be_seen();
  link_descriptor(reader.number(), scene.file);
}

void unnamed(const Scene& scene) {
  create_unnamed(scene);
}

// It is executed by its descriptor (execveat(2), AT_EMPTY_PATH), as fexecve(3) does: no path leads to it,
// ever.
void unnamed_executed(const Scene& scene) {
  auto file = create_unnamed(scene);
  const auto reader = open_existing("/proc/self/fd/" + std::to_string(file.number()), O_RDONLY);
  file.reset();
  const pid_t child = ::fork();
  require(child >= 0, "fork");
  if (child == 0) {
    char* const none[] = {nullptr};
    ::syscall(SYS_execveat, reader.number(), "", none, none, AT_EMPTY_PATH);
    ::_exit(127);
  }
  int status = 0;
  require(::waitpid(child, &status, 0) == child, "waitpid");
  if (status != 0) errno = EPROTO;
  require(status == 0, "execveat");
}

void rename_source(const Scene& scene) {
  require(::rename(source_of(scene).c_str(), scene.file.c_str()) == 0, "rename");
}

void renamed_before_close(const Scene& scene) {
  const auto file = create(source_of(scene));
  write_all(file.number(), scene.program);
  rename_source(scene);
}

void renamed_after_close(const Scene& scene) {
  put(source_of(scene), scene.program);
  rename_source(scene);
}

void renamed_later(const Scene& scene) {
  put(source_of(scene), scene.program);
  let_be_seen();
  let_be_seen();
  rename_source(scene);
}

void prepare_source(const Scene& scene) {
  put(source_of(scene), scene.program);
}

// RENAME_EXCHANGE (renameat2(2)): what stood there goes to where the program came from.
void exchange(const Scene& scene) {
  require(::renameat2(AT_FDCWD, source_of(scene).c_str(), AT_FDCWD, scene.file.c_str(), RENAME_EXCHANGE) == 0,
          "renameat2");
}

void prepare_exchange(const Scene& scene) {
  put(scene.file, "text that nobody runs\n", 0644);
  prepare_source(scene);
}

void exchanged_later(const Scene& scene) {
  prepare_exchange(scene);
  let_be_seen();
  let_be_seen();
  exchange(scene);
}

void linked(const Scene& scene) {
  require(::link(source_of(scene).c_str(), scene.file.c_str()) == 0, "link");
}

void linked_symbolically(const Scene& scene) {
  require(::symlink("source", scene.file.c_str()) == 0, "symlink");
}

void prepare_directory(const Scene& scene) {
  require(::mkdir((scene.directory + "/before").c_str(), 0755) == 0, "mkdir");
  put(scene.directory + "/before/f", scene.program);
}

void renamed_directory(const Scene& scene) {
  require(::rename((scene.directory + "/before").c_str(), (scene.directory + "/after").c_str()) == 0,
          "rename");
}

void unlinked_before_close(const Scene& scene) {
  const auto file = create(scene.file);
  write_all(file.number(), scene.program);
  require(::unlink(scene.file.c_str()) == 0, "unlink");
}

void unlinked_after_close(const Scene& scene) {
  put(scene.file, scene.program);
  require(::unlink(scene.file.c_str()) == 0, "unlink");
}

void truncated_after_close(const Scene& scene) {
  put(scene.file, scene.program);
  require(::truncate(scene.file.c_str(), 0) == 0, "truncate");
}

void overwritten_after_close(const Scene& scene) {
  put(scene.file, scene.program, 0644);
  put(scene.file, "text that nobody runs\n");
}

constexpr std::array methods{
    Method{"tmpfile-linked-before-close", unnamed_then_linked},
    Method{"tmpfile-linked-later", unnamed_closed_then_linked},
    Method{"tmpfile-never-linked", unnamed},
    Method{"tmpfile-executed", unnamed_executed},
    Method{"rename-before-close", renamed_before_close},
    Method{"rename-after-close", renamed_after_close},
    Method{"rename-later", renamed_later},
    Method{"rename-only", rename_source, prepare_source},
    Method{"rename-directory", renamed_directory, prepare_directory},
    Method{"rename-exchange-later", exchanged_later},
    Method{"rename-exchange-only", exchange, prepare_exchange},
    Method{"hard-link", linked, prepare_source},
    Method{"symlink", linked_symbolically, prepare_source},
    Method{"unlink-before-close", unlinked_before_close},
    Method{"unlink-after-close", unlinked_after_close},
    Method{"truncate-after-close", truncated_after_close},
    Method{"overwrite-after-close", overwritten_after_close},
};

}  // namespace

std::span<const Method> names() {
  return methods;
}

}  // namespace dropwarden::test
