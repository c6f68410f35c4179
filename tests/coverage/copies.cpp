// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>
#include <vector>

#include "acting.hpp"
#include "method.hpp"
#include "support/child.hpp"

// Bytes that go from one descriptor to another without passing through the process.
namespace dropwarden::test {
namespace {

ssize_t size_of(const Scene& scene) {
  return static_cast<ssize_t>(scene.program.size());
}

void by_sendfile(const Scene& scene) {
  const auto source = hold_in_memory(scene.program);
  const auto file = create(scene.file);
  require(::sendfile(file.number(), source.number(), nullptr, scene.program.size()) == size_of(scene),
          "sendfile");
}

void by_splice(const Scene& scene) {
  const Pipe pipe;
  write_all(pipe.writer.number(), scene.program);
  const auto file = create(scene.file);
  require(::splice(pipe.reader.number(), nullptr, file.number(), nullptr, scene.program.size(), 0) ==
              size_of(scene),
          "splice");
}

void by_vmsplice_and_tee(const Scene& scene) {
  const Pipe first;
  const Pipe second;
  std::string bytes = scene.program;
  const struct iovec part{bytes.data(), bytes.size()};
  require(::vmsplice(first.writer.number(), &part, 1, 0) == size_of(scene), "vmsplice");
  require(::tee(first.reader.number(), second.writer.number(), bytes.size(), 0) == size_of(scene), "tee");
  const auto file = create(scene.file);
  require(
      ::splice(second.reader.number(), nullptr, file.number(), nullptr, bytes.size(), 0) == size_of(scene),
      "splice");
}

// What is copied has another name, where no program is expected.
std::string source_of(const Scene& scene) {
  return scene.directory + "/source";
}

// A block, and its first byte is not the program's: the source is no executable itself.
constexpr long block = 4096;
void make_source(const Scene& scene) {
  std::string bytes(block, 'x');
  bytes += scene.program;
  bytes.resize(2 * block);
  put(source_of(scene), bytes, 0644);
}

// EXDEV from the first call is what copy_file_range(2) says between file systems of different types.
void by_copy_file_range(const Scene& scene) {
  make_source(scene);
  const auto source = open_existing(source_of(scene), O_RDONLY);
  const auto file = create(scene.file);
  off_t offset = block;
  require(::copy_file_range(source.number(), &offset, file.number(), nullptr, scene.program.size(), 0) ==
              size_of(scene),
          "copy_file_range");
}

void by_clone_range(const Scene& scene) {
  make_source(scene);
  const auto source = open_existing(source_of(scene), O_RDONLY);
  const auto file = create(scene.file);
  const struct file_clone_range range{
      .src_fd = source.number(), .src_offset = block, .src_length = block, .dest_offset = 0};
  require(::ioctl(file.number(), FICLONERANGE, &range) == 0, "FICLONERANGE");
}

// The source is a program too, as with `cp --reflink`.
void by_clone(const Scene& scene) {
  put(source_of(scene), scene.program);
  const auto source = open_existing(source_of(scene), O_RDONLY);
  const auto file = create(scene.file);
  require(::ioctl(file.number(), FICLONE, source.number()) == 0, "FICLONE");
}

// It shares blocks that are equal already, so it brings nothing: the program is there before.
void by_deduplication(const Scene& scene) {
  std::string bytes = scene.program;
  bytes.resize(block);
  put(source_of(scene), bytes);
  put(scene.file, bytes);
  const auto source = open_existing(source_of(scene), O_RDONLY);
  const auto file = open_existing(scene.file, O_RDWR);
  std::vector<std::byte> memory(sizeof(file_dedupe_range) + sizeof(file_dedupe_range_info));
  auto* range = reinterpret_cast<struct file_dedupe_range*>(memory.data());
  range->src_length = block;
  range->dest_count = 1;
  range->info[0].dest_fd = file.number();
  require(::ioctl(source.number(), FIDEDUPERANGE, range) == 0, "FIDEDUPERANGE");
  errno = -range->info[0].status;
  require(range->info[0].status >= 0, "FIDEDUPERANGE");
}

constexpr std::array methods{
    Method{"sendfile", by_sendfile},
    Method{"splice", by_splice},
    Method{"vmsplice-tee", by_vmsplice_and_tee},
    Method{"copy-file-range", by_copy_file_range},
    Method{"ficlonerange", by_clone_range},
    Method{"ficlone", by_clone},
    Method{"fideduperange", by_deduplication},
};

}  // namespace

std::span<const Method> copies() {
  return methods;
}

}  // namespace dropwarden::test
