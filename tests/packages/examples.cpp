// SPDX-License-Identifier: Apache-2.0
// What EXAMPLES of the manual pages show is run, beside a daemon of the test's own. Left out are commands
// that never end, or that ask for systemd, journald or a program that the reader has.
#include <filesystem>
#include <iostream>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/command.hpp"
#include "support/daemon.hpp"
#include "support/file.hpp"
#include "support/man_page.hpp"
#include "support/requirements.hpp"
#include "support/temporary_directory.hpp"

namespace dropwarden::test {
namespace {

// The lines `.Dl # COMMAND` and `.Dl $ COMMAND`.
std::vector<std::string> commands_of(const std::string& page) {
  std::vector<std::string> commands;
  const ManPage parsed(page);
  for (const auto& line : parsed.section("EXAMPLES").lines) {
    if (!line.starts_with(".Dl # ") && !line.starts_with(".Dl $ ")) continue;
    auto command = line.substr(6);
    command = std::regex_replace(command, std::regex(R"(\\\(aq)"), "'");
    commands.push_back(std::regex_replace(command, std::regex(R"(\\\(dq)"), "\""));
  }
  return commands;
}

// The first display of EXAMPLES: a configuration, which its commands name dropwarden.yaml.
std::string configuration_of(const std::string& page) {
  const ManPage parsed(page);
  std::string text;
  bool is_inside = false;
  for (const auto& line : parsed.section("EXAMPLES").lines) {
    if (line == ".Ed") break;
    if (is_inside) text += line + "\n";
    if (line.starts_with(".Bd ")) is_inside = true;
  }
  return text;
}

// `run` is held to its words, and ends with the wrong usage that it is given.
bool is_endless(const std::string& command) {
  return command.starts_with("dropwarden run");
}
bool asks_others(const std::string& command) {
  return command.starts_with("systemctl ") || command.starts_with("journalctl ");
}

TEST(Examples, AreCommandsThatWork) {
  const auto missing = missing_requirement({"jq"});
  if (!missing.empty()) GTEST_SKIP() << missing;
  const TemporaryDirectory directory;
  Daemon daemon(directory.path(), {});
  const std::string path = std::filesystem::path(dropwarden_binary()).parent_path();
  std::size_t run = 0;
  const TemporaryDirectory reader;
  write_file(reader.path() / "dropwarden.yaml", configuration_of("dropwarden-policy.5"));
  for (const char* page : {"dropwarden.1", "dropwarden.8", "dropwarden-policy.5"}) {
    const auto commands = commands_of(page);
    EXPECT_FALSE(commands.empty()) << page;
    for (auto command : commands) {
      if (asks_others(command)) continue;
      if (is_endless(command)) {
        // The part before a pipe or a redirection, with an option at its end that ends it at once.
        command = command.substr(0, command.find_first_of("|>")) + " --help";
      } else if (command == "dropwarden check-config") {
        // There need not be one where it is looked for.
        command += std::string(" ") + DROPWARDEN_SOURCE_DIRECTORY + "/conf/dropwarden.yaml";
      } else if (std::regex_search(command, std::regex("dropwarden (containers|status|findings|report)"))) {
        command = std::regex_replace(command, std::regex("dropwarden (containers|status|findings|report)"),
                                     "$& --config " + daemon.configuration_file());
      }
      const auto result =
          run_command({"bash", "-o", "pipefail", "-c", "cd " + reader.path().string() + " && " + command},
                      {.environment = {"PATH=" + path + ":/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}});
      EXPECT_TRUE(result.status.is_success()) << page << ": " << command << '\n' << result.error;
      ++run;
    }
  }
  EXPECT_GT(run, 8U);
}

}  // namespace
}  // namespace dropwarden::test
