// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/mount/watcher.hpp"

#include <cerrno>
#include <fcntl.h>

#include <gtest/gtest.h>

#include "dropwarden/sys/file.hpp"

// What needs no privilege; that it wakes is in tests/kernel/mount_watcher.cpp.
namespace dropwarden::mount {
namespace {

sys::Fd open_own_table() {
  return sys::value_or_throw(sys::open_path("/proc/self/mountinfo", O_RDONLY));
}

TEST(Watcher, ReadsTheTableBeforeStartReturns) {
  boost::asio::io_context loop{1};
  std::vector<model::Mount> table;
  Watcher watcher(loop, open_own_table(), std::nullopt, [&](auto mounts) { table = mounts.value(); });
  watcher.start();
  EXPECT_FALSE(table.empty());
  watcher.stop();
  loop.run();  // ends: nothing waits any more
}

TEST(Watcher, ClosesItsTableWhenItStops) {
  boost::asio::io_context loop{1};
  auto table = open_own_table();
  const int number = table.number();
  Watcher watcher(loop, std::move(table), std::nullopt, [](const auto&) {});
  watcher.start();
  watcher.stop();
  EXPECT_EQ(::fcntl(number, F_GETFD), -1);
  EXPECT_EQ(errno, EBADF);
  loop.run();
}

TEST(Watcher, MayBeDestroyedByItsOwnCallback) {
  boost::asio::io_context loop{1};
  std::unique_ptr<Watcher> watcher;
  int readings = 0;
  watcher = std::make_unique<Watcher>(loop, open_own_table(), std::nullopt, [&](const auto&) {
    ++readings;
    watcher.reset();
  });
  watcher->start();
  loop.run();
  EXPECT_EQ(readings, 1);
}

TEST(Watcher, HandsAFailureToReadOn) {
  boost::asio::io_context loop{1};
  int error = 0;
  // A pipe can be polled like a table, but it has no offset.
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const sys::Fd writer(ends[1]);
  Watcher watcher(loop, sys::Fd(ends[0]), std::nullopt,
                  [&](const auto& mounts) { error = mounts.error().number; });
  watcher.start();
  EXPECT_EQ(error, ESPIPE);
}

}  // namespace
}  // namespace dropwarden::mount
