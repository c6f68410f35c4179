// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdint>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "acting.hpp"
#include "method.hpp"
#include "ring.hpp"
#include "support/child.hpp"

// Writes that the kernel makes when it gets to it: io_uring(7), io_submit(2).
namespace dropwarden::test {
namespace {

std::uint64_t address_of(const void* memory) {
  return reinterpret_cast<std::uint64_t>(memory);
}

struct io_uring_sqe write_entry(int file, const std::string& bytes) {
  struct io_uring_sqe entry{};
  entry.opcode = IORING_OP_WRITE;
  entry.fd = file;
  entry.addr = address_of(bytes.data());
  entry.len = static_cast<unsigned>(bytes.size());
  return entry;
}

struct io_uring_sqe open_entry(const Scene& scene) {
  struct io_uring_sqe entry{};
  entry.opcode = IORING_OP_OPENAT;
  entry.fd = AT_FDCWD;
  entry.addr = address_of(scene.file.c_str());
  entry.len = 0755;
  entry.open_flags = O_WRONLY | O_CREAT;
  return entry;
}

void ring_write(const Scene& scene) {
  Ring ring;
  auto opening = open_entry(scene);
  const sys::Fd file(ring.run(opening));
  ring.run(write_entry(file.number(), scene.program));
}

// The magic number is in no part whole.
void ring_writev(const Scene& scene) {
  Ring ring;
  const auto file = create(scene.file);
  std::string bytes = scene.program;
  const std::array<struct iovec, 2> parts{{{bytes.data(), 2}, {bytes.data() + 2, bytes.size() - 2}}};
  struct io_uring_sqe entry{};
  entry.opcode = IORING_OP_WRITEV;
  entry.fd = file.number();
  entry.addr = address_of(parts.data());
  entry.len = parts.size();
  ring.run(entry);
}

void ring_write_fixed(const Scene& scene) {
  std::string bytes = scene.program;
  Ring ring;
  ring.register_buffer(bytes);
  const auto file = create(scene.file);
  auto entry = write_entry(file.number(), bytes);
  entry.opcode = IORING_OP_WRITE_FIXED;
  ring.run(entry);
}

// Linux 5.7.
void ring_splice(const Scene& scene) {
  constexpr auto current_position = static_cast<std::uint64_t>(-1);
  const Pipe pipe;
  write_all(pipe.writer.number(), scene.program);
  Ring ring;
  const auto file = create(scene.file);
  struct io_uring_sqe entry{};
  entry.opcode = IORING_OP_SPLICE;
  entry.fd = file.number();
  entry.off = current_position;
  entry.splice_fd_in = pipe.reader.number();
  entry.splice_off_in = current_position;
  entry.len = static_cast<unsigned>(scene.program.size());
  ring.run(entry);
}

// It has no number in the process: `file_index`, Linux 5.15.
void write_direct(Ring& ring, const Scene& scene) {
  ring.make_room_for_direct_descriptor();
  auto opening = open_entry(scene);
  opening.file_index = 1;
  ring.run(opening);
  auto writing = write_entry(0, scene.program);
  writing.flags = IOSQE_FIXED_FILE;
  ring.run(writing);
}

void ring_direct(const Scene& scene) {
  Ring ring;
  write_direct(ring, scene);
  struct io_uring_sqe closing{};
  closing.opcode = IORING_OP_CLOSE;
  closing.file_index = 1;
  ring.run(closing);
}

// Closed by a worker of the kernel, some time after the process has ended.
void ring_never_closed(const Scene& scene) {
  Ring ring;
  write_direct(ring, scene);
}

void submitted(const Scene& scene) {
  const auto file = create(scene.file);
  aio_context_t context = 0;
  require(::syscall(SYS_io_setup, 1, &context) == 0, "io_setup");
  struct iocb request{};
  request.aio_lio_opcode = IOCB_CMD_PWRITE;
  request.aio_fildes = static_cast<unsigned>(file.number());
  request.aio_buf = address_of(scene.program.data());
  request.aio_nbytes = scene.program.size();
  struct iocb* requests[] = {&request};
  require(::syscall(SYS_io_submit, context, 1, requests) == 1, "io_submit");
  struct io_event event{};
  require(::syscall(SYS_io_getevents, context, 1, 1, &event, nullptr) == 1, "io_getevents");
  require(::syscall(SYS_io_destroy, context) == 0, "io_destroy");
}

constexpr std::array methods{
    Method{"io-uring", ring_write},
    Method{"io-uring-direct", ring_direct},
    Method{"io-uring-never-closed", ring_never_closed},
    Method{"io-uring-writev", ring_writev},
    Method{"io-uring-write-fixed", ring_write_fixed},
    Method{"io-uring-splice", ring_splice},
    Method{"io-submit", submitted},
};

}  // namespace

std::span<const Method> asynchronous_calls() {
  return methods;
}

}  // namespace dropwarden::test
