// SPDX-License-Identifier: Apache-2.0
#include "daemon/outputs.hpp"

#include <mutex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temporary_directory.hpp"
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
  Outputs open(const std::vector<config::Output>& outputs) {
    return Outputs(outputs, privilege_, nullptr,
                   [this](const sink::Dispatcher::Told& told) { said.add(told); });
  }

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

}  // namespace
}  // namespace dropwarden::daemon
