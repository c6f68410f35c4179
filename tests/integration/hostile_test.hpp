// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <boost/json/value.hpp>

#include "coverage/box_test.hpp"
#include "support/child.hpp"
#include "support/daemon.hpp"
#include "support/usage.hpp"

namespace dropwarden::test {

// A container whose processes do their worst, and the monitor, which has to outlive it: it answers, it ends
// when it is told to with a balanced ledger, it names the right container, and it grows no more than a
// little.
class HostileTest : public BoxTest {
 protected:
  void SetUp() override;
  // Checks that the monitor is well, unless the test has failed already.
  void TearDown() override;

  // The container, then the monitor, which watches all its places once this has returned.
  void start(const std::string& configuration = {});
  // By this monitor. TearDown compares what it holds with now.
  void watch_by(std::unique_ptr<Daemon> daemon);
  // The monitor alone; `store` as of BoxTest::start_daemon.
  void start_monitor(const std::string& configuration = {}, const std::string& store = {});

  // A small program, of bytes of its own, into the container; any process may call it there.
  static void drop(const std::string& path);
  // The first record of a file of the container, by its path as the container has it, whatever its bytes.
  std::optional<Record> record_of(const std::string& path, std::chrono::milliseconds limit);
  std::string sensor_of(const std::string& path);

  // It answers, and tells of a drop that is made now.
  void expect_well();
  boost::json::value ask() const;
  // Of the ledger that it answers with.
  std::uint64_t count(std::string_view name) const;

  std::unique_ptr<Box> box_;
  std::unique_ptr<Daemon> daemon_;
  Usage before_;                                          // of a monitor that has had nothing to do
  std::uint64_t more_memory_ = std::uint64_t{32} << 20U;  // for what it may remember, in the end

 private:
  unsigned drops_ = 0;
};

}  // namespace dropwarden::test
