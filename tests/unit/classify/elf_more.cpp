// SPDX-License-Identifier: Apache-2.0
// What lies behind the header: sections, modules, AppImages, packers, defects.
#include <algorithm>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/classify/classify.hpp"

#include "elf_builder.hpp"

namespace dropwarden::classify {
namespace {

using model::ElfDefect;
using model::PackingSign;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view module_signature = "~Module signature appended~\n";

model::ElfFacts facts_of(std::string_view content) {
  const auto kind = classify_content(content);
  EXPECT_TRUE(kind && kind->elf);
  return kind && kind->elf ? *kind->elf : model::ElfFacts{};
}

std::string random_bytes(std::size_t size) {
  std::mt19937 random(7);
  std::string bytes(size, '\0');
  std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<char>(random()); });
  return bytes;
}

TEST(ElfMore, NamesTheOsAbi) {
  const auto abi_of = [](unsigned char number) {
    ElfBuilder builder;
    builder.build();
    builder.text[EI_OSABI] = static_cast<char>(number);
    return facts_of(builder.text).os_abi;
  };
  EXPECT_EQ(abi_of(ELFOSABI_SYSV), "sysv");
  EXPECT_EQ(abi_of(ELFOSABI_GNU), "gnu");
  EXPECT_EQ(abi_of(ELFOSABI_FREEBSD), "freebsd");
  EXPECT_EQ(abi_of(77), "77");
}

