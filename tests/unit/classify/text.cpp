// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "dropwarden/classify/classify.hpp"

#include "bytes.hpp"

namespace dropwarden::classify {
namespace {

using namespace std::string_literals;

bool is_text(std::string_view content) {
  return looks_like_text(to_bytes(content));
}

TEST(Text, IsWhatAShellCouldRead) {
  EXPECT_TRUE(is_text("id\n"));
  EXPECT_TRUE(is_text("x"));
  EXPECT_TRUE(is_text("\n\t echo \x1b[1m\r\n"));
  EXPECT_TRUE(is_text("echo gr\xc3\xbc\xc3\x9f"));
  EXPECT_TRUE(is_text("echo gr\xfc\xdf")) << "Latin-1";
}

// As dash, bash and busybox run it.
TEST(Text, MayComeBehindMoreBlanksThanAreReadAndHaveAFewControls) {
  EXPECT_TRUE(is_text(std::string(first_bytes, ' ') + "\nid\n"));
  EXPECT_FALSE(is_text(std::string(first_bytes - 1, ' ')));
  EXPECT_TRUE(is_text("#\1\nid\nexit\n# and more"));
  EXPECT_TRUE(is_text("id\nexit\n# and a lot more\n\0"s));
  EXPECT_FALSE(is_text("#\0\nid\nexit\n# and more"s)) << "there is a NUL in its first line";
  EXPECT_FALSE(is_text("id\n" + std::string(10, '\1') + std::string(100, 'x')));
}

TEST(Text, RunsHoweverItLooksUnlessThereIsANulInItsFirstLine) {
  const auto runs = [](std::string_view content) { return runs_as_text(to_bytes(content)); };
  EXPECT_TRUE(runs("id\n\1"));
  EXPECT_TRUE(runs("id\n" + std::string(200, '\0')));
  EXPECT_TRUE(runs(std::string(100, '\1') + "\nid\n"));
  EXPECT_FALSE(runs("id\0\n"s));
  EXPECT_FALSE(runs(""));
  const auto format = [](bool is_executed) {
    const auto kind = classify_content("id\n\1", {.is_executable = true, .is_executed = is_executed});
    return kind ? std::optional(kind->format) : std::nullopt;
  };
  EXPECT_EQ(format(true), model::Format::executable_text);
  EXPECT_EQ(format(false), std::nullopt);
}

TEST(Text, IsNeitherEmptyNorBlankNorBinary) {
  EXPECT_FALSE(is_text(""));
  EXPECT_FALSE(is_text(" \n\t\r\n"));
  EXPECT_FALSE(is_text("id\0"s));
  EXPECT_FALSE(is_text("id\n\1"));
  EXPECT_FALSE(is_text("\x7f"));
  EXPECT_FALSE(is_text("\x89PNG\r\n\x1a\n"));
  EXPECT_FALSE(is_text("\x1f\x8b\x08\x08"));
}

TEST(Text, IsJudgedByItsFirstBytes) {
  EXPECT_TRUE(is_text(std::string(first_bytes, 'x') + "\0"s));
  EXPECT_FALSE(is_text(std::string(first_bytes - 1, 'x') + "\0"s));
}

TEST(Text, IsAKindOnlyWhereItMayBeExecuted) {
  const auto format = [](std::string_view content, bool is_executable) {
    const auto kind = classify_content(content, {.is_executable = is_executable});
    return kind ? std::optional(kind->format) : std::nullopt;
  };
  EXPECT_EQ(format("rm -rf /\n", true), model::Format::executable_text);
  EXPECT_EQ(format("rm -rf /\n", false), std::nullopt);
  EXPECT_EQ(format("", true), std::nullopt);
  EXPECT_EQ(format("\1\2\3", true), std::nullopt);
  EXPECT_EQ(format("#!/bin/sh\n", true), model::Format::script);
  EXPECT_EQ(format("#!\nid\n", true), model::Format::executable_text) << "ENOEXEC, so a shell reads it";
  EXPECT_EQ(format("MZ is no program\n", true), model::Format::executable_text);
}

}  // namespace
}  // namespace dropwarden::classify
