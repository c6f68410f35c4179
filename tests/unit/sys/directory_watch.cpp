// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/directory_watch.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace dropwarden::sys {
namespace {

using namespace std::chrono_literals;

TEST(DirectoryWatch, TellsOnceOfWhatHasHappenedSince) {
  std::string directory = "/var/tmp/dropwarden-watch-XXXXXX";
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  auto watch = DirectoryWatch::open(directory);
  ASSERT_TRUE(watch) << watch.error().text();
  EXPECT_FALSE(watch->wait(0ms));
  std::ofstream(directory + "/x") << "written";
  EXPECT_TRUE(watch->wait(0ms));
  EXPECT_FALSE(watch->wait(0ms)) << "it is known by now";
  std::ofstream(directory + "/x", std::ios::app) << "more";
  EXPECT_TRUE(watch->wait(0ms));
  std::filesystem::remove_all(directory);
}

TEST(DirectoryWatch, NamesWhatItCannotWatch) {
  const auto watch = DirectoryWatch::open("/nonexistent");
  ASSERT_FALSE(watch);
  EXPECT_EQ(watch.error().text(), "inotify_add_watch(\"/nonexistent\"): No such file or directory");
}

}  // namespace
}  // namespace dropwarden::sys
