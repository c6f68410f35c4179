// SPDX-License-Identifier: Apache-2.0
// Who closes a file is not always who wrote it.
#include <cerrno>
#include <fcntl.h>
#include <string>

#include <gmock/gmock.h>

#include "coverage/ring.hpp"
#include "kernel_test.hpp"
#include "support/child.hpp"
#include "support/container_root.hpp"
#include "support/overlay.hpp"
#include "support/private_mounts.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

class LateWriter : public KernelTest {};

std::uint64_t address_of(const char* text) {
  return reinterpret_cast<std::uint64_t>(text);
}

// A descriptor of the ring (`file_index`, io_uring_enter(2), Linux 5.15) that the process leaves open: a
// worker of the kernel closes it once the process has gone, so the event names that worker and nobody of the
// container.
void write_and_leave_open() {
  const std::string content = make_elf();
  Ring ring;
  ring.make_room_for_direct_descriptor();
  struct io_uring_sqe opening{};
  opening.opcode = IORING_OP_OPENAT;
  opening.fd = AT_FDCWD;
  opening.addr = address_of("/tmp/dropped");
  opening.len = 0755;
  opening.open_flags = O_WRONLY | O_CREAT;
  opening.file_index = 1;
  ring.run(opening);
  struct io_uring_sqe writing{};
  writing.opcode = IORING_OP_WRITE;
  writing.flags = IOSQE_FIXED_FILE;
  writing.addr = address_of(content.data());
  writing.len = static_cast<unsigned>(content.size());
  ring.run(writing);
}

TEST_F(LateWriter, IsTheKernelWhereARingIsLeftWithAnOpenFile) {
  TestOverlay overlay(make_scratch_directory());
  TestGroup group(*privilege_, features_);
  group.mark(overlay.merged());
  Child container([&](Line& line) {
    enter_container_root(overlay.merged());
    try {
      write_and_leave_open();
      line.tell("written");
    } catch (const sys::SystemError& error) {
      const int number = error.error().number;
      if (number != ENOSYS && number != EPERM && number != EINVAL) throw;
      line.tell(error.what());
    }
  });
  const int writer = container.pid();
  const std::string outcome = container.line().hear();
  ASSERT_TRUE(container.wait());
  if (outcome != "written") GTEST_SKIP() << "SKIP kernel: no direct descriptors of io_uring: " << outcome;
  std::vector<Event> events;
  ASSERT_TRUE(wait_for(
      [&] {
        for (Event& event : group.read_queued()) events.push_back(std::move(event));
        return !events.empty();
      },
      10s));
  EXPECT_NE(events[0].record.pid.value, writer);
  EXPECT_EQ(read_header(events[0].file), elf_magic);
}

}  // namespace
}  // namespace dropwarden::test
