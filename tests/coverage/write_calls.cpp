// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "acting.hpp"
#include "method.hpp"
#include "support/child.hpp"

// write(2) and its kin.
namespace dropwarden::test {
namespace {

// For O_DIRECT and ranges of blocks.
constexpr long block = 4096;

void write(const Scene& scene) {
  put(scene.file, scene.program);
}

void write_single_bytes(const Scene& scene) {
  const auto file = create(scene.file);
  for (const char& byte : scene.program) write_all(file.number(), {&byte, 1});
}

void write_first_byte_last(const Scene& scene) {
  const auto file = create(scene.file);
  write_at(file.number(), std::string_view(scene.program).substr(1), 1);
  write_at(file.number(), std::string_view(scene.program).substr(0, 1), 0);
}

void pwrite_header_last(const Scene& scene) {
  const auto file = create(scene.file);
  write_at(file.number(), std::string_view(scene.program).substr(64), 64);
  write_at(file.number(), std::string_view(scene.program).substr(0, 64), 0);
}

void writev(const Scene& scene) {
  const auto file = create(scene.file);
  std::string bytes = scene.program;
  std::array<struct iovec, 3> parts{
      {{bytes.data(), 1}, {bytes.data() + 1, 2}, {bytes.data() + 3, bytes.size() - 3}}};
  require(::writev(file.number(), parts.data(), 3) > 0, "writev");
}

void pwritev2(const Scene& scene) {
  const auto file = create(scene.file);
  std::string bytes = scene.program;
  const struct iovec part{bytes.data(), bytes.size()};
  require(::pwritev2(file.number(), &part, 1, 0, RWF_DSYNC) > 0, "pwritev2");
}

// The position is not where the bytes go.
void append(const Scene& scene) {
  const auto file = create(scene.file, O_APPEND | O_SYNC);
  require(::lseek(file.number(), 100, SEEK_SET) == 100, "lseek");
  write_all(file.number(), scene.program);
}

void direct(const Scene& scene) {
  const auto file = create(scene.file, O_DIRECT);
  void* memory = ::mmap(nullptr, block, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  require(memory != MAP_FAILED, "mmap");
  std::memcpy(memory, scene.program.data(), scene.program.size());
  require(::write(file.number(), memory, block) == block, "write");
}

void allocate_first(const Scene& scene) {
  const auto file = create(scene.file);
  require(::fallocate(file.number(), 0, 0, 1 << 20) == 0, "fallocate");
  require(::ftruncate(file.number(), 1 << 20) == 0, "ftruncate");
  write_at(file.number(), scene.program, 0);
}

// The header is written where nobody looks, and moved to the start by taking away what is before it.
void collapse_range(const Scene& scene) {
  {
    put(scene.file, std::string(block, 'x') + scene.program, 0644);
    const auto file = open_existing(scene.file, O_RDWR);
    require(::ftruncate(file.number(), 2 * block) == 0, "ftruncate");
  }
  let_be_seen();
  const auto file = open_existing(scene.file, O_RDWR);
  require(::fallocate(file.number(), FALLOC_FL_COLLAPSE_RANGE, 0, block) == 0, "fallocate");
}

// A hole moves a text away, and the header comes into it.
void insert_range(const Scene& scene) {
  put(scene.file, std::string(block, 'x'), 0644);
  let_be_seen();
  const auto file = open_existing(scene.file, O_RDWR);
  require(::fallocate(file.number(), FALLOC_FL_INSERT_RANGE, 0, block) == 0, "fallocate");
  write_at(file.number(), scene.program, 0);
}

void later_open(const Scene& scene) {
  put(scene.file, std::string_view(scene.program).substr(0, 3), 0644);
  let_be_seen();
  const auto file = open_existing(scene.file, O_WRONLY | O_APPEND);
  write_all(file.number(), std::string_view(scene.program).substr(3));
}

void over_text(const Scene& scene) {
  put(scene.file, "text that nobody runs\n", 0644);
  let_be_seen();
  put(scene.file, scene.program);
}

void prepare_program(const Scene& scene) {
  put(scene.file, scene.program);
}

// A program that was there before is changed far behind its header.
void infection(const Scene& scene) {
  const auto file = open_existing(scene.file, O_RDWR);
  write_at(file.number(), "infected", static_cast<long>(scene.program.size()));
}

// truncate(2) has no descriptor that would be closed.
void cut(const std::string& path, std::size_t size) {
  require(::truncate(path.c_str(), static_cast<off_t>(size)) == 0, "truncate");
}

// The zeros behind it keep it from being a text.
void cut_to_text(const Scene& scene) {
  constexpr std::string_view text = "sleep 0.3\n";
  put(scene.file, std::string(text) + std::string(block, '\0'));
  let_be_seen();
  cut(scene.file, text.size());
}

// The rest of the header of a flat program (bFLT, version 4) may be zeros.
void extend_to_program(const Scene& scene) {
  put(scene.file, {"bFLT\0\0\0\4", 8});
  let_be_seen();
  cut(scene.file, block);
}

// A program of the image is another one without its last byte.
void cut_off_the_end(const Scene& scene) {
  cut(scene.file, scene.program.size() - 1);
}

constexpr std::array methods{
    Method{"write", write},
    Method{"write-single-bytes", write_single_bytes},
    Method{"write-first-byte-last", write_first_byte_last},
    Method{"pwrite-header-last", pwrite_header_last},
    Method{"writev", writev},
    Method{"pwritev2", pwritev2},
    Method{"append", append},
    Method{"o-direct", direct},
    Method{"fallocate-ftruncate", allocate_first},
    Method{"collapse-range", collapse_range},
    Method{"insert-range", insert_range},
    Method{"later-open", later_open},
    Method{"over-text", over_text},
    Method{"infection", infection, prepare_program},
    Method{"truncate-to-text", cut_to_text},
    Method{"truncate-to-program", extend_to_program},
    Method{"image-truncated", cut_off_the_end},
};

}  // namespace

std::span<const Method> write_calls() {
  return methods;
}

}  // namespace dropwarden::test
