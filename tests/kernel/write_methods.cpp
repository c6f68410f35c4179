// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "dropwarden/sys/file.hpp"

#include "kernel_test.hpp"
#include "support/child.hpp"
#include "support/container_root.hpp"
#include "support/overlay.hpp"
#include "support/private_mounts.hpp"

// FAN_CLOSE_WRITE tells of a new file however it was written, and its descriptor then shows what is in it.
namespace dropwarden::test {
namespace {

constexpr const char* target = "/tmp/dropped";

sys::Fd create(int flags = 0) {
  return sys::value_or_throw(sys::open_path(target, O_RDWR | O_CREAT | flags, 0755));
}

void write_all(int file, std::string_view bytes) {
  require(::write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()), "write");
}

void by_write() {
  write_file(target, make_elf());
}

void by_single_bytes() {
  const auto file = create();
  for (const char byte : make_elf()) write_all(file.number(), {&byte, 1});
}

void by_pwrite_header_last() {
  const auto file = create();
  const auto content = make_elf();
  require(::pwrite(file.number(), content.data() + 4, content.size() - 4, 4) > 0, "pwrite");
  require(::pwrite(file.number(), content.data(), 4, 0) == 4, "pwrite");
}

void by_ftruncate_and_pwrite() {
  const auto file = create();
  const auto content = make_elf();
  require(::ftruncate(file.number(), 1 << 20) == 0, "ftruncate");
  require(::pwrite(file.number(), content.data(), content.size(), 0) > 0, "pwrite");
}

void by_writev() {
  const auto file = create();
  auto content = make_elf();
  struct iovec parts[] = {{content.data(), 1}, {content.data() + 1, content.size() - 1}};
  require(::writev(file.number(), parts, 2) > 0, "writev");
}

void by_append() {
  write_all(create(O_APPEND).number(), make_elf());
}

void by_shared_mapping_closed_last() {
  const auto file = create();
  const auto content = make_elf();
  require(::ftruncate(file.number(), 4096) == 0, "ftruncate");
  void* memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file.number(), 0);
  require(memory != MAP_FAILED, "mmap");
  std::memcpy(memory, content.data(), content.size());
  require(::munmap(memory, 4096) == 0, "munmap");
}

void by_sendfile() {
  const sys::Fd source(::memfd_create("source", MFD_CLOEXEC));
  write_all(source.number(), make_elf());
  const auto file = create();
  off_t offset = 0;
  require(::sendfile(file.number(), source.number(), &offset, 64) == 64, "sendfile");
}

void by_splice() {
  int ends[2];
  require(::pipe2(ends, O_CLOEXEC) == 0, "pipe2");
  const sys::Fd reader(ends[0]);
  const sys::Fd writer(ends[1]);
  write_all(writer.number(), make_elf());
  const auto file = create();
  require(::splice(reader.number(), nullptr, file.number(), nullptr, 64, 0) == 64, "splice");
}

// From a file of the image, which no event tells of.
void by_copy_file_range() {
  const auto source = sys::value_or_throw(sys::open_path("/etc/image-elf", O_RDONLY));
  const auto file = create();
  require(::copy_file_range(source.number(), nullptr, file.number(), nullptr, 64, 0) == 64,
          "copy_file_range");
}

void by_unnamed_file_linked_later() {
  const auto file = sys::value_or_throw(sys::open_path("/tmp", O_TMPFILE | O_RDWR, 0755));
  write_all(file.number(), make_elf());
  require(::linkat(file.number(), "", AT_FDCWD, target, AT_EMPTY_PATH) == 0, "linkat");
}

void by_rename_before_close() {
  const auto file = sys::value_or_throw(sys::open_path("/tmp/part", O_WRONLY | O_CREAT, 0755));
  write_all(file.number(), make_elf());
  require(::rename("/tmp/part", target) == 0, "rename");
}

void by_rename_after_close() {
  write_file("/tmp/part", make_elf());
  require(::rename("/tmp/part", target) == 0, "rename");
}

void by_unlink_before_close() {
  const auto file = create();
  write_all(file.number(), make_elf());
  require(::unlink(target) == 0, "unlink");
}

