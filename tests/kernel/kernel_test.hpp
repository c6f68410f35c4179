// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <linux/magic.h>
#include <memory>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/sys/fd.hpp"
#include "dropwarden/watch/decoder.hpp"
#include "dropwarden/watch/features.hpp"

namespace dropwarden::test {

// A test of what the kernel promises. The program runs in private mounts; without the privilege for that,
// each test is skipped with the reason, or fails under CI=true.
class KernelTest : public testing::Test {
 protected:
  void SetUp() override;

  // The program's mounts are private: its mount table is not the one of the host's first process.
  std::unique_ptr<privilege::Privilege> privilege_ = privilege::make_direct({.host_process = ::getpid()});
  watch::Features features_;
};

// A record, with its file owned.
struct Event {
  watch::RawEvent record;
  sys::Fd file;
};

// An fanotify group that a test reads by itself.
class TestGroup {
 public:
  // As sensor A opens it: watch::group_flags.
  TestGroup(privilege::Privilege& privilege, const watch::Features& features);
  TestGroup(privilege::Privilege& privilege, unsigned flags, unsigned event_flags);

  int descriptor() const { return group_.number(); }
  // `mask` on the file system at `path`, a mount point.
  privilege::RootIdentity mark(const std::string& path, std::uint64_t type = OVERLAYFS_SUPER_MAGIC,
                               std::uint64_t mask = watch::close_write_mask());
  // All that is queued now. close(2) queues before it returns, so what a child did that has been waited for
  // is here.
  std::vector<Event> read_queued();
  sys::Fd release() { return std::move(group_); }

 private:
  privilege::Privilege& privilege_;
  sys::Fd group_;
};

inline constexpr std::string_view elf_magic =
    "\x7f"
    "ELF";
// 64 bytes that begin like an executable.
std::string make_elf();

// The first bytes of an event's file, as many as are there.
std::string read_header(const sys::Fd& file, std::size_t length = elf_magic.size());

// Creates or truncates, writes all, closes. Throws sys::SystemError.
void write_file(const std::string& path, std::string_view content);

}  // namespace dropwarden::test
