// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "dropwarden/sys/file.hpp"
#include "dropwarden/sys/lease.hpp"

#include "kernel_test.hpp"
#include "support/child.hpp"
#include "support/overlay.hpp"
#include "support/private_mounts.hpp"

// A read lease that is refused tells that a file may still change without being opened again.
namespace dropwarden::test {
namespace {

using testing::SizeIs;

constexpr std::size_t page = 4096;

class Mapping {
 public:
  Mapping(int file, int protection, int flags) : memory_(::mmap(nullptr, page, protection, flags, file, 0)) {
    require(memory_ != MAP_FAILED, "mmap");
  }
  ~Mapping() { ::munmap(memory_, page); }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  void store(std::string_view bytes) const { std::memcpy(memory_, bytes.data(), bytes.size()); }

 private:
  void* memory_;
};

class Lease : public KernelTest {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    overlay_ = std::make_unique<TestOverlay>(make_scratch_directory());
    write_file(merged(), std::string(page, '\0'));
  }

  std::string merged() const { return overlay_->merged() + "/tmp/file"; }
  sys::Fd open(int flags) const { return sys::value_or_throw(sys::open_path(merged(), flags)); }
  // Of the upper file, which the host has.
  bool is_held() const {
    const auto upper = sys::value_or_throw(sys::open_path(overlay_->upper() + "/tmp/file", O_RDONLY));
    return sys::value_or_throw(sys::is_open_for_write(upper.number()));
  }

  std::unique_ptr<TestOverlay> overlay_;
};

TEST_F(Lease, IsRefusedWhileTheFileIsOpenForWriting) {
  EXPECT_FALSE(is_held());
  auto writer = open(O_WRONLY);
  EXPECT_TRUE(is_held());
  writer.reset();
  EXPECT_FALSE(is_held());
}

TEST_F(Lease, IsRefusedWhileAMappingCanBeStoredToAlsoOnceTheFileIsClosed) {
  auto file = open(O_RDWR);
  {
    const Mapping mapping(file.number(), PROT_READ | PROT_WRITE, MAP_SHARED);
    file.reset();
    EXPECT_TRUE(is_held());
  }
  EXPECT_FALSE(is_held());
}

TEST_F(Lease, IsRefusedForAMappingThatMayBeMadeWritableLater) {
  auto file = open(O_RDWR);
  const Mapping mapping(file.number(), PROT_READ, MAP_SHARED);
  file.reset();
  EXPECT_TRUE(is_held());
}

TEST_F(Lease, IsGivenWhereTheFileIsOnlyReadMappedAndExecuted) {
  auto file = open(O_RDONLY);
  const Mapping shared(file.number(), PROT_READ, MAP_SHARED);
  const Mapping own(file.number(), PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE);
  EXPECT_FALSE(is_held());
  file.reset();
  EXPECT_FALSE(is_held());
}

TEST_F(Lease, IsGivenBackAtOnce) {
  EXPECT_FALSE(is_held());
  EXPECT_TRUE(sys::open_path(merged(), O_WRONLY | O_NONBLOCK)) << "the lease is still there";
}

// Why only overlays need a second look: on others the mapping holds the file that was closed, and so its
// event.
TEST_F(Lease, IsNotNeededWhereAMappingHoldsTheFileItself) {
  const auto directory = make_scratch_directory();
  require(::mount("test", directory.c_str(), "tmpfs", 0, nullptr) == 0, "mount");
  TestGroup group(*privilege_, features_);
  group.mark(directory, TMPFS_MAGIC);
  auto file = sys::value_or_throw(sys::open_path(directory + "/file", O_RDWR | O_CREAT, 0755));
  ASSERT_EQ(::ftruncate(file.number(), page), 0);
  {
    const Mapping mapping(file.number(), PROT_READ | PROT_WRITE, MAP_SHARED);
    file.reset();
    EXPECT_THAT(group.read_queued(), SizeIs(0));
    mapping.store(make_elf());
  }
  {
    const auto events = group.read_queued();
    ASSERT_THAT(events, SizeIs(1));
    EXPECT_EQ(read_header(events[0].file), elf_magic);
  }
  EXPECT_EQ(::umount2(directory.c_str(), 0), 0);
}

// A later open and its close tell of themselves.
TEST_F(Lease, IsNotNeededWhereTheHeaderIsWrittenByALaterOpen) {
  TestGroup group(*privilege_, features_);
  group.mark(overlay_->merged());
  write_file(merged(), std::string(page, '\0'));
  EXPECT_THAT(group.read_queued(), SizeIs(1));
  {
    const auto file = open(O_WRONLY);
    require(::pwrite(file.number(), elf_magic.data(), elf_magic.size(), 0) == 4, "pwrite");
  }
  const auto events = group.read_queued();
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(read_header(events[0].file), elf_magic);
}

}  // namespace
}  // namespace dropwarden::test
