// SPDX-License-Identifier: Apache-2.0
#include <random>

#include <gtest/gtest.h>

#include "dropwarden/classify/classify.hpp"

#include "elf_builder.hpp"

namespace dropwarden::classify {
namespace {

using model::ElfType;

model::ElfFacts facts_of(const Bytes& head, const Bytes& dynamic_section = {}) {
  EXPECT_TRUE(looks_executable(head));
  const auto kind = classify_header(head, dynamic_section);
  if (!kind || kind->format != model::Format::elf || !kind->elf || kind->script) {
    ADD_FAILURE() << "not classified as ELF";
    return {};
  }
  return *kind->elf;
}

TEST(Elf, TellsThePositionOfEveryFieldInBothClassesAndByteOrders) {
  for (const unsigned bits : {32U, 64U}) {
    for (const bool is_little_endian : {true, false}) {
      SCOPED_TRACE(testing::Message() << bits << " little " << is_little_endian);
      ElfBuilder builder{.bits = bits,
                         .is_little_endian = is_little_endian,
                         .machine = EM_RISCV,
                         .interpreter = std::string("/lib/ld.so\0", 11)};
      const auto facts = facts_of(builder.build());
      EXPECT_EQ(facts.bits, bits);
      EXPECT_EQ(facts.is_little_endian, is_little_endian);
      EXPECT_EQ(facts.machine_number, EM_RISCV);
      EXPECT_EQ(facts.machine, "riscv");
      EXPECT_EQ(facts.type, ElfType::pie);
      EXPECT_EQ(facts.interpreter, "/lib/ld.so");
      EXPECT_FALSE(facts.is_static);
    }
  }
}

TEST(Elf, TellsTheTypes) {
  const auto type_of = [](std::uint16_t number) { return facts_of(ElfBuilder{.type = number}.build()).type; };
  EXPECT_EQ(type_of(ET_NONE), ElfType::unknown);
  EXPECT_EQ(type_of(ET_REL), ElfType::relocatable);
  EXPECT_EQ(type_of(ET_EXEC), ElfType::executable);
  EXPECT_EQ(type_of(ET_DYN), ElfType::shared);
  EXPECT_EQ(type_of(ET_CORE), ElfType::core);
  EXPECT_EQ(type_of(0xfe00), ElfType::unknown);
}

TEST(Elf, NamesTheMachinesAndNumbersTheOthers) {
  const auto machine_of = [](std::uint16_t number) {
    return facts_of(ElfBuilder{.machine = number}.build()).machine;
  };
  EXPECT_EQ(machine_of(EM_X86_64), "x86_64");
  EXPECT_EQ(machine_of(EM_386), "i386");
  EXPECT_EQ(machine_of(EM_AARCH64), "aarch64");
  EXPECT_EQ(machine_of(EM_ARM), "arm");
  EXPECT_EQ(machine_of(EM_PPC64), "ppc64");
  EXPECT_EQ(machine_of(EM_S390), "s390");
  EXPECT_EQ(machine_of(EM_MIPS), "mips");
  EXPECT_EQ(machine_of(EM_LOONGARCH), "loongarch");
  EXPECT_EQ(machine_of(EM_BPF), "bpf");
  EXPECT_EQ(machine_of(EM_ALPHA), "alpha");
  EXPECT_EQ(machine_of(61234), "61234");
}

TEST(Elf, IsStaticWhenAProgramNamesNoInterpreter) {
  EXPECT_TRUE(facts_of(ElfBuilder{.type = ET_EXEC}.build()).is_static);
  EXPECT_FALSE(
      facts_of(ElfBuilder{.type = ET_EXEC, .interpreter = std::string("/x\0", 3)}.build()).is_static);
  EXPECT_FALSE(facts_of(ElfBuilder{.type = ET_DYN, .has_dynamic = true}.build()).is_static) << "a library";
  EXPECT_FALSE(facts_of(ElfBuilder{.type = ET_REL}.build()).is_static);
  EXPECT_FALSE(facts_of(ElfBuilder{.type = ET_CORE}.build()).is_static);
}

TEST(Elf, TellsAStaticPieByItsDynamicSection) {
  ElfBuilder builder{.has_dynamic = true, .flags_1 = DF_1_NOW | DF_1_PIE};
  const auto in_head = facts_of(builder.build());
  EXPECT_EQ(in_head.type, ElfType::pie);
  EXPECT_TRUE(in_head.is_static);
  EXPECT_FALSE(dynamic_section_past(to_bytes(builder.text)));

  builder.dynamic_offset = 100'000;
  builder.build();
  const auto head = to_bytes(std::string_view(builder.text).substr(0, head_bytes));
  const auto extent = dynamic_section_past(head);
  ASSERT_TRUE(extent);
  EXPECT_EQ(extent->offset, 100'000U);
  EXPECT_EQ(extent->length, 32U);
  EXPECT_EQ(facts_of(head).type, ElfType::shared) << "what the head alone can tell";
  const auto facts =
      facts_of(head, to_bytes(std::string_view(builder.text).substr(extent->offset, extent->length)));
  EXPECT_EQ(facts.type, ElfType::pie);
  EXPECT_TRUE(facts.is_static);
}

TEST(Elf, AsksForTheDynamicSectionOnlyWhereItDecides) {
  EXPECT_FALSE(dynamic_section_past(to_bytes("#!/bin/sh\n")));
  EXPECT_FALSE(dynamic_section_past({}));
  const auto asks = [](ElfBuilder builder) {
    builder.has_dynamic = true;
    builder.dynamic_offset = 9000;
    builder.build();
    return dynamic_section_past(to_bytes(std::string_view(builder.text).substr(0, head_bytes))).has_value();
  };
  EXPECT_TRUE(asks({}));
  EXPECT_FALSE(asks({.interpreter = std::string("/x\0", 3)}));
  EXPECT_FALSE(asks({.type = ET_EXEC}));
}

TEST(Elf, NeverAsksForMoreThanAHeadOrForAnOffsetThatPreadCannotTake) {
  const auto extent_of = [](std::uint64_t offset, std::uint64_t size) {
    ElfBuilder builder{.has_dynamic = true};
    builder.build();
    const std::size_t segment = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr);
    builder.put(segment + offsetof(Elf64_Phdr, p_offset), offset, 8);
    builder.put(segment + offsetof(Elf64_Phdr, p_filesz), size, 8);
    return dynamic_section_past(to_bytes(builder.text));
  };
  EXPECT_EQ(extent_of(1 << 20, UINT64_MAX)->length, head_bytes);
  EXPECT_FALSE(extent_of(UINT64_MAX, 64));
  EXPECT_FALSE(extent_of(INT64_MAX, 64));
}

TEST(Elf, ReadsAHeaderThatLiesAboutItsClassAndByteOrderAsTheKernelDoes) {
  ElfBuilder builder{.type = ET_EXEC};
  for (const char class_byte : {'\0', '\1', '\2', '\x7f'}) {
    for (const char order_byte : {'\0', '\1', '\2', '\x7f'}) {
      builder.build();
      builder.text[EI_CLASS] = class_byte;
      builder.text[EI_DATA] = order_byte;
      const auto facts = facts_of(to_bytes(builder.text));
      EXPECT_EQ(facts.type, ElfType::executable);
      EXPECT_EQ(facts.bits, 64U);
      EXPECT_TRUE(facts.is_little_endian);
      EXPECT_EQ(facts.machine, "x86_64");
    }
  }
}

TEST(Elf, DecidesByTheEntryPointWhereTheProgramHeadersAreOutOfReach) {
  for (const std::uint64_t offset : {std::uint64_t{1} << 20U, UINT64_MAX, UINT64_MAX - 55, UINT64_MAX - 63}) {
    for (const std::uint64_t entry : {0x1040U, 0U}) {
      ElfBuilder builder{.entry = entry, .interpreter = std::string("/x\0", 3)};
      builder.build();
      builder.put(offsetof(Elf64_Ehdr, e_phoff), offset, 8);
      const auto facts = facts_of(to_bytes(builder.text));
      EXPECT_EQ(facts.type, entry != 0 ? ElfType::pie : ElfType::shared);
      EXPECT_EQ(facts.interpreter, "");
      EXPECT_FALSE(facts.is_static) << "not known";
    }
  }
}

TEST(Elf, IgnoresATableWhoseEntriesHaveTheWrongSize) {
  for (const std::uint16_t size : {0, 1, 55, 57, 0xffff}) {
    ElfBuilder builder{.type = ET_EXEC, .interpreter = std::string("/x\0", 3)};
    builder.build();
    builder.put(offsetof(Elf64_Ehdr, e_phentsize), size, 2);
    const auto facts = facts_of(to_bytes(builder.text));
    EXPECT_EQ(facts.type, ElfType::executable);
    EXPECT_EQ(facts.interpreter, "");
    EXPECT_FALSE(facts.is_static);
  }
}

TEST(Elf, TakesWhatIsInReachOfATableThatClaimsTooManyEntries) {
  ElfBuilder builder{.type = ET_EXEC, .interpreter = std::string("/x\0", 3)};
  builder.build();
  builder.put(offsetof(Elf64_Ehdr, e_phnum), 0xffff, 2);
  EXPECT_EQ(facts_of(to_bytes(builder.text)).interpreter, "/x");
  builder.interpreter.clear();
  builder.build();
  builder.put(offsetof(Elf64_Ehdr, e_phnum), 0xffff, 2);
  EXPECT_FALSE(facts_of(to_bytes(builder.text)).is_static) << "the rest may name an interpreter";
}

TEST(Elf, TellsNoInterpreterWithoutItsEnd) {
  const auto facts = facts_of(ElfBuilder{.interpreter = "/lib/unending"}.build());
  EXPECT_EQ(facts.interpreter, "");
  EXPECT_EQ(facts.type, ElfType::pie);
  EXPECT_FALSE(facts.is_static);
}

TEST(Elf, ClassifiesFourBytesAlone) {
  const auto facts = facts_of(to_bytes(ELFMAG));
  EXPECT_EQ(facts.type, ElfType::unknown);
  EXPECT_EQ(facts.bits, 0U);
  EXPECT_EQ(facts.machine, "unknown");
  EXPECT_FALSE(facts.is_static);
  EXPECT_FALSE(
      looks_executable(to_bytes("\x7f"
                                "EL")));
  EXPECT_FALSE(
      classify_header(to_bytes("\x7f"
                               "EL")));
  EXPECT_FALSE(looks_executable({}));
  EXPECT_FALSE(classify_header({}));
}

TEST(Elf, KeepsWhatItKnowsAtEveryCutOfARealFile) {
  const Bytes whole = read_part("/proc/self/exe", 0, head_bytes);
  ASSERT_EQ(whole.size(), head_bytes);
  const auto full = facts_of(whole);
  for (std::size_t length = SELFMAG; length <= whole.size(); ++length) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    const auto facts = facts_of(cut);
    if (length >= 20) {
      EXPECT_EQ(facts.machine, full.machine) << length;
    }
    if (length >= sizeof(Elf64_Ehdr)) {
      EXPECT_EQ(facts.type, full.type) << length;
    }
    EXPECT_TRUE(facts.interpreter.empty() || facts.interpreter == full.interpreter) << length;
    EXPECT_EQ(dynamic_section_past(cut), std::nullopt) << length;
  }
}

// Random damage to real and built files, seeded so that a failure comes back.
TEST(Elf, StandsRandomDamage) {
  std::mt19937 random(20261123);
  std::vector<Bytes> originals{read_part("/proc/self/exe", 0, head_bytes)};
  for (const unsigned bits : {32U, 64U}) {
    for (const bool is_little_endian : {true, false}) {
      originals.push_back(ElfBuilder{.bits = bits,
                                     .is_little_endian = is_little_endian,
                                     .interpreter = std::string("/lib/ld.so\0", 11),
                                     .has_dynamic = true}
                              .build());
    }
  }
  constexpr int rounds = 50'000;
  std::size_t with_interpreter = 0;
  for (int round = 0; round < rounds; ++round) {
    Bytes bytes = originals[random() % originals.size()];
    if (random() % 4 == 0) bytes.resize(SELFMAG + random() % bytes.size());
    // Most of the damage where the numbers are that lead elsewhere.
    const std::size_t reach = random() % 4 == 0 ? bytes.size() : std::min<std::size_t>(bytes.size(), 256);
    for (std::size_t i = random() % 16; i > 0 && reach > SELFMAG; --i) {
      bytes[SELFMAG + random() % (reach - SELFMAG)] =
          static_cast<std::byte>(random() % 3 == 0 ? 0xff : random());
    }
    const Bytes section(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(random() % bytes.size()));
    const auto facts = facts_of(bytes, section);
    ASSERT_LE(facts.interpreter.size(), bytes.size());
    with_interpreter += facts.interpreter.empty() ? 0 : 1;
    if (const auto extent = dynamic_section_past(bytes)) {
      ASSERT_LE(extent->length, head_bytes);
      ASSERT_LE(extent->offset, std::uint64_t{INT64_MAX} - extent->length);
    }
  }
  EXPECT_GT(with_interpreter, std::size_t{rounds / 10})
      << "the damage leaves enough whole to reach the deep paths";
}

}  // namespace
}  // namespace dropwarden::classify
