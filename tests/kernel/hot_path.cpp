// SPDX-License-Identifier: Apache-2.0
// What the way of an uninteresting event is allowed to take on the loop's thread: no memory, no lock, no
// path. A program of its own, since it counts calls of the C library by taking their names.
#include <fcntl.h>
#include <memory>
#include <optional>
#include <string>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "dropwarden/container/registry.hpp"
#include "dropwarden/monitor/monitor.hpp"
#include "dropwarden/privilege/privilege.hpp"

#include "counted_calls.hpp"
#include "support/child.hpp"
#include "support/overlay.hpp"
#include "support/private_mounts.hpp"

namespace dropwarden::test {
namespace {

class HotPath : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "SKIP privilege: needs root";
    if (const auto reason = try_enter_private_mounts()) GTEST_SKIP() << "SKIP privilege: " << *reason;
    overlay_.emplace(make_scratch_directory());
    // Before there are threads: AddressSanitizer may hold a lock for one of them when a child is made.
    writer_.emplace([this](Line& line) { write_forever(line); });
    privilege_ = privilege::make_direct({.host_process = ::getpid()});
    monitor_.emplace(loop_, *privilege_, nullptr, monitor::Settings{},
                     monitor::Monitor::Deliver{
                         .finding = [](const model::Finding&) { return monitor::Monitor::Delivery{}; },
                         .event = [](const model::WriteEvent&) { return monitor::Monitor::Delivery{}; }},
                     [](const std::string& why) { FAIL() << why; });
    monitor_->on_containers(std::make_shared<container::Snapshot>());
    monitor_->start();
    while (monitor_->marks() == 0) loop_.run_one();
    // What stands in the queue of the loop from the start is not the events'.
    loop_.run_for(std::chrono::milliseconds(300));
  }
  void TearDown() override {
    if (monitor_) monitor_->stop();
    loop_.run_for(std::chrono::milliseconds(50));
  }

  // What the loop's thread does for files that were written while it did nothing.
  Calls count(int files, const std::string& content) {
    writer_->line().tell(std::to_string(files) + ' ' + content);
    writer_->line().hear();
    const auto wanted = monitor_->ledger().received() + static_cast<std::uint64_t>(files);
    const Calls before = calls();
    while (monitor_->ledger().received() < wanted) loop_.run_one();
    return {.allocations = calls().allocations - before.allocations,
            .locks = calls().locks - before.locks,
            .paths = calls().paths - before.paths};
  }

  // As many files, of that content, as it is told.
  [[noreturn]] void write_forever(Line& line) const {
    while (true) {
      const std::string order = line.hear();
      const auto space = order.find(' ');
      const std::string content = order.substr(space + 1);
      const int files = std::stoi(order.substr(0, space));
      for (int i = 0; i < files; ++i) {
        const std::string path = overlay_->merged() + "/tmp/" + std::to_string(i);
        const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        require(file >= 0 && ::write(file, content.data(), content.size()) > 0, "write");
        ::close(file);
      }
      line.tell();
    }
  }

  std::optional<TestOverlay> overlay_;
  std::optional<Child> writer_;
  std::unique_ptr<privilege::Privilege> privilege_;
  boost::asio::io_context loop_{1};
  std::optional<monitor::Monitor> monitor_;
};

TEST_F(HotPath, OfAnUninterestingEventTakesNoMemoryNoLockAndNoPath) {
  // Text is asked for its mode as well.
  for (const std::string content : {"a line of a log\n", "\x01\x02 data"}) {
    count(400, content);
    const Calls few = count(10, content);
    const Calls many = count(2010, content);
    // Each time the loop turns it may take something, and on a busy machine it turns often; an event may not.
    constexpr long turns = 1000;
    EXPECT_LT(many.allocations - few.allocations, turns) << content;
    EXPECT_LT(many.locks - few.locks, turns) << content;
    EXPECT_LT(many.paths - few.paths, turns) << content;
  }
  EXPECT_GT(calls().allocations, 0) << "the counter counts nothing";
  EXPECT_GT(calls().locks, 0) << "the counter counts nothing";
  EXPECT_GT(calls().paths, 0) << "the counter counts nothing";
}

}  // namespace
}  // namespace dropwarden::test
