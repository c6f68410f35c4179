// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fstream>
#include <iostream>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/sys/fd.hpp"

#include "invoke.hpp"
#include "support/temporary_directory.hpp"

namespace dropwarden::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(Main, WithoutAVerbPrintsTheHelpAsAComplaint) {
  const auto run = invoke({});
  EXPECT_EQ(run.status, 2);
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(run.err, invoke({"--help"}).out);
}

TEST(Main, TellsTheExitStatusesInTheHelpOfEveryVerb) {
  const std::vector<std::vector<std::string>> helps{
      {"--help"}, {"-h"}, {"classify", "--help"}, {"check-config", "--help"}, {"version", "--help"}};
  for (const auto& arguments : helps) {
    const auto run = invoke(arguments);
    EXPECT_EQ(run.status, 0);
    EXPECT_EQ(run.err, "");
    EXPECT_THAT(run.out, HasSubstr("Exit status:\n  0  done\n  1  failed"));
    EXPECT_THAT(run.out, HasSubstr("  2  wrong usage"));
  }
}

TEST(Main, ListsEveryVerb) {
  const auto help = invoke({"--help"}).out;
  for (const char* verb : {"classify", "check-config", "version"})
    EXPECT_THAT(help, HasSubstr(std::string("\n  ") + verb));
}

TEST(Main, TellsTheVersionBothWays) {
  const auto verb = invoke({"version"});
  EXPECT_EQ(verb.status, 0);
  EXPECT_EQ(verb.out, "dropwarden " DROPWARDEN_VERSION "\n");
  const auto flag = invoke({"--version"});
  EXPECT_EQ(flag.status, 0);
  EXPECT_EQ(flag.out, verb.out);
}

TEST(Main, RefusesWrongUsageWithStatusTwo) {
  struct Case {
    std::vector<std::string> arguments;
    std::string complaint;
  };
  const std::vector<Case> cases{
      {{"frob"}, "dropwarden: there is no verb `frob`\n"},
      {{"fr\x1b[31mob"}, "dropwarden: there is no verb `fr\\x1b[31mob`\n"},
      {{"--frob"}, "dropwarden: The following argument was not expected: --frob\n"},
      {{"classify"}, "dropwarden: FILE is required\n"},
      {{"classify", "--frob", "x"}, "dropwarden: The following argument was not expected: --frob\n"},
      {{"version", "x"}, "dropwarden: The following argument was not expected: x\n"},
      {{"check-config", "a", "b"}, "dropwarden: The following argument was not expected: b\n"}};
  for (const auto& [arguments, complaint] : cases) {
    const auto run = invoke(arguments);
    EXPECT_EQ(run.status, 2) << complaint;
    EXPECT_EQ(run.out, "");
    EXPECT_EQ(run.err, complaint + "Try `dropwarden --help`.\n");
  }
}

TEST(Main, FailsWhenItsOutputCannotBeWritten) {
  for (const char* argument : {"version", "--version", "--help"}) {
    std::ostringstream err;
    std::ostream nowhere(nullptr);
    const char* argv[] = {"dropwarden", argument, nullptr};
    EXPECT_EQ(main(2, argv, nowhere, err), 1) << argument;
    EXPECT_THAT(err.str(), StartsWith("dropwarden: standard output: ")) << argument;
  }
}

// With privilege that is another process.
TEST(Main, FailsWhenThePartThatPrintsCannotWrite) {
  const test::TemporaryDirectory directory;
  const std::string config = directory.path() / "dropwarden.yaml";
  std::ofstream(config) << "control: {socket: " << directory.path() / "no.sock" << "}\n";
  const auto list_to_a_full_disk = [&] {
    const sys::Fd full{::open("/dev/full", O_WRONLY | O_CLOEXEC)};
    ::dup2(full.number(), STDOUT_FILENO);
    const char* argv[] = {"dropwarden", "containers", "--config", config.c_str(), nullptr};
    ::_exit(main(4, argv, std::cout, std::cerr));
  };
  EXPECT_EXIT(list_to_a_full_disk(), testing::ExitedWithCode(1), "dropwarden: standard output: write failed");
}

}  // namespace
}  // namespace dropwarden::cli
