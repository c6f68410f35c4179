// SPDX-License-Identifier: Apache-2.0
#include "monitor/examine.hpp"

#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "dropwarden/classify/classify.hpp"
#include "dropwarden/sys/file.hpp"

namespace dropwarden::monitor {
namespace {

using namespace std::string_literals;

class Examine : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/var/tmp/dropwarden-examine-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  sys::Fd file(std::string_view content, unsigned mode = 0644, const std::string& name = "file") {
    const std::string path = directory_ / name;
    std::ofstream(path, std::ios::binary) << content;
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return sys::value_or_throw(sys::open_path(path, O_RDONLY));
  }

  static bool is_found(const sys::Fd& fd, std::span<const classify::RegistrationRule> rules = {},
                       bool is_executed = false) {
    std::array<std::byte, classify::first_bytes> first;
    const auto candidate = is_candidate(fd.number(), first, rules, is_executed);
    EXPECT_TRUE(candidate);
    if (!candidate.value_or(false)) return false;
    return std::holds_alternative<Hit>(examine(fd.number(), policy::Kinds{}, rules, {}, is_executed));
  }

  std::filesystem::path directory_;
};

TEST_F(Examine, FindsTextWithAnExecuteBitOfAnyone) {
  EXPECT_FALSE(is_found(file("id\n", 0644)));
  EXPECT_FALSE(is_found(file("id\n", 0666)));
  for (const unsigned mode : {0100U, 0010U, 0001U, 0755U, 04711U})
    EXPECT_TRUE(is_found(file("id\n", mode))) << mode;
  EXPECT_FALSE(is_found(file("", 0755)));
  EXPECT_FALSE(is_found(file("\x89PNG\r\n\x1a\n", 0755)));
}

TEST_F(Examine, FindsWhateverAShellWouldReadOnceItIsExecuted) {
  EXPECT_FALSE(is_found(file("id\n\1", 0755)));
  EXPECT_TRUE(is_found(file("id\n\1", 0755), {}, true));
  EXPECT_FALSE(is_found(file(std::string("\0id\n", 4), 0755), {}, true));
}

TEST_F(Examine, FindsScriptsAndProgramsWhateverTheirMode) {
  EXPECT_TRUE(is_found(file("#!/bin/sh\n", 0600)));
  EXPECT_TRUE(is_found(sys::value_or_throw(sys::open_path("/proc/self/exe", O_RDONLY))));
}

TEST_F(Examine, FindsNoArchiveThatIsNoJar) {
  EXPECT_FALSE(is_found(file("PK\3\4"s + std::string(5000, '\0'), 0755)));
}

TEST_F(Examine, FindsWhatARegistrationRunsAndSaysWhich) {
  const std::vector rules{
      *classify::parse_registration("bytes", "enabled\ninterpreter /i\nflags: F\noffset 1\nmagic 0102\n"),
      *classify::parse_registration("name", "enabled\ninterpreter /n\nflags: \nextension .exe\n")};
  const auto by_bytes = file("\0\1\2"s);
  EXPECT_FALSE(is_found(by_bytes));
  EXPECT_TRUE(is_found(by_bytes, rules));
  EXPECT_FALSE(is_found(file("\0\1\3"s), rules));
  const auto by_name = file("\1", 0644, "a.exe");
  EXPECT_TRUE(is_found(by_name, rules));
  const auto examined = examine(by_name.number(), policy::Kinds{}, rules);
  ASSERT_TRUE(std::holds_alternative<Hit>(examined));
  EXPECT_EQ(std::get<Hit>(examined).file.kind->registration, (model::Registration{"name", "/n", ""}));
  std::filesystem::rename(directory_ / "a.exe", directory_ / "a.bin");
  EXPECT_FALSE(is_found(by_name, rules)) << "the kernel goes by the name it is called by";
}

}  // namespace
}  // namespace dropwarden::monitor
