// SPDX-License-Identifier: Apache-2.0
// What holds for any bytes at all: nothing is read outside of what there is, and the reading ends.
#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "dropwarden/classify/classify.hpp"

#include "bytes.hpp"
#include "elf_builder.hpp"
#include "samples.hpp"

namespace dropwarden::classify {
namespace {

std::vector<std::string> all_samples() {
  ElfBuilder module{.type = ET_REL};
  module.build();
  module.text.resize(9000);
  module.add_sections({{".text", SHT_PROGBITS}, {".modinfo", SHT_PROGBITS}, {".symtab", SHT_SYMTAB}});
  ElfBuilder program{
      .interpreter = std::string("/lib/ld.so\0", 11), .has_dynamic = true, .dynamic_offset = 12'000};
  program.build();
  ElfBuilder small{.bits = 32, .is_little_endian = false, .has_dynamic = true};
  small.build();
  small.add_sections({{".text", SHT_PROGBITS}});
  const std::string jar = samples::zip("a") + std::string(9000, '\0') + "PK\1\2" + std::string(24, '\0') +
                          std::string("\11\0\0\0", 4) + std::string(14, '\0') + "a/B.class" + "PK\5\6" +
                          std::string(18, '\0');
  return {module.text,
          program.text,
          small.text,
          jar,
          samples::pe({.is_64 = true, .has_cli = true}),
          samples::pe({.offset = 9000}),
          samples::mach_o(0xfeedfacf, true),
          samples::universal(3),
          samples::java_class(61),
          samples::pyc(3495),
          samples::bflt(4, 1),
          samples::archive("!<arch>\n", "a.o/"),
          std::string("\0asm\1\0\0\0", 8),
          "MZqFpD='\n\nprintf '\\177ELF",
          "#!/usr/bin/env -S python3 -u\nprint()\n",
          "#!/usr/bin/env --split-string=\"a\\_b\" 'c\\",
          "echo text\n"};
}

// Reads from exactly sized buffers on the heap, as a hostile file system would answer: short, or not at all.
std::optional<model::FileKind> classify_hostile(const Bytes& content, std::uint64_t stated_size,
                                                std::mt19937& random) {
  const Bytes head(content.begin(),
                   content.begin() + static_cast<std::ptrdiff_t>(std::min(content.size(), head_bytes)));
  std::size_t reads = 0;
  const auto read_part = [&](std::uint64_t offset, std::span<std::byte> into) {
    EXPECT_LT(++reads, max_parts);
    EXPECT_LE(into.size(), part_bytes);
    EXPECT_LE(offset, std::uint64_t{INT64_MAX} - into.size());
    EXPECT_LE(offset + into.size(), stated_size);
    if (offset >= content.size() || random() % 8 == 0) return std::size_t{0};
    const auto there = std::span(content).subspan(static_cast<std::size_t>(offset));
    const auto got = there.first(std::min(into.size(), there.size()) / (random() % 8 == 0 ? 2 : 1));
    std::copy(got.begin(), got.end(), into.begin());
    return got.size();
  };
  return classify_file({.size = stated_size, .is_executable = random() % 2 == 0}, head, read_part);
}

TEST(Properties, EveryPrefixOfEverySampleIsReadWithinItsBounds) {
  std::mt19937 random(1);
  for (const auto& sample : all_samples()) {
    const Bytes whole = to_bytes(sample);
    // In steps, past the headers.
    for (std::size_t length = 0; length <= whole.size(); length += length < 600 ? 1 : 61) {
      const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
      classify_header(cut);
      looks_executable(cut);
      looks_like_text(cut);
      classify_hostile(cut, cut.size(), random);
    }
  }
}

TEST(Properties, RandomDamageIsReadWithinItsBounds) {
  std::mt19937 random(20261126);
  const auto samples = all_samples();
  std::size_t known = 0;
  constexpr int rounds = 30'000;
  for (int round = 0; round < rounds; ++round) {
    Bytes bytes = to_bytes(samples[random() % samples.size()]);
    if (random() % 4 == 0) bytes.resize(random() % (bytes.size() + 1));
    // Most of the damage where the numbers are that lead elsewhere: in the headers and at the end.
    for (std::size_t i = random() % 12; i > 0 && !bytes.empty(); --i) {
      const std::size_t reach = std::min<std::size_t>(bytes.size(), 300);
      const std::size_t at = random() % 3 == 0 ? bytes.size() - 1 - random() % reach : random() % reach;
      bytes[at] = static_cast<std::byte>(random() % 3 == 0 ? 0xff : random());
    }
    const std::uint64_t size = random() % 8 == 0 ? std::uint64_t{random()} << (random() % 32) : bytes.size();
    known += classify_hostile(bytes, size, random) ? 1 : 0;
  }
  EXPECT_GT(known, std::size_t{rounds / 5}) << "the damage leaves enough whole to reach the deep paths";
}

TEST(Properties, NoiseIsReadWithinItsBounds) {
  std::mt19937 random(3);
  for (int round = 0; round < 5'000; ++round) {
    Bytes bytes(random() % 6000);
    std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<std::byte>(random()); });
    classify_hostile(bytes, bytes.size(), random);
  }
}

}  // namespace
}  // namespace dropwarden::classify
