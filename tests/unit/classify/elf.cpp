// SPDX-License-Identifier: Apache-2.0
#include <random>

#include <gtest/gtest.h>

#include "dropwarden/classify/classify.hpp"

#include "elf_builder.hpp"

namespace dropwarden::classify {
namespace {

using model::ElfType;

model::ElfFacts facts_in(const std::optional<model::FileKind>& kind) {
  if (!kind || kind->format != model::Format::elf || !kind->elf || kind->script) {
    ADD_FAILURE() << "not classified as ELF";
    return {};
  }
  return *kind->elf;
}

// Of a file that ends where `head` does.
model::ElfFacts facts_of(const Bytes& head) {
  EXPECT_TRUE(looks_executable(head));
  return facts_in(classify_header(head));
}

// The part that is asked for first of a file of `size` bytes of which `head` is known.
std::optional<Extent> wanted_after(const Bytes& head, std::uint64_t size) {
  const Part part{{0, head_bytes}, head};
  return classify_parts({.size = size}, std::span(&part, 1)).wanted;
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
  for (const std::size_t offset : {1024, 100'000}) {
    ElfBuilder builder{.has_dynamic = true, .flags_1 = DF_1_NOW | DF_1_PIE, .dynamic_offset = offset};
    builder.build();
    const auto facts = facts_in(classify_content(builder.text));
    EXPECT_EQ(facts.type, ElfType::pie);
    EXPECT_TRUE(facts.is_static);
    builder.flags_1 = DF_1_NOW;
    builder.build();
    EXPECT_EQ(facts_in(classify_content(builder.text)).type, ElfType::shared);
  }
}

TEST(Elf, AsksForTheDynamicSectionOnlyWhereItDecides) {
  const auto asks = [](ElfBuilder builder) {
    builder.has_dynamic = true;
    builder.dynamic_offset = 9000;
    builder.build();
    // A byte of a table that the header does not name: nothing else is wanted but the tail.
    const std::uint64_t size = 1 << 20;
    const auto head = to_bytes(std::string_view(builder.text).substr(0, head_bytes));
    return wanted_after(head, size) == Extent{9000, 32};
  };
  EXPECT_TRUE(asks({}));
  EXPECT_FALSE(asks({.interpreter = std::string("/x\0", 3)}));
  EXPECT_FALSE(asks({.type = ET_EXEC}));
}

TEST(Elf, NeverAsksForMoreThanAPartOrForWhatLiesPastTheEnd) {
  const auto extent_of = [](std::uint64_t offset, std::uint64_t size, std::uint64_t file_size) {
    ElfBuilder builder{.has_dynamic = true};
    builder.build();
    const std::size_t segment = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr);
    builder.put(segment + offsetof(Elf64_Phdr, p_offset), offset, 8);
    builder.put(segment + offsetof(Elf64_Phdr, p_filesz), size, 8);
    return wanted_after(to_bytes(builder.text), file_size);
  };
  EXPECT_EQ(extent_of(1 << 20, UINT64_MAX, 1 << 30), (Extent{1 << 20, part_bytes}));
  EXPECT_EQ(extent_of((1 << 30) - 8192, UINT64_MAX, 1 << 30), (Extent{(1 << 30) - 8192, part_bytes}));
  for (const std::uint64_t offset : {UINT64_MAX, std::uint64_t{INT64_MAX}, std::uint64_t{1} << 30U}) {
    const auto tail = extent_of(offset, 64, 1 << 30);
    EXPECT_EQ(tail, (Extent{(1 << 30) - part_bytes, part_bytes})) << "the tail, for signs of a packer";
  }
  EXPECT_LE(extent_of(UINT64_MAX - 10, 64, UINT64_MAX)->offset, std::uint64_t{INT64_MAX} - part_bytes)
      << "what pread takes";
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
    const auto facts = facts_of(bytes);
    ASSERT_LE(facts.interpreter.size(), bytes.size());
    with_interpreter += facts.interpreter.empty() ? 0 : 1;
  }
  EXPECT_GT(with_interpreter, std::size_t{rounds / 10})
      << "the damage leaves enough whole to reach the deep paths";
}

}  // namespace
}  // namespace dropwarden::classify
