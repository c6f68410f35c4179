// SPDX-License-Identifier: Apache-2.0
// What dropwarden-findings(5) shows under EXAMPLES works.
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dropwarden/sink/format.hpp"

#include "sample.hpp"
#include "support/command.hpp"
#include "support/man_page.hpp"
#include "support/temporary_directory.hpp"

namespace dropwarden::sink {
namespace {

// A command is a line that begins with `jq`, and the lines after it.
std::vector<std::string> example_commands() {
  const test::ManPage page("dropwarden-findings.5");
  std::vector<std::string> commands;
  for (const std::string& line : page.section("EXAMPLES").literal) {
    if (line.starts_with("jq ")) {
      commands.push_back(line);
    } else if (!commands.empty()) {
      commands.back() += "\n" + line;
    }
  }
  return commands;
}

TEST(ManPage, HasExamplesThatFindSomething) {
  if (test::run_command({"sh", "-c", "command -v jq"}).output.empty())
    GTEST_SKIP() << "SKIP runtime: jq is not installed";
  const test::TemporaryDirectory directory;
  std::ofstream(directory.path() / "findings.jsonl") << format_native(sample_finding()) << '\n';
  const auto commands = example_commands();
  EXPECT_GE(commands.size(), 5U);
  for (const std::string& command : commands) {
    const auto run = test::run_command({"sh", "-c", "cd \"$0\" && " + command, directory.path()});
    EXPECT_NE(run.output, "") << command;
    EXPECT_EQ(run.error, "") << command;
  }
}

}  // namespace
}  // namespace dropwarden::sink
