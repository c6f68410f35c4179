// SPDX-License-Identifier: Apache-2.0
// That the measurements can still be made. What they say is for `tests/bench/run` and a quiet machine.
#include <filesystem>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "support/command.hpp"
#include "support/file.hpp"
#include "support/requirements.hpp"
#include "support/temporary_directory.hpp"

namespace dropwarden::test {
namespace {

std::string program(const std::string& name) {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().string() + "/" + name;
}

// In mounts and process numbers of its own, as `tests/bench/run` runs them: other containers are not watched.
CommandResult run_alone(std::vector<std::string> arguments) {
  std::vector<std::string> all{"unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run_command(all);
}

TEST(BenchSmoke, MonitorsAreHeldAgainstNoneOnAJob) {
  if (::geteuid() != 0) GTEST_SKIP() << "SKIP privilege: needs root";
  const TemporaryDirectory directory;
  const std::string file = directory.path() / "results.json";
  const auto ran =
      run_alone({program("bench-whole"), "--scale", "0.01", "--rounds", "1", "--job", "tight creates",
                 "--monitor", "none", "--monitor", "bare", "--monitor", "dropwarden", "--json", file});
  ASSERT_TRUE(ran.status.is_success()) << ran.output << ran.error;
  const auto results = boost::json::parse(read_file(file));
  for (const char* monitor : {"none", "bare", "dropwarden"}) {
    const auto& cell = results.at_pointer("/jobs/tight creates/monitors").at(monitor);
    EXPECT_GT(cell.at_pointer("/cpu_ratio/median").to_number<double>(), 0) << monitor;
  }
  const auto& monitor_cpu =
      results.at_pointer("/jobs/tight creates/monitors/dropwarden/monitor_cpu_us/median");
  EXPECT_GT(monitor_cpu.to_number<double>(), 0);
}

TEST(BenchSmoke, AQueueIsWorkedOff) {
  if (::geteuid() != 0) GTEST_SKIP() << "SKIP privilege: needs root";
  const TemporaryDirectory directory;
  const std::string file = directory.path() / "results.json";
  const auto ran = run_alone({program("bench-drain"), "--events", "500", "--rounds", "1", "--json", file});
  ASSERT_TRUE(ran.status.is_success()) << ran.output << ran.error;
  const auto results = boost::json::parse(read_file(file));
  EXPECT_GT(results.at_pointer("/rate_ratio/median").to_number<double>(), 0);
}

}  // namespace
}  // namespace dropwarden::test