TEST(ElfMore, IsStrippedWithoutASymbolTable) {
  for (const unsigned bits : {32U, 64U}) {
    for (const bool is_little_endian : {true, false}) {
      for (const std::size_t padding : {0U, 100'000U}) {
        ElfBuilder builder{.bits = bits, .is_little_endian = is_little_endian, .type = ET_EXEC};
        builder.build();
        EXPECT_EQ(facts_of(builder.text).is_stripped, true) << "no section headers";
        builder.text.resize(builder.text.size() + padding);
        const std::string without = builder.text;
        builder.add_sections({{".text", SHT_PROGBITS}, {".dynsym", SHT_DYNSYM}});
        EXPECT_EQ(facts_of(builder.text).is_stripped, true);
        builder.text = without;
        builder.add_sections({{".text", SHT_PROGBITS}, {".symtab", SHT_SYMTAB}});
        EXPECT_EQ(facts_of(builder.text).is_stripped, false);
        EXPECT_THAT(facts_of(builder.text).defects, IsEmpty());
      }
    }
  }
}

TEST(ElfMore, DoesNotKnowWhetherItIsStrippedWhereTheSectionHeadersAreOutOfReach) {
  ElfBuilder builder{.type = ET_EXEC};
  builder.build();
  builder.put(offsetof(Elf64_Ehdr, e_shoff), 1 << 20, 8);
  builder.put(offsetof(Elf64_Ehdr, e_shentsize), sizeof(Elf64_Shdr), 2);
  builder.put(offsetof(Elf64_Ehdr, e_shnum), 3, 2);
  EXPECT_EQ(facts_of(builder.text).is_stripped, std::nullopt);
  EXPECT_THAT(facts_of(builder.text).defects, ElementsAre(ElfDefect::section_headers));

  builder.build();
  builder.add_sections(std::vector<std::pair<std::string, std::uint32_t>>(200, {".x", SHT_PROGBITS}));
  EXPECT_EQ(facts_of(builder.text).is_stripped, std::nullopt) << "more than a part holds";
  EXPECT_EQ(facts_of(ElfBuilder{.type = ET_CORE}.build().empty() ? "" : builder.text).is_stripped,
            std::nullopt);
}

TEST(ElfMore, TellsAKernelModuleByItsSectionsAndItsSignature) {
  ElfBuilder builder{.type = ET_REL};
  builder.build();
  const std::string bare = builder.text;
  EXPECT_EQ(facts_of(bare).is_kernel_module, false);
  for (const char* section : {".modinfo", ".gnu.linkonce.this_module"}) {
    builder.text = bare + std::string(50'000, '\0');
    builder.add_sections({{".text", SHT_PROGBITS}, {section, SHT_PROGBITS}, {".symtab", SHT_SYMTAB}});
    auto facts = facts_of(builder.text);
    EXPECT_EQ(facts.is_kernel_module, true) << section;
    EXPECT_EQ(facts.has_module_signature, false);
    facts = facts_of(builder.text + std::string(700, 's') + std::string(module_signature));
    EXPECT_EQ(facts.is_kernel_module, true);
    EXPECT_EQ(facts.has_module_signature, true);
  }
  builder.text = bare;
  builder.add_sections({{".text", SHT_PROGBITS}, {".modinfo2", SHT_PROGBITS}, {"x.modinfo", SHT_PROGBITS}});
  EXPECT_EQ(facts_of(builder.text).is_kernel_module, false);
  EXPECT_EQ(facts_of(builder.text).has_module_signature, std::nullopt);
}

TEST(ElfMore, TellsASignedModuleWhoseSectionHeadersAreHidden) {
  ElfBuilder builder{.type = ET_REL};
  builder.build();
  builder.put(offsetof(Elf64_Ehdr, e_shoff), 64, 8);
  builder.put(offsetof(Elf64_Ehdr, e_shentsize), 1, 2);
  builder.put(offsetof(Elf64_Ehdr, e_shnum), 1, 2);
  EXPECT_EQ(facts_of(builder.text).is_kernel_module, std::nullopt);
  const auto facts = facts_of(builder.text + std::string(9000, 's') + std::string(module_signature));
  EXPECT_EQ(facts.is_kernel_module, true);
  EXPECT_EQ(facts.has_module_signature, true);
}

TEST(ElfMore, IsNoModuleForASignatureBehindAProgram) {
  ElfBuilder builder{.type = ET_EXEC};
  builder.build();
  const auto facts = facts_of(builder.text + std::string(module_signature));
  EXPECT_EQ(facts.is_kernel_module, false);
  EXPECT_EQ(facts.has_module_signature, std::nullopt);
}

TEST(ElfMore, TellsObjectsOfEbpfPrograms) {
  ElfBuilder builder{.type = ET_REL, .machine = EM_BPF};
  builder.build();
  EXPECT_TRUE(facts_of(builder.text).is_ebpf);
  EXPECT_EQ(facts_of(builder.text).is_kernel_module, false);
  builder.machine = EM_X86_64;
  builder.build();
  EXPECT_FALSE(facts_of(builder.text).is_ebpf);
}

TEST(ElfMore, TellsAnAppImageAndItsType) {
  const auto type_of = [](std::string_view magic) {
    ElfBuilder builder{.type = ET_EXEC};
    builder.build();
    builder.text.replace(EI_ABIVERSION, magic.size(), magic);
    return facts_of(builder.text).appimage_type;
  };
  EXPECT_EQ(type_of("AI\1"), 1U);
  EXPECT_EQ(type_of("AI\2"), 2U);
  EXPECT_EQ(type_of("AI\3"), 0U);
  EXPECT_EQ(type_of("A\1\2"), 0U);
  EXPECT_EQ(type_of(""), 0U);
}

TEST(ElfMore, TellsUpxByItsHeaderOrTrailer) {
  ElfBuilder builder{.type = ET_EXEC};
  builder.build();
  const std::string bare = builder.text + std::string(20, '\0');
  EXPECT_THAT(facts_of(bare).packing, IsEmpty());
  EXPECT_THAT(facts_of(bare + "UPX!").packing,
              ElementsAre(PackingSign::upx, PackingSign::no_section_headers));
  const std::string far = bare + std::string(100'000, '\0');
  EXPECT_THAT(facts_of(far).packing, IsEmpty());
  EXPECT_THAT(facts_of(far + "UPX!" + std::string(32, '\0')).packing, Contains(PackingSign::upx));
  EXPECT_THAT(facts_of(far + "UPX!" + std::string(500, '\0')).packing, Not(Contains(PackingSign::upx)))
      << "a word in a program";
}

TEST(ElfMore, TakesWritableCodeOrRandomBytesWithoutSectionHeadersForPacked) {
  ElfBuilder builder{.type = ET_EXEC};
  builder.build();
  const std::string plain = builder.text;
  const std::size_t flags = sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_flags);
  builder.put(flags, PF_R | PF_W | PF_X, 4);
  EXPECT_THAT(facts_of(builder.text).packing,
              ElementsAre(PackingSign::no_section_headers, PackingSign::writable_code));
  builder.add_sections({{".text", SHT_PROGBITS}});
  EXPECT_THAT(facts_of(builder.text).packing, IsEmpty()) << "as old compilers link it";

  const auto random = random_bytes(8192);
  EXPECT_THAT(facts_of(plain + random).packing,
              ElementsAre(PackingSign::no_section_headers, PackingSign::high_entropy));
  EXPECT_THAT(facts_of(plain + std::string(20'000, '\0') + random).packing,
              Contains(PackingSign::high_entropy));
  EXPECT_THAT(facts_of(plain + std::string(8192, 'x')).packing, IsEmpty()) << "stripped to the bone";
}

class Defect : public testing::Test {
 protected:
  // With one field of a right program changed.
  static std::vector<ElfDefect> with(std::size_t offset, std::uint64_t value, std::size_t width) {
    ElfBuilder builder{.type = ET_EXEC, .interpreter = std::string("/lib/ld.so\0", 11)};
    builder.build();
    builder.put(offset, value, width);
    return facts_of(builder.text).defects;
  }
  static constexpr std::size_t load = sizeof(Elf64_Ehdr);
  static constexpr std::size_t interpreter = load + sizeof(Elf64_Phdr);
};

TEST_F(Defect, IsNotInARightFile) {
  EXPECT_THAT(with(offsetof(Elf64_Ehdr, e_entry), 1, 8), IsEmpty());
  for (const std::uint16_t type : {ET_REL, ET_CORE, ET_DYN}) {
    ElfBuilder builder{.type = type};
    builder.build();
    EXPECT_THAT(facts_of(builder.text).defects, IsEmpty()) << type;
  }
}

TEST_F(Defect, IsNamedForWhatTheKernelRefuses) {
  EXPECT_THAT(with(offsetof(Elf64_Ehdr, e_phnum), 0, 2), Contains(ElfDefect::program_headers));
  EXPECT_THAT(with(offsetof(Elf64_Ehdr, e_phnum), 0xffff, 2), Contains(ElfDefect::program_headers));
  EXPECT_THAT(with(offsetof(Elf64_Ehdr, e_phentsize), 55, 2), Contains(ElfDefect::program_headers));
  EXPECT_THAT(with(offsetof(Elf64_Ehdr, e_phoff), 1 << 20, 8), ElementsAre(ElfDefect::program_headers));
  EXPECT_THAT(with(load + offsetof(Elf64_Phdr, p_memsz), 1, 8), ElementsAre(ElfDefect::segment));
  EXPECT_THAT(with(interpreter + offsetof(Elf64_Phdr, p_filesz), 5, 8), ElementsAre(ElfDefect::interpreter));
  EXPECT_THAT(with(interpreter + offsetof(Elf64_Phdr, p_filesz), 1 << 20, 8),
              ElementsAre(ElfDefect::interpreter));
}

TEST_F(Defect, IsNamedForWhatMisleadsTools) {
  EXPECT_THAT(with(EI_CLASS, 0, 1), ElementsAre(ElfDefect::class_byte));
  EXPECT_THAT(with(EI_DATA, 0, 1), ElementsAre(ElfDefect::byte_order));
  EXPECT_THAT(with(EI_VERSION, 0, 1), ElementsAre(ElfDefect::version));
  EXPECT_THAT(with(offsetof(Elf64_Ehdr, e_version), 2, 4), ElementsAre(ElfDefect::version));
  EXPECT_THAT(with(offsetof(Elf64_Ehdr, e_ehsize), 0, 2), ElementsAre(ElfDefect::header_size));
  EXPECT_THAT(with(offsetof(Elf64_Ehdr, e_shoff), 1 << 20, 8), ElementsAre(ElfDefect::section_headers));
  EXPECT_THAT(with(load + offsetof(Elf64_Phdr, p_offset), 1 << 20, 8),
              ElementsAre(ElfDefect::segment_past_the_end));
  EXPECT_THAT(with(load + offsetof(Elf64_Phdr, p_offset), UINT64_MAX, 8),
              ElementsAre(ElfDefect::segment_past_the_end));
}

TEST_F(Defect, IsTruncationUpToTheHeadersEnd) {
  ElfBuilder builder{.type = ET_EXEC};
  builder.build();
  for (std::size_t length = SELFMAG; length < sizeof(Elf64_Ehdr); ++length)
    EXPECT_THAT(facts_of(builder.text.substr(0, length)).defects, ElementsAre(ElfDefect::truncated))
        << length;
  EXPECT_THAT(facts_of(builder.text.substr(0, sizeof(Elf64_Ehdr))).defects,
              ElementsAre(ElfDefect::program_headers));
}

TEST(ElfMore, ReadsProgramHeadersAndInterpreterBehindTheHead) {
  ElfBuilder builder{.type = ET_DYN, .interpreter = std::string("/lib/ld.so\0", 11)};
  builder.build();
  const std::string table = builder.text.substr(sizeof(Elf64_Ehdr), 2 * sizeof(Elf64_Phdr));
  builder.text.resize(50'000);
  builder.put(offsetof(Elf64_Ehdr, e_phoff), builder.text.size(), 8);
  builder.text += table;
  builder.put(50'000 + sizeof(Elf64_Phdr) + offsetof(Elf64_Phdr, p_offset), 20'000, 8);
  builder.text.replace(20'000, 11, std::string("/lib/ld.so\0", 11));
  const auto facts = facts_of(builder.text);
  EXPECT_EQ(facts.type, model::ElfType::pie);
  EXPECT_EQ(facts.interpreter, "/lib/ld.so");
  EXPECT_THAT(facts.defects, IsEmpty());
}

}  // namespace
}  // namespace dropwarden::classify
