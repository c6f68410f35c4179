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

namespace dropwarden::test {

// What the processes of a daemon hold, all of them together: itself and its children, however many it is made
// of.
struct Usage {
  std::uint64_t memory = 0;  // bytes, RssAnon of proc(5)
  std::size_t descriptors = 0;
  std::chrono::milliseconds processor{};  // user and system time so far
};
Usage read_usage(const Daemon& daemon);

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

  // A small program, of bytes of its own, into the container; any process may call it there.
  static void drop(const std::string& path);
  // The first record of a file of the container, by its path as the container has it, whatever its bytes.
  std::optional<Record> record_of(const std::string& path, std::chrono::milliseconds limit);
  std::string sensor_of(const std::string& path);

  // It answers, and tells of a drop that is made now.
  void expect_well();
  // No more of anything than a monitor has that had nothing to do, and some for what it may remember.
  void expect_bounded(const Usage& before, std::uint64_t more_memory) const;
  boost::json::value ask() const;
  // Of the ledger that it answers with.
  std::uint64_t count(std::string_view name) const;

  std::unique_ptr<Box> box_;
  std::unique_ptr<Daemon> daemon_;

 private:
  unsigned drops_ = 0;
};

}  // namespace dropwarden::test
