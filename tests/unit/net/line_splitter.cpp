// SPDX-License-Identifier: Apache-2.0
#include "net/line_splitter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dropwarden::net {
namespace {

using testing::ElementsAre;

TEST(LineSplitter, GivesTheSameLinesHoweverTheBytesAreCut) {
  const std::string text = "one\n\ntwo\nthree";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    LineSplitter splitter{16};
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size(); at += step) {
      ASSERT_TRUE(splitter.feed(std::string_view{text}.substr(at, step)));
      for (auto& line : splitter.take()) lines.push_back(std::move(line.value()));
    }
    EXPECT_THAT(lines, ElementsAre("one", "two")) << "pieces of " << step;
  }
}

TEST(LineSplitter, RefusesALineThatIsTooLong) {
  LineSplitter splitter{4};
  EXPECT_TRUE(splitter.feed("1234\n"));
  EXPECT_TRUE(splitter.feed("1234"));
  EXPECT_FALSE(splitter.feed("5"));
  EXPECT_THAT(splitter.take(), ElementsAre("1234"));
}

TEST(LineSplitter, PassesOverALongLineHoweverTheBytesAreCut) {
  const std::string text = "one\n123456789\n\ntwo\n12345\n";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    LineSplitter splitter{4, 9};
    std::vector<std::optional<std::string>> lines;
    for (std::size_t at = 0; at < text.size(); at += step) {
      ASSERT_TRUE(splitter.feed(std::string_view{text}.substr(at, step)));
      for (auto& line : splitter.take()) lines.push_back(std::move(line));
    }
    EXPECT_THAT(lines, ElementsAre("one", std::nullopt, "two", std::nullopt)) << "pieces of " << step;
    EXPECT_FALSE(splitter.feed("1234567890"));
  }
}

}  // namespace
}  // namespace dropwarden::net
