// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/classify/registration.hpp"

#include <random>

#include <gtest/gtest.h>

#include "bytes.hpp"
#include "samples.hpp"

namespace dropwarden::classify {
namespace {

using namespace std::string_literals;

constexpr std::string_view by_magic =
    "enabled\ninterpreter /usr/bin/qemu-aarch64\nflags: OCF\noffset 4\nmagic 7f454c46\nmask ffffff00\n";
constexpr std::string_view by_extension = "enabled\ninterpreter /usr/bin/wine\nflags: \nextension .exe\n";

bool takes(std::string_view text, std::string_view content, std::string_view name = "x") {
  const auto rule = parse_registration("entry", text);
  return rule && matches(*rule, to_bytes(content), name);
}

TEST(ParseRegistration, ReadsAnEntryThatGoesByBytes) {
  const auto rule = parse_registration("qemu-aarch64", by_magic);
  ASSERT_TRUE(rule);
  EXPECT_EQ(*rule, (RegistrationRule{.registration = {"qemu-aarch64", "/usr/bin/qemu-aarch64", "OCF"},
                                     .offset = 4,
                                     .magic = "\x7f"
                                              "ELF",
                                     .mask = "\xff\xff\xff\0"s,
                                     .extension = ""}));
}

TEST(ParseRegistration, ReadsAnEntryThatGoesByTheExtension) {
  const auto rule = parse_registration("wine", by_extension);
  ASSERT_TRUE(rule);
  EXPECT_EQ(*rule, (RegistrationRule{.registration = {"wine", "/usr/bin/wine", ""},
                                     .offset = 0,
                                     .magic = "",
                                     .mask = "",
                                     .extension = "exe"}));
}

TEST(ParseRegistration, TakesNothingThatIsSwitchedOffOrMalformed) {
  for (const auto* text :
       {"", "disabled\ninterpreter /x\nflags: \nextension .exe\n", "enabled", "enabled\n",
        "enabled\ninterpreter /x\nflags: \n", "enabled\nextension .exe\n",
        "enabled\ninterpreter /x\nextension .\n", "enabled\ninterpreter /x\noffset 0\nmagic 7f4\n",
        "enabled\ninterpreter /x\noffset 0\nmagic 7g\n", "enabled\ninterpreter /x\noffset -1\nmagic 7f\n",
        "enabled\ninterpreter /x\noffset 256\nmagic 7f\n",
        "enabled\ninterpreter /x\noffset 18446744073709551615\nmagic 7f\n",
        "enabled\ninterpreter /x\noffset 0\nmagic 7f45\nmask ff\n"}) {
    EXPECT_FALSE(parse_registration("entry", text)) << text;
  }
}

TEST(ParseRegistration, StandsRandomDamage) {
  std::mt19937 random(20261126);
  std::size_t parsed = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 2 == 0 ? by_magic : by_extension);
    for (std::size_t i = random() % 4; i > 0; --i) text[random() % text.size()] = static_cast<char>(random());
    text.resize(random() % 8 == 0 ? random() % text.size() : text.size());
    const auto rule = parse_registration("entry", text);
    if (!rule) continue;
    ++parsed;
    matches(*rule,
            to_bytes("\x7f"
                     "ELF"),
            "a.exe");
  }
  EXPECT_GT(parsed, 1000U);
}

TEST(Matches, ComparesTheBitsOfTheMaskAtTheOffset) {
  EXPECT_TRUE(takes(by_magic,
                    "....\x7f"
                    "ELF..."));
  EXPECT_TRUE(takes(by_magic,
                    "....\x7f"
                    "ELx"))
      << "outside the mask";
  EXPECT_FALSE(takes(by_magic,
                     "....\x7f"
                     "ExF"));
  EXPECT_FALSE(takes(by_magic,
                     "\x7f"
                     "ELF"));
  EXPECT_FALSE(takes(by_magic, ""));
}

TEST(Matches, SeesNulsBehindAShortFileAsTheKernelDoes) {
  const auto* text = "enabled\ninterpreter /x\nflags: \noffset 0\nmagic 580000\n";
  EXPECT_TRUE(takes(text, "X"));
  EXPECT_FALSE(takes(text, "Xy"));
  EXPECT_FALSE(takes(text, ""));
}

TEST(Matches, ComparesTheLastExtensionByCase) {
  EXPECT_TRUE(takes(by_extension, "x", "a.exe"));
  EXPECT_TRUE(takes(by_extension, "x", "a.b.exe"));
  EXPECT_TRUE(takes(by_extension, "x", ".exe"));
  EXPECT_FALSE(takes(by_extension, "x", "a.EXE"));
  EXPECT_FALSE(takes(by_extension, "x", "exe"));
  EXPECT_FALSE(takes(by_extension, "x", "a.exe.b"));
  EXPECT_FALSE(takes(by_extension, "x", ""));
}

TEST(Registered, IsAKindOfItsOwnOrAFactOfAnother) {
  const std::vector rules{
      *parse_registration("wine", by_extension),
      *parse_registration("spell", "enabled\ninterpreter /spell\nflags: P\noffset 0\nmagic 58\n")};
  const auto kind = [&](std::string_view content, std::string_view name) {
    return classify_content(content, {.name = name, .registrations = rules});
  };
  const auto unknown = kind("X\1\2", "x");
  ASSERT_TRUE(unknown);
  EXPECT_EQ(unknown->format, model::Format::binfmt_misc);
  EXPECT_EQ(unknown->registration, (model::Registration{"spell", "/spell", "P"}));
  const auto windows = kind(samples::pe({}), "setup.exe");
  ASSERT_TRUE(windows);
  EXPECT_EQ(windows->format, model::Format::pe);
  EXPECT_EQ(windows->registration->name, "wine");
  EXPECT_EQ(kind("X", "x.exe")->registration->name, "wine") << "the first that fits";
  EXPECT_FALSE(kind(samples::pe({}), "setup")->registration);
  EXPECT_FALSE(kind("text", "x"));
}

}  // namespace
}  // namespace dropwarden::classify
