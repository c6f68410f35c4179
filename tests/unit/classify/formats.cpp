// SPDX-License-Identifier: Apache-2.0
// Each format beside ELF and `#!`: whole, cut, and by hostile bytes.
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/classify/classify.hpp"

#include "bytes.hpp"
#include "samples.hpp"

namespace dropwarden::classify {
namespace {

using namespace std::string_literals;
using model::Format;
using testing::ElementsAre;

std::optional<Format> format_of(std::string_view content) {
  const auto kind = classify_content(content);
  if (!kind) return std::nullopt;
  EXPECT_TRUE(looks_executable(to_bytes(content.substr(0, first_bytes)))) << "or it would never be looked at";
  return kind->format;
}

struct Sample {
  const char* name;
  Format format;
  std::string content;
  std::size_t needed;  // as many bytes must be there for it to be told at all
};

class Formats : public testing::TestWithParam<Sample> {};

TEST_P(Formats, AreToldWhole) {
  EXPECT_EQ(format_of(GetParam().content), GetParam().format);
  EXPECT_EQ(format_of(GetParam().content + std::string(100'000, '\0')), GetParam().format);
}

TEST_P(Formats, AreToldFromTheBytesThatTellThemOn) {
  const auto& sample = GetParam();
  for (std::size_t length = 0; length <= sample.content.size(); ++length) {
    const auto format = format_of(sample.content.substr(0, length));
    if (length >= sample.needed) {
      EXPECT_EQ(format, sample.format) << length;
    } else {
      EXPECT_EQ(format, std::nullopt) << length;
    }
  }
}

TEST_P(Formats, StartAtTheVeryFirstByte) {
  EXPECT_EQ(format_of("\n" + GetParam().content), std::nullopt);
  EXPECT_EQ(format_of("\0"s + GetParam().content), std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(
    All, Formats,
    testing::Values(Sample{"Pe32", Format::pe, samples::pe({}), 0x84},
                    Sample{"Pe64", Format::pe, samples::pe({.is_64 = true}), 0x84},
                    Sample{"MachO64", Format::mach_o, samples::mach_o(0xfeedfacf, true), 4},
                    Sample{"MachO32Big", Format::mach_o, samples::mach_o(0xfeedface, false), 4},
                    Sample{"MachOUniversal", Format::mach_o, samples::universal(2), 8},
                    Sample{"Ape", Format::ape, "MZqFpD='\n\n"s + std::string(600, 'x'), 8},
                    Sample{"ApeWithoutWindows", Format::ape, "jartsr='\n\n"s + std::string(600, 'x'), 8},
                    Sample{"JavaClass", Format::java_class, samples::java_class(61), 8},
                    Sample{"Jar", Format::jar, samples::zip("META-INF/MANIFEST.MF"), 50},
                    Sample{"JarOfClasses", Format::jar, samples::zip("a/B.class"), 39},
                    Sample{"Python", Format::python_bytecode, samples::pyc(3495), 4},
                    Sample{"Wasm", Format::wasm, "\0asm\1\0\0\0\1\5"s, 8},
                    Sample{"WasmComponent", Format::wasm, "\0asm\15\0\1\0"s, 8},
                    Sample{"Bflt", Format::bflt, samples::bflt(4, 1), 40},
                    Sample{"Archive", Format::archive, samples::archive("!<arch>\n", "a.o/"), 8},
                    Sample{"ThinArchive", Format::archive, samples::archive("!<thin>\n", "//"), 8}),
    [](const auto& test) { return test.param.name; });

TEST(Pe, TellsTypeMachineAndDotnet) {
  const auto facts = [](samples::Pe pe) { return *classify_content(samples::pe(pe))->pe; };
  const auto plain = facts({});
  EXPECT_EQ(plain.type, model::PeType::executable);
  EXPECT_EQ(plain.bits, 32U);
  EXPECT_EQ(plain.machine, "i386");
  EXPECT_FALSE(plain.is_dotnet);
  EXPECT_EQ(facts({.is_64 = true, .machine = 0xaa64}).machine, "aarch64");
  EXPECT_EQ(facts({.is_64 = true, .machine = 0xaa64}).bits, 64U);
  EXPECT_EQ(facts({.machine = 0x4711}).machine, "18193");
  EXPECT_EQ(facts({.characteristics = 0x2002}).type, model::PeType::library);
  EXPECT_EQ(facts({.subsystem = 1}).type, model::PeType::driver);
  EXPECT_EQ(facts({.subsystem = 10}).type, model::PeType::efi);
  EXPECT_TRUE(facts({.has_cli = true}).is_dotnet);
  EXPECT_TRUE(facts({.is_64 = true, .has_cli = true}).is_dotnet);
  EXPECT_FALSE(facts({.has_cli = true, .directories = 14}).is_dotnet) << "past the directories";
}

TEST(Pe, IsFoundBehindALongDosProgram) {
  EXPECT_EQ(format_of(samples::pe({.offset = 9000})), Format::pe);
  EXPECT_EQ(format_of(samples::pe({.offset = 3'000'000})), Format::pe);
  std::string lost = samples::pe({});
  lost.replace(0x3c, 4, "\xff\xff\xff\xff");
  EXPECT_EQ(format_of(lost), std::nullopt);
  EXPECT_EQ(format_of("MZ is text"), std::nullopt);
}

TEST(MachO, TellsTypesAndMachines) {
  auto facts = *classify_content(samples::mach_o(0xfeedfacf, true))->mach_o;
  EXPECT_EQ(facts.type, model::MachOType::executable);
  EXPECT_EQ(facts.bits, 64U);
  EXPECT_THAT(facts.machines, ElementsAre("aarch64"));
  facts = *classify_content(samples::mach_o(0xfeedface, false, 18, 6))->mach_o;
  EXPECT_EQ(facts.type, model::MachOType::library);
  EXPECT_EQ(facts.bits, 32U);
  EXPECT_THAT(facts.machines, ElementsAre("ppc"));
  facts = *classify_content(samples::universal(2))->mach_o;
  EXPECT_EQ(facts.type, model::MachOType::universal);
  EXPECT_EQ(facts.bits, 0U);
  EXPECT_THAT(facts.machines, ElementsAre("x86_64", "x86_64"));
  EXPECT_EQ(classify_content(samples::universal(44))->mach_o->machines.size(), 16U);
}

TEST(MachO, IsToldFromJavaByTheVersion) {
  EXPECT_EQ(format_of(samples::universal(44)), Format::mach_o);
  EXPECT_EQ(format_of(samples::universal(45)), Format::java_class);
  EXPECT_EQ(format_of(samples::java_class(45)), Format::java_class);
  EXPECT_EQ(format_of("\xca\xfe\xba\xbe\0\0\0\0"s), std::nullopt) << "neither";
  EXPECT_EQ(classify_content(samples::java_class(65))->java_class->major, 65U);
}

TEST(Ape, TellsWhatElseIsInIt) {
  const auto plain = *classify_content("jartsr='\n"s + std::string(300, 'x'))->ape;
  EXPECT_FALSE(plain.is_pe);
  EXPECT_FALSE(plain.has_elf_header);
  const auto rich =
      *classify_content("MZqFpD='\n"s + std::string(3000, 'x') + "'\nexec 7<>$o\nprintf '\\177ELF\\2\\1")
           ->ape;
  EXPECT_TRUE(rich.is_pe);
  EXPECT_TRUE(rich.has_elf_header);
}

TEST(Jar, IsNoOtherZip) {
  EXPECT_EQ(format_of(samples::zip("word/document.xml")), std::nullopt);
  EXPECT_EQ(format_of(samples::zip("meta-inf/manifest.mf")), std::nullopt);
  EXPECT_EQ(format_of(samples::zip(".classes")), std::nullopt);
  EXPECT_EQ(format_of("PK\3\4"), std::nullopt);
}

TEST(Python, TellsTheVersion) {
  const auto version = [](std::uint16_t magic) {
    return classify_content(samples::pyc(magic))->python_bytecode->version;
  };
  EXPECT_EQ(version(62211), "2.7");
  EXPECT_EQ(version(3413), "3.8");
  EXPECT_EQ(version(3495), "3.11");
  EXPECT_EQ(version(3531), "3.12");
  EXPECT_EQ(version(3900), "") << "some later one";
  EXPECT_EQ(format_of(samples::pyc(2999)), std::nullopt);
  EXPECT_EQ(format_of(samples::pyc(4000)), std::nullopt);
  EXPECT_EQ(format_of("ab\r\ncd\r\n"), std::nullopt) << "text of DOS";
  EXPECT_EQ(format_of("\xa7\r\n\n"), std::nullopt) << "a copy in text mode";
}

TEST(Wasm, TellsComponents) {
  EXPECT_FALSE(classify_content("\0asm\1\0\0\0"s)->wasm->is_component);
  EXPECT_TRUE(classify_content("\0asm\15\0\1\0"s)->wasm->is_component);
  EXPECT_EQ(format_of("\0asm\0\0\0\0"s), std::nullopt);
  EXPECT_EQ(format_of("\0asm\1\0\2\0"s), std::nullopt);
}

TEST(Bflt, TellsVersionAndCompression) {
  EXPECT_EQ(classify_content(samples::bflt(4, 1))->bflt->version, 4U);
  EXPECT_FALSE(classify_content(samples::bflt(4, 1))->bflt->is_compressed);
  EXPECT_TRUE(classify_content(samples::bflt(4, 5))->bflt->is_compressed);
  EXPECT_EQ(format_of(samples::bflt(0, 0)), std::nullopt);
  EXPECT_EQ(format_of("bFLT is a word"s + std::string(60, ' ')), std::nullopt);
}

TEST(Archive, TellsTheFirstMember) {
  const auto member = [](std::string_view name) {
    return classify_content(samples::archive("!<arch>\n", name))->archive->first_member;
  };
  EXPECT_EQ(member("a.o/"), "a.o");
  EXPECT_EQ(member("debian-binary"), "debian-binary");
  EXPECT_EQ(member("/"), "/");
  EXPECT_EQ(member("//"), "//");
  EXPECT_EQ(classify_content("!<arch>\n")->archive->first_member, "");
}

}  // namespace
}  // namespace dropwarden::classify
