// SPDX-License-Identifier: Apache-2.0
#include "ring.hpp"

#include <atomic>
#include <cerrno>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "support/child.hpp"

namespace dropwarden::test {
namespace {

// As long as one entry's queues can be.
constexpr std::size_t mapping_size = 4096;

void* map(int ring, off_t which) {
  void* memory =
      ::mmap(nullptr, mapping_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, which);
  require(memory != MAP_FAILED, "mmap");
  return memory;
}

template <class T = unsigned>
T& at(void* memory, unsigned offset) {
  return *reinterpret_cast<T*>(static_cast<char*>(memory) + offset);
}

}  // namespace

Ring::Ring() : ring_(static_cast<int>(::syscall(SYS_io_uring_setup, 1, &parameters_))) {
  require(ring_.number() >= 0, "io_uring_setup");
  // Both queues in one mapping: IORING_FEAT_SINGLE_MMAP, Linux 5.4.
  queues_ = map(ring_.number(), IORING_OFF_SQ_RING);
  entries_ = map(ring_.number(), IORING_OFF_SQES);
}

Ring::~Ring() {
  ::munmap(queues_, mapping_size);
  ::munmap(entries_, mapping_size);
}

void Ring::make_room_for_direct_descriptor() {
  const int empty = -1;
  require(::syscall(SYS_io_uring_register, ring_.number(), IORING_REGISTER_FILES, &empty, 1) == 0,
          "io_uring_register");
}

void Ring::register_buffer(std::string& bytes) {
  const struct iovec buffer{bytes.data(), bytes.size()};
  require(::syscall(SYS_io_uring_register, ring_.number(), IORING_REGISTER_BUFFERS, &buffer, 1) == 0,
          "io_uring_register");
}

int Ring::run(const struct io_uring_sqe& entry) {
  at<struct io_uring_sqe>(entries_, 0) = entry;
  at(queues_, parameters_.sq_off.array) = 0;
  std::atomic_ref(at(queues_, parameters_.sq_off.tail)).fetch_add(1, std::memory_order_release);
  require(::syscall(SYS_io_uring_enter, ring_.number(), 1, 1, IORING_ENTER_GETEVENTS, nullptr, 0) == 1,
          "io_uring_enter");
  auto& head = at(queues_, parameters_.cq_off.head);
  const unsigned mask = at(queues_, parameters_.cq_off.ring_mask);
  const auto& done = at<struct io_uring_cqe>(
      queues_, parameters_.cq_off.cqes + (head & mask) * static_cast<unsigned>(sizeof(struct io_uring_cqe)));
  const int result = done.res;
  std::atomic_ref(head).fetch_add(1, std::memory_order_release);
  errno = -result;
  require(result >= 0, "io_uring");
  return result;
}

}  // namespace dropwarden::test
