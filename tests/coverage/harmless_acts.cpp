// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <csignal>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "acting.hpp"
#include "box.hpp"
#include "method.hpp"
#include "program.hpp"
#include "support/child.hpp"
#include "support/file.hpp"

// What is no new executable, though it looks like one to somebody.
namespace dropwarden::test {
namespace {

void empty_file(const Scene& scene) {
  create(scene.file);
}

void plain_text(const Scene& scene) {
  put(scene.file, "text that nobody runs\n", 0644);
}

void object_file(const Scene& scene) {
  put(scene.file, make_object(scene.file), 0644);
}

void core_dump(const Scene& scene) {
  put(scene.file, make_core_dump(scene.file), 0600);
}

// EBADF: the descriptor is for reading.
void write_that_is_refused(const Scene& scene) {
  put(scene.file, "text that nobody runs\n", 0644);
  const auto file = open_existing(scene.file, O_RDONLY);
  if (::write(file.number(), scene.program.data(), scene.program.size()) >= 0)
    errno = EPROTO, require(false, "write");
}

// EFBIG.
void write_beyond_the_limit(const Scene& scene) {
  ::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit none{.rlim_cur = 0, .rlim_max = RLIM_INFINITY};
  require(::setrlimit(RLIMIT_FSIZE, &none) == 0, "setrlimit");
  const auto file = create(scene.file);
  if (::write(file.number(), scene.program.data(), scene.program.size()) >= 0)
    errno = EPROTO, require(false, "write");
}

void append_to_text(const Scene& scene) {
  put(scene.file, "text that nobody runs\n", 0644);
  const auto file = open_existing(scene.file, O_WRONLY | O_APPEND);
  write_all(file.number(), scene.program);
}

void read_and_execute(const Scene& scene) {
  read_file(scene.file);
  execute({scene.file});
}

constexpr std::array methods{
    Method{"empty-file", empty_file},
    Method{"text", plain_text},
    Method{"object-file", object_file},
    Method{"core-dump", core_dump},
    Method{"failed-write", write_that_is_refused},
    Method{"write-beyond-limit", write_beyond_the_limit},
    Method{"appended-to-text", append_to_text},
    Method{"image-read-and-executed", read_and_execute},
};

}  // namespace

std::span<const Method> harmless_acts() {
  return methods;
}

}  // namespace dropwarden::test
