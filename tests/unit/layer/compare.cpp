// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/layer/compare.hpp"

#include <string>
#include <sys/mman.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "dropwarden/sys/fd.hpp"

namespace dropwarden::layer {
namespace {

using namespace std::chrono_literals;

// An unnamed file in memory, large enough for several chunks where it has to be.
sys::Fd file_of(const std::string& content) {
  sys::Fd file(::memfd_create("compare", MFD_CLOEXEC));
  EXPECT_EQ(::write(file.number(), content.data(), content.size()), static_cast<ssize_t>(content.size()));
  return file;
}

Equality compare(const std::string& one, const std::string& other, const Budget& budget = {},
                 const std::stop_token& stop = {}) {
  return compare_files(file_of(one).number(), file_of(other).number(), one.size(), budget, stop).value();
}

const std::string large(300'000, 'x');

TEST(CompareFiles, TellsEqualFromDifferent) {
  EXPECT_EQ(compare("", ""), Equality::equal);
  EXPECT_EQ(compare("abc", "abc"), Equality::equal);
  EXPECT_EQ(compare("abc", "abd"), Equality::different);
  EXPECT_EQ(compare(large, large), Equality::equal);
  EXPECT_EQ(compare(large + "a", large + "b"), Equality::different) << "in the last byte of the last chunk";
}

TEST(CompareFiles, TakesAFileThatBecameShorterForADifferentOne) {
  EXPECT_EQ(compare(large, large.substr(1)), Equality::different);
}

TEST(CompareFiles, ProvesNothingBeyondItsBudget) {
  EXPECT_EQ(compare(large, large, {.max_bytes = large.size()}), Equality::equal);
  EXPECT_EQ(compare(large, large, {.max_bytes = large.size() - 1}), Equality::unproven);
  EXPECT_EQ(compare("a" + large, "b" + large, {.max_bytes = 1000}), Equality::different) << "seen early";
  EXPECT_EQ(compare(large, large, {.max_bytes = large.size(), .max_time = 0ns}), Equality::unproven);
}

TEST(CompareFiles, StopsWhenItIsTold) {
  std::stop_source source;
  source.request_stop();
  EXPECT_EQ(compare(large, large, {}, source.get_token()), Equality::unproven);
}

TEST(CompareFiles, TellsAFileThatCannotBeRead) {
  const auto file = file_of("abc");
  EXPECT_FALSE(compare_files(file.number(), -1, 3, {}));
  EXPECT_FALSE(compare_files(-1, file.number(), 3, {}));
}

}  // namespace
}  // namespace dropwarden::layer
