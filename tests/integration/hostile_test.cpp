// SPDX-License-Identifier: Apache-2.0
#include "hostile_test.hpp"

#include <unistd.h>

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/escape.hpp"
#include "dropwarden/util/text.hpp"

#include "coverage/acting.hpp"
#include "coverage/program.hpp"
#include "support/process_family.hpp"
#include "support/process_holdings.hpp"
#include "support/sanitizer.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

std::chrono::milliseconds processor_time(pid_t pid) {
  const auto stat = sys::read_file(fmt::format("/proc/{}/stat", pid), 4096).value_or("");
  // utime and stime are the 14th and the 15th field, the 12th and 13th behind the name (proc(5)).
  const auto fields = util::split(std::string_view(stat).substr(std::min(stat.rfind(')'), stat.size())), ' ');
  std::uint64_t ticks = 0;
  for (const std::size_t field : {12U, 13U}) {
    if (field < fields.size()) ticks += util::parse_number<std::uint64_t>(fields[field]).value_or(0);
  }
  return std::chrono::milliseconds(ticks * 1000 / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK)));
}

}  // namespace

Usage read_usage(const Daemon& daemon) {
  Usage usage;
  for (const pid_t pid : read_family(daemon.pid())) {
    usage.memory += anonymous_memory(pid);
    usage.processor += processor_time(pid);
    usage.descriptors += count_descriptors(pid);
  }
  return usage;
}

void HostileTest::SetUp() {
  BoxTest::SetUp();
  if (!IsSkipped()) box_ = make_box("box");
}

void HostileTest::TearDown() {
  if (daemon_ && !HasFailure()) {
    expect_well();
    EXPECT_TRUE(daemon_->stop().is_success()) << "it did not end within 10 s";
    EXPECT_EQ(daemon_->ledger()["balanced"], 1U) << daemon_->log().substr(0, 10'000);
  }
  daemon_.reset();
  box_.reset();
  BoxTest::TearDown();
}

void HostileTest::start(const std::string& configuration) {
  box_->start();
  daemon_ = start_daemon(configuration);
  ASSERT_TRUE(is_watched(*daemon_, *box_)) << daemon_->report();
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

void HostileTest::expect_bounded(const Usage& before, std::uint64_t more_memory) const {
  constexpr std::size_t more_descriptors = 32;
  const auto is_bounded = [&] {
    const Usage now = read_usage(*daemon_);
    return now.memory < before.memory + sanitizer_factor * more_memory &&
           now.descriptors < before.descriptors + more_descriptors;
  };
  EXPECT_TRUE(wait_for(is_bounded, 20s))
      << fmt::format("memory {} then {}, descriptors {} then {}", before.memory, read_usage(*daemon_).memory,
                     before.descriptors, read_usage(*daemon_).descriptors);
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
