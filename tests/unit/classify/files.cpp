// SPDX-License-Identifier: Apache-2.0
// Files of the machine the test runs on, whatever they are.
#include <cstdlib>

#include <gtest/gtest.h>

#include "dropwarden/classify/classify.hpp"

#include "bytes.hpp"

namespace dropwarden::classify {
namespace {

namespace fs = std::filesystem;
using model::ElfType;

std::optional<model::ElfFacts> elf_facts(const fs::path& file) {
  const Bytes head = read_part(file, 0, head_bytes);
  const auto extent = dynamic_section_past(head);
  const auto kind = classify_header(head, extent ? read_part(file, extent->offset, extent->length) : Bytes{});
  return kind ? kind->elf : std::nullopt;
}

TEST(Files, InTheSystemDirectoriesAreElfWhereTheirFirstFourBytesSaySo) {
  std::size_t elves = 0;
  std::size_t scripts = 0;
  for (const char* directory : {"/usr/bin", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"}) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(directory, error)) {
      if (!entry.is_regular_file() || entry.is_symlink()) continue;
      SCOPED_TRACE(entry.path());
      const Bytes head = read_part(entry.path(), 0, head_bytes);
      const std::string_view text{reinterpret_cast<const char*>(head.data()), head.size()};
      const bool is_elf = text.starts_with(
          "\x7f"
          "ELF");
      const bool is_script = text.starts_with("#!");
      EXPECT_EQ(looks_executable(head), is_elf || is_script);
      const auto kind = classify_header(head);
      ASSERT_EQ(kind.has_value(), is_elf || is_script);
      if (!kind) continue;
      EXPECT_EQ(kind->format, is_elf ? model::Format::elf : model::Format::script);
      if (is_elf) {
        EXPECT_NE(kind->elf->bits, 0U);
        EXPECT_NE(kind->elf->type, ElfType::unknown);
      }
      ++(is_elf ? elves : scripts);
    }
  }
  EXPECT_GT(elves, 50U);
  EXPECT_GT(scripts, 5U);
}

TEST(Files, OfTheSystemAreWhatTheyAre) {
  const auto busybox = elf_facts("/bin/busybox");
  if (!busybox) GTEST_SKIP() << "SKIP runtime: no /bin/busybox here";
  const auto ls = elf_facts("/bin/ls");
  ASSERT_TRUE(ls);
  EXPECT_EQ(ls->type, ElfType::pie);
  EXPECT_FALSE(ls->is_static);
  EXPECT_TRUE(ls->interpreter.starts_with("/lib")) << ls->interpreter;
  EXPECT_EQ(ls->machine, busybox->machine);
  EXPECT_TRUE(ls->is_little_endian);
  EXPECT_EQ(ls->bits, 64U);
  // Debian has it from busybox-static or from busybox.
  EXPECT_TRUE(busybox->type == ElfType::executable || busybox->type == ElfType::pie);
  EXPECT_EQ(busybox->is_static, busybox->interpreter.empty());
}

struct Built {
  const char* name;
  const char* flags;
  ElfType type;
  bool is_static;
};

class Compiler : public testing::TestWithParam<Built> {};

TEST_P(Compiler, MakesWhatWeSay) {
  std::string directory = "/var/tmp/dropwarden-classify-XXXXXX";
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  const std::string out = directory + "/out";
  const std::string command =
      "echo 'int main(void) { return 0; }' | cc -x c - -o " + out + " " + GetParam().flags + " 2>&1";
  // A fixed command line of the test itself.
  const int status = std::system(command.c_str());  // NOLINT(bugprone-command-processor)
  const auto facts = status == 0 ? elf_facts(out) : std::nullopt;
  fs::remove_all(directory);
  if (status != 0) GTEST_SKIP() << "SKIP kernel: no compiler that does " << GetParam().flags;
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->type, GetParam().type);
  EXPECT_EQ(facts->is_static, GetParam().is_static);
}

INSTANTIATE_TEST_SUITE_P(Gcc, Compiler,
                         testing::Values(Built{"Object", "-c", ElfType::relocatable, false},
                                         Built{"Library", "-shared -fPIC", ElfType::shared, false},
                                         Built{"Pie", "-pie -fPIE", ElfType::pie, false},
                                         Built{"Fixed", "-no-pie", ElfType::executable, false},
                                         Built{"Static", "-static -no-pie", ElfType::executable, true},
                                         Built{"StaticPie", "-static-pie -fPIE", ElfType::pie, true}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace dropwarden::classify
