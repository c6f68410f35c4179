// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/heap.hpp"

#include <cstring>
#include <memory>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "support/child.hpp"
#include "support/process_holdings.hpp"

// A sanitizer has an allocator of its own, which keeps what was freed on purpose.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
namespace dropwarden::sys {
namespace {

using Block = std::unique_ptr<char[]>;

constexpr std::size_t mebibyte = std::size_t{1} << 20U;

Block make_block(std::size_t size) {
  Block block(new char[size]);
  std::memset(block.get(), 1, size);
  return block;
}

std::size_t memory() {
  return test::anonymous_memory(::getpid());
}

TEST(Heap, KeepsNoBlockAsLargeAsTheLargestThatWasFreed) {
  EXPECT_TRUE(test::run_in_child([] {
    bound_heap();
    make_block(24 * mebibyte).reset();
    const std::size_t before = memory();
    std::vector<Block> some;
    for (int i = 0; i < 16; ++i) some.push_back(make_block(mebibyte));
    test::require(memory() >= before + 16 * mebibyte, "blocks are memory");
    some.clear();
    test::require(memory() <= before + mebibyte, "blocks are given back");
  }));
}

TEST(Heap, GivesBackWhatIsFreeBetweenWhatStays) {
  EXPECT_TRUE(test::run_in_child([] {
    bound_heap();
    std::vector<Block> blocks;
    for (int i = 0; i < 320; ++i) blocks.push_back(make_block(mebibyte / 10));
    const std::size_t full = memory();
    for (std::size_t i = 0; i < blocks.size(); i += 2) blocks[i].reset();
    test::require(memory() >= full - 3 * mebibyte, "what stays keeps the heap");
    trim_heap();
    test::require(memory() <= full - 12 * mebibyte, "the pages between are given back");
  }));
}

}  // namespace
}  // namespace dropwarden::sys
#endif
