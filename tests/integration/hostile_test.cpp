// SPDX-License-Identifier: Apache-2.0
#include "hostile_test.hpp"

#include <utility>

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "dropwarden/util/escape.hpp"
#include "dropwarden/util/text.hpp"

#include "coverage/acting.hpp"
#include "coverage/program.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {

void HostileTest::SetUp() {
  BoxTest::SetUp();
  if (!IsSkipped()) box_ = make_box("box");
}

void HostileTest::TearDown() {
  if (daemon_ && !HasFailure()) {
    expect_well();
    expect_bounded(*daemon_, before_, more_memory_);
    EXPECT_TRUE(daemon_->stop().is_success()) << "it did not end within 10 s";
    EXPECT_EQ(daemon_->ledger()["balanced"], 1U) << daemon_->log().substr(0, 10'000);
  }
  daemon_.reset();
  box_.reset();
  BoxTest::TearDown();
}

void HostileTest::start(const std::string& configuration) {
  box_->start();
  start_monitor(configuration);
  ASSERT_TRUE(is_watched(*daemon_, *box_)) << daemon_->report();
}

void HostileTest::watch_by(std::unique_ptr<Daemon> daemon) {
  daemon_ = std::move(daemon);
  before_ = read_usage(*daemon_);
}

void HostileTest::start_monitor(const std::string& configuration, const std::string& store) {
  watch_by(start_daemon(configuration, store));
}

void HostileTest::drop(const std::string& path) {
  put(path, make_program(path));
}

std::optional<Record> HostileTest::record_of(const std::string& path, std::chrono::milliseconds limit) {
  return daemon_->wait_for_record(
      [&](const Record& record) {
        return container_of(record) == box_->id() && util::unescape(path_of(record)) == path;
      },
      limit);
}

std::string HostileTest::sensor_of(const std::string& path) {
  const auto record = record_of(path, 30s);
  return record ? text_at(*record, "/detected_by") : "none";
}

void HostileTest::expect_well() {
  ASSERT_TRUE(daemon_->is_running());
  EXPECT_TRUE(ask().is_object());
  // A walk that is under way may come by between the write and its event.
  constexpr int tries = 5;
  std::string sensor = "scan";
  for (int i = 0; i < tries && sensor == "scan"; ++i) {
    const auto path = fmt::format("/c/well{}", ++drops_);
    box_->run([&] { drop(path); });
    sensor = sensor_of(path);
  }
  EXPECT_EQ(sensor, "close_write") << daemon_->log().substr(0, 10'000);
}

boost::json::value HostileTest::ask() const {
  boost::system::error_code error;
  auto answer = boost::json::parse(daemon_->report(), error);
  return error ? boost::json::value{} : answer;
}

std::uint64_t HostileTest::count(std::string_view name) const {
  const auto answer = ask();
  if (!answer.is_object()) return 0;
  const auto text = text_at(answer, fmt::format("/ledger/{}", name));
  return util::parse_number<std::uint64_t>(text).value_or(0);
}

}  // namespace dropwarden::test
