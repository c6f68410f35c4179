// SPDX-License-Identifier: Apache-2.0
// What EXAMPLES of the manual pages show is run, beside a daemon of the test's own and with the finding that
// README.md shows. Left out are commands that never end, or that ask systemd or journald; the queries are for
// Prometheus, and promtool(1) reads them (`tests/run --packages`).
#include <filesystem>
#include <memory>
#include <regex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/command.hpp"
#include "support/daemon.hpp"
#include "support/file.hpp"
#include "support/free_port.hpp"
#include "support/man_page.hpp"
#include "support/requirements.hpp"
#include "support/temporary_directory.hpp"

namespace dropwarden::test {
namespace {

// The lines `.Dl # COMMAND` and `.Dl $ COMMAND`.
std::vector<std::string> commands_of(const std::string& page) {
  std::vector<std::string> commands;
  const ManPage parsed(page);
  for (const auto& line : parsed.section("EXAMPLES").lines)
    if (line.starts_with(".Dl # ") || line.starts_with(".Dl $ "))
      commands.push_back(plain_text(line.substr(6)));
  return commands;
}

// What stands between `.Bd` and `.Ed` there.
std::vector<std::string> displays_of(const std::string& page) {
  std::vector<std::string> displays;
  bool is_inside = false;
  const ManPage parsed(page);
  for (const auto& line : parsed.section("EXAMPLES").lines) {
    if (line.starts_with(".Bd ")) {
      is_inside = true;
      displays.emplace_back();
    } else if (line == ".Ed") {
      is_inside = false;
    } else if (is_inside) {
      displays.back() += plain_text(line) + "\n";
    }
  }
  return displays;
}

// The finding in README.md, which is a real one, as a line; in a pod and setuid, for whom examples ask for
// these.
std::string finding_of_readme() {
  const auto text = read_file(DROPWARDEN_SOURCE_DIRECTORY "/README.md");
  const std::string begin = "```json\n";
  const auto at = text.find(begin) + begin.size();
  const TemporaryDirectory directory;
  write_file(directory.path() / "finding", text.substr(at, text.find("```", at) - at));
  return require_command({"jq", "--compact-output",
                          R"(.event.container.pod = {"name": "web-1"} | .event.file.mode = "4755")",
                          directory.path() / "finding"}) +
         "\n";
}

bool asks_others(const std::string& command) {
  return command.find("systemctl ") != std::string::npos || command.starts_with("journalctl ");
}

class Examples : public testing::Test {
 protected:
  void SetUp() override {
    const auto missing = missing_requirement({"curl", "jq"});
    if (!missing.empty()) GTEST_SKIP() << missing;
    write_file(reader_.path() / "findings.jsonl", finding_of_readme());
    write_file(reader_.path() / "dropwarden.yaml", displays_of("dropwarden-policy.5").at(0));
    // With all that a daemon asks for to find it.
    address_ = "127.0.0.1:" + std::to_string(free_port());
    daemon_ =
        std::make_unique<Daemon>(place_.path(), std::vector<RuntimeSocket>{}, std::vector<std::string>{},
                                 "metrics: {listen: \"" + address_ + "\"}\n");
  }

  // The command for this test's daemon and files.
  std::string adapted(std::string command) const {
    command = std::regex_replace(command, std::regex(R"(127\.0\.0\.1:9476)"), address_);
    // `run` is held to its words: before a pipe or a redirection, with an option at its end that ends it at
    // once.
    if (command.starts_with("dropwarden run"))
      return command.substr(0, command.find_first_of("|>")) + " --help";
    return std::regex_replace(command, std::regex("dropwarden (containers|status|findings|report)"),
                              "$& --config " + daemon_->configuration_file());
  }
  CommandResult run(const std::string& command) const {
    // The copy that takes its place.
    write_file(reader_.path() / "new.yaml", read_file(reader_.path() / "dropwarden.yaml"));
    const std::string path = std::filesystem::path(dropwarden_binary()).parent_path();
    return run_command(
        {"bash", "-o", "pipefail", "-c", "cd " + reader_.path().string() + " && " + adapted(command)},
        {.environment = {"PATH=" + path + ":/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}});
  }

  TemporaryDirectory place_;
  TemporaryDirectory reader_;
  std::string address_;
  std::unique_ptr<Daemon> daemon_;
};

TEST_F(Examples, AreCommandsThatWork) {
  std::size_t ran = 0;
  for (const char* page :
       {"dropwarden.1", "dropwarden.8", "dropwarden-metrics.5", "dropwarden-policy.5", "dropwarden.yaml.5"}) {
    const auto commands = commands_of(page);
    EXPECT_FALSE(commands.empty()) << page;
    for (const auto& command : commands) {
      if (asks_others(command)) continue;
      const auto result = run(command);
      EXPECT_TRUE(result.status.is_success()) << page << ": " << command << '\n' << result.error;
      ++ran;
    }
  }
  EXPECT_GT(ran, 10U);
}

TEST_F(Examples, FindSomethingInTheFindingOfTheReadme) {
  const auto commands = displays_of("dropwarden-findings.5");
  EXPECT_GT(commands.size(), 5U);
  for (const auto& command : commands) {
    const auto result = run(command);
    EXPECT_TRUE(result.status.is_success()) << command << '\n' << result.error;
    EXPECT_NE(result.output, "") << command;
  }
}

TEST(Pages, HaveTheSectionsThatAReaderLooksFor) {
  for (const char* page : {"dropwarden.1", "dropwarden.8", "dropwarden.yaml.5", "dropwarden-policy.5",
                           "dropwarden-findings.5", "dropwarden-metrics.5"}) {
    const ManPage parsed(page);
    for (const char* section : {"FILES", "EXIT STATUS", "EXAMPLES", "SEE ALSO", "SECURITY CONSIDERATIONS"})
      EXPECT_NO_THROW(parsed.section(section));
  }
}

}  // namespace
}  // namespace dropwarden::test
