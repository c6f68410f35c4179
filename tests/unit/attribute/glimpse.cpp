// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/attribute/process.hpp"

namespace dropwarden::attribute {
namespace {

using namespace std::chrono_literals;
using model::Pid;
using testing::Contains;
using testing::Not;

model::ProcessInfo named(const char* name, std::chrono::seconds start) {
  model::ProcessInfo process;
  process.pid = {7};
  process.name = name;
  process.exe = "/bin/cp";
  process.cgroup = "0::/docker/x\n";
  process.uid = 0;
  process.pid_in_container = {3};
  process.start_time = util::WallTime{start};
  return process;
}

TEST(GlimpseProcess, ReadsNothingThatTheProcessCanMakeSlow) {
  std::vector<ProcFile> asked;
  const auto read = [&](Pid, ProcFile file) -> sys::Result<std::string> {
    asked.push_back(file);
    if (file == ProcFile::stat) return "7 (cp) R 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 500 0 0\n";
    if (file == ProcFile::exe) return "/bin/cp";
    return std::unexpected(sys::Error{"read", "", ENOENT});
  };
  const auto process = glimpse_process(one_by_one(read), {7});
  EXPECT_EQ(process.name, "cp");
  EXPECT_EQ(process.exe, "/bin/cp");
  EXPECT_NE(process.start_time, util::WallTime{});
  EXPECT_EQ(process.parent, Pid{1});
  EXPECT_THAT(asked, Not(Contains(ProcFile::cmdline))) << "reads the memory of the process";
}

TEST(CompleteProcess, KeepsTheFirstLookAtAProcessThatIsGoneSince) {
  model::ProcessInfo gone;
  gone.pid = {7};
  const auto process = complete_process(named("cp", 5s), gone);
  EXPECT_EQ(process.name, "cp");
  EXPECT_EQ(process.exe, "/bin/cp");
  EXPECT_EQ(process.pid_in_container, Pid{3});
  EXPECT_EQ(process.state, model::ProcessState::exited);
}

TEST(CompleteProcess, TakesTheLaterLookAtTheSameProcess) {
  auto later = named("cp", 5s);
  later.command_line = {"cp", "a", "b"};
  later.state = model::ProcessState::running;
  const auto process = complete_process(named("sh", 5s), later);
  EXPECT_EQ(process.name, "cp") << "it may have called execve(2) meanwhile";
  EXPECT_EQ(process.command_line.size(), 3U);
}

TEST(CompleteProcess, KeepsTheParentThatStartedIt) {
  auto first = named("cp", 5s);
  first.parent = {6};
  first.pid_namespace = 77;
  auto later = named("cp", 5s);
  later.parent = {1};
  later.parent_in_container = {1};
  const auto adopted = complete_process(first, later);
  EXPECT_EQ(adopted.parent, Pid{6});
  EXPECT_EQ(adopted.parent_in_container, Pid{}) << "that is another's";
  EXPECT_EQ(adopted.pid_namespace, 77U);
  later.parent = {6};
  EXPECT_EQ(complete_process(first, later).parent_in_container, Pid{1});
}

TEST(CompleteProcess, DoesNotMixTwoProcessesOnOneNumber) {
  const auto process = complete_process(named("cp", 5s), named("other", 9s));
  EXPECT_EQ(process.name, "cp");
}

TEST(CompleteProcess, TakesNothingOfALaterLookWhenTheNumberWasFreeAtTheFirst) {
  model::ProcessInfo gone;
  gone.pid = {7};
  const auto process = complete_process(gone, named("innocent", 5s));
  EXPECT_EQ(process.name, "");
  EXPECT_EQ(process.exe, "");
  EXPECT_EQ(process.pid, Pid{7});
  EXPECT_EQ(process.state, model::ProcessState::exited);
}

}  // namespace
}  // namespace dropwarden::attribute