void by_a_writer_that_is_killed() {
  const pid_t writer = ::fork();
  if (writer == 0) {
    const auto file = create();
    write_all(file.number(), make_elf());
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  require(::waitpid(writer, &status, 0) == writer, "waitpid");
}

void by_a_child_that_closes_last() {
  int ends[2];
  require(::pipe2(ends, O_CLOEXEC) == 0, "pipe2");
  sys::Fd reader(ends[0]);
  sys::Fd writer(ends[1]);
  auto file = create();
  const pid_t child = ::fork();
  if (child == 0) {
    writer.reset();
    char byte = 0;
    ::_exit(::read(reader.number(), &byte, 1) == 0 ? 0 : 1);
  }
  write_all(file.number(), make_elf());
  file.reset();
  writer.reset();
  int status = 0;
  require(::waitpid(child, &status, 0) == child, "waitpid");
}

void by_direct_io() {
  const auto file = create(O_DIRECT);
  void* memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  require(memory != MAP_FAILED, "mmap");
  std::memcpy(memory, elf_magic.data(), elf_magic.size());
  require(::write(file.number(), memory, 4096) == 4096, "write");
}

void by_rewriting_a_file_of_the_image() {
  write_file("/etc/image-text", make_elf());
  require(::rename("/etc/image-text", target) == 0, "rename");
}

struct Method {
  const char* name;
  void (*write)();
};

class WriteMethod : public KernelTest, public testing::WithParamInterface<Method> {};

TEST_P(WriteMethod, EndsInOneCloseWriteEventThatShowsTheHeader) {
  TestOverlay overlay(make_scratch_directory());
  write_file(overlay.lower() + "/etc/image-elf", make_elf());
  write_file(overlay.lower() + "/etc/image-text", "text");
  TestGroup group(*privilege_, features_);
  group.mark(overlay.merged());
  Child container([&](Line& line) {
    enter_container_root(overlay.merged());
    try {
      GetParam().write();
      line.tell("written");
    } catch (const sys::SystemError& error) {
      const bool is_unsupported = error.error().number == EOPNOTSUPP || error.error().number == EINVAL;
      if (!is_unsupported) throw;
      line.tell(error.what());
    }
  });
  const std::string outcome = container.line().hear();
  ASSERT_TRUE(container.wait());
  if (outcome != "written")
    GTEST_SKIP() << "SKIP kernel: not on this kernel's overlay over tmpfs: " << outcome;
  const auto events = group.read_queued();
  ASSERT_EQ(events.size(), 1U);
  ASSERT_EQ(events[0].record.type, watch::RawEvent::Type::file);
  EXPECT_EQ(read_header(events[0].file), elf_magic);
}

INSTANTIATE_TEST_SUITE_P(Of, WriteMethod,
                         testing::Values(Method{"Write", by_write}, Method{"SingleBytes", by_single_bytes},
                                         Method{"PwriteHeaderLast", by_pwrite_header_last},
                                         Method{"FtruncateAndPwrite", by_ftruncate_and_pwrite},
                                         Method{"Writev", by_writev}, Method{"Append", by_append},
                                         Method{"SharedMappingClosedLast", by_shared_mapping_closed_last},
                                         Method{"Sendfile", by_sendfile}, Method{"Splice", by_splice},
                                         Method{"CopyFileRange", by_copy_file_range},
                                         Method{"UnnamedFileLinkedLater", by_unnamed_file_linked_later},
                                         Method{"RenameBeforeClose", by_rename_before_close},
                                         Method{"RenameAfterClose", by_rename_after_close},
                                         Method{"UnlinkBeforeClose", by_unlink_before_close},
                                         Method{"WriterThatIsKilled", by_a_writer_that_is_killed},
                                         Method{"ChildThatClosesLast", by_a_child_that_closes_last},
                                         Method{"DirectIo", by_direct_io},
                                         Method{"RewritingAFileOfTheImage",
                                                by_rewriting_a_file_of_the_image}),
                         [](const auto& method) { return method.param.name; });

}  // namespace
}  // namespace dropwarden::test
