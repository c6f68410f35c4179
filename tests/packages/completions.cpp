// SPDX-License-Identifier: Apache-2.0
// What the completions of three shells offer is what --help has.
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/command.hpp"
#include "support/daemon.hpp"
#include "support/requirements.hpp"

namespace dropwarden::test {
namespace {

using Words = std::set<std::string>;

// The first words of the lines below `title` in the help of a verb, without commas.
Words listed_in_help(const std::vector<std::string>& verb, const std::string& title) {
  std::istringstream help(run_dropwarden(with(verb, {"--help"})).output);
  Words words;
  bool is_inside = false;
  for (std::string line; std::getline(help, line);) {
    if (line == title) is_inside = true;
    if (line.empty()) is_inside = false;
    if (!is_inside || !line.starts_with("  ") || line[2] == ' ') continue;
    std::istringstream names(line.substr(2, line.find(' ', 2) - 2));
    for (std::string name; std::getline(names, name, ',');) words.insert(name);
  }
  return words;
}

struct Shell {
  const char* name;
  // Prints a line for what is offered after the words that are its arguments, the last of them unfinished.
  const char* program;
};

const Shell shells[] = {
    {"bash", R"(source "$DIRECTORY/dropwarden.bash"
COMP_WORDS=(dropwarden "$@"); COMP_CWORD=$#
_dropwarden; printf '%s\n' "${COMPREPLY[@]}")"},
    {"zsh", R"(compadd() { print -l -- "${(@P)2}" }
_describe() { print -l -- "${(@)${(@P)2}%%:*}" }
_files() { }
words=(dropwarden "$@"); CURRENT=$#words
source "$DIRECTORY/_dropwarden")"},
    {"fish", R"(source "$DIRECTORY/dropwarden.fish"
complete --do-complete (string join -- ' ' (string escape --no-quoted -- dropwarden $argv[..-2]) "$argv[-1]") | string replace --regex '\t.*' ''
true)"},
};

class Completion : public testing::TestWithParam<Shell> {
 protected:
  void SetUp() override {
    if (run_command({"sh", "-c", std::string("command -v ") + GetParam().name}).status.is_success()) return;
    GTEST_SKIP() << "SKIP runtime: " << GetParam().name << " is not installed";
  }

  static Words offered_after(const std::vector<std::string>& words) {
    const std::filesystem::path program = dropwarden_binary();
    std::vector<std::string> command{GetParam().name, "-c", GetParam().program};
    // What stands behind `-c PROGRAM` is $0 to all of them but fish.
    if (GetParam().name != std::string("fish")) command.emplace_back("test");
    // A home that cannot be made either, as fish does.
    std::istringstream lines(require_command(
        with(std::move(command), words),
        {.environment = {"PATH=" + program.parent_path().string() + ":/usr/local/bin:/usr/bin:/bin",
                         std::string("DIRECTORY=") + DROPWARDEN_COMPLETIONS, "HOME=/proc/nonexistent"}}));
    Words offered;
    for (std::string line; std::getline(lines, line);)
      if (!line.empty()) offered.insert(line);
    return offered;
  }
};

TEST_P(Completion, OffersTheVerbs) {
  const Words verbs = listed_in_help({}, "Verbs:");
  ASSERT_FALSE(verbs.empty());
  EXPECT_EQ(offered_after({""}), verbs);
}

TEST_P(Completion, OffersTheOptionsOfEachVerb) {
  for (const auto& verb : listed_in_help({}, "Verbs:")) {
    // fish keeps to itself what is one letter where a longer name goes on.
    Words options = listed_in_help({verb}, "Options:");
    options.erase("-h");
    Words offered = offered_after({verb, "--"});
    offered.erase("-h");
    EXPECT_EQ(offered, options) << verb;
  }
}

TEST_P(Completion, OffersTheWordsThatAnOptionTakes) {
  const Words offered = offered_after({"run", "--format", ""});
  EXPECT_THAT(offered, testing::IsSupersetOf({"native", "text", "tracee"}));
  EXPECT_FALSE(offered.contains("run"));
}

INSTANTIATE_TEST_SUITE_P(Of, Completion, testing::ValuesIn(shells),
                         [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace dropwarden::test
