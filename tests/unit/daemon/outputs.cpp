// SPDX-License-Identifier: Apache-2.0
#include "daemon/outputs.hpp"

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/database.hpp"
#include "support/temporary_directory.hpp"
#include "support/wait.hpp"
#include "unit/monitor/refusing_privilege.hpp"
#include "unit/sink/sample.hpp"

namespace dropwarden::daemon {
namespace {

using testing::ElementsAre;

// What was said of records, by their revisions.
class Said {
 public:
  void add(const sink::Dispatcher::Told& told) {
    const std::lock_guard lock(mutex_);
    if (told.is_written) written_.push_back(told.revision);
  }
  std::vector<unsigned> written() const {
    const std::lock_guard lock(mutex_);
    return written_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<unsigned> written_;
};

class OutputsTest : public testing::Test {
 protected:
  config::Output file_output(config::Format format, const std::string& name = "file") const {
    config::Output output;
    output.type = config::OutputType::file;
    output.name = name;
    output.has_format = true;
    output.format = format;
    output.path = directory_.path() / (name + ".jsonl");
    return output;
  }
  Outputs open(const std::vector<config::Output>& outputs, store::Store* store = nullptr) {
    return Outputs(outputs, privilege_, store,
                   [this](const sink::Dispatcher::Told& told) { said.add(told); });
  }
  std::string database() const { return directory_.path() / "state.db"; }

  Said said;

 private:
  const test::TemporaryDirectory directory_;
  monitor::RefusingPrivilege privilege_;
};

model::Finding finding(unsigned revision) {
  auto finding = sink::sample_finding();
  finding.revision = revision;
  return finding;
}

TEST_F(OutputsTest, SayNothingOfARecordThatNoneOfThemTakes) {
  Outputs outputs = open({file_output(config::Format::ecs)});
  EXPECT_TRUE(outputs.deliver(finding(1)).is_wanted());
  EXPECT_FALSE(outputs.deliver(finding(2)).is_wanted());
  EXPECT_THAT(said.written(), ElementsAre(1U));
  auto late = finding(3);
  late.is_shown_late = true;
  EXPECT_TRUE(outputs.deliver(late).is_wanted());
  EXPECT_THAT(said.written(), ElementsAre(1U, 3U));
}

TEST_F(OutputsTest, SayThatARecordIsToldWhichOneOfThemTakes) {
  Outputs outputs = open({file_output(config::Format::ecs), file_output(config::Format::native, "all")});
  for (const unsigned revision : {1U, 2U}) EXPECT_TRUE(outputs.deliver(finding(revision)).is_wanted());
  EXPECT_THAT(said.written(), ElementsAre(1U, 2U));
}

// The disk takes nothing, and nor do the outputs.
TEST_F(OutputsTest, CountWhatIsInMemoryAloneWhenTheyEnd) {
  std::atomic<bool> is_degraded = false;
  store::Store store({.path = database()},
                     [&](const store::Store::Report& report) { is_degraded = report.is_degraded; });
  const test::HeldDatabase held(database());
  store.keep_alive(util::WallTime{});
  ASSERT_TRUE(test::wait_for([&] { return is_degraded.load(); }, std::chrono::seconds{30}));
  std::vector<config::Output> settings;
  for (const auto& [format, name] :
       {std::pair{config::Format::native, "one"}, std::pair{config::Format::ecs, "two"},
        std::pair{config::Format::tracee, "three"}}) {
    settings.push_back(file_output(format, name));
    settings.back().path = "/nowhere/at/all";
  }
  Outputs outputs = open(settings, &store);
  auto large = finding(1);
  large.event.file.path.assign(12'000, 'x');
  std::size_t delivered = 0;
  monitor::Monitor::Delivery last;
  while (said.written().size() == delivered && delivered < 2000) {
    last = outputs.deliver(large);
    ++delivered;
  }
  EXPECT_EQ(said.written().size(), delivered - 1) << "what the store has no room for is not told";
  EXPECT_EQ(last.lost, 0U) << "though memory has room for it";
  EXPECT_GT(outputs.finish(), 0U);
}

}  // namespace
}  // namespace dropwarden::daemon
