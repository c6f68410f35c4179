// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

// What fuzzing found worth keeping, and inputs that somebody wrote, replayed without a fuzzer.
namespace dropwarden::test {
namespace {

TEST(Corpus, IsTakenWithoutACrash) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(FUZZ_CORPUS)) files.push_back(entry.path());
  std::ranges::sort(files);
  ASSERT_FALSE(files.empty()) << FUZZ_CORPUS;
  for (const auto& file : files) {
    SCOPED_TRACE(file.filename());
    const std::string bytes = read_file(file);
    // Behind a copy of the exact length stands nothing that may be read: for the sanitizer.
    const std::vector<std::uint8_t> exact(bytes.begin(), bytes.end());
    LLVMFuzzerTestOneInput(exact.data(), exact.size());
  }
}

TEST(Corpus, HasTheEmptyInputBesides) {
  EXPECT_EQ(LLVMFuzzerTestOneInput(nullptr, 0), 0);
}

}  // namespace
}  // namespace dropwarden::test
