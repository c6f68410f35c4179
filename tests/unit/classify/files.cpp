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
  const auto kind = classify_path(file);
  return kind ? kind->elf : std::nullopt;
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

// What other programs make. `make` writes to `$1`.
std::optional<model::FileKind> made_by(const std::string& make) {
  std::string directory = "/var/tmp/dropwarden-classify-XXXXXX";
  if (::mkdtemp(directory.data()) == nullptr) return std::nullopt;
  const std::string command = "cd " + directory + " && (set -- out; " + make + ") >/dev/null 2>&1";
  // A fixed command line of the test itself.
  const int status = std::system(command.c_str());  // NOLINT(bugprone-command-processor)
  const auto kind = status == 0 ? classify_path(directory + "/out") : std::nullopt;
  fs::remove_all(directory);
  return kind;
}

constexpr const char* c_source =
    "echo 'int f(void) { return 0; } int main(void) { return f(); }' | cc -x c - ";

TEST(Made, ProgramsAreStrippedOrNot) {
  const auto plain = made_by(c_source + std::string("-o $1"));
  if (!plain) GTEST_SKIP() << "SKIP kernel: no compiler";
  EXPECT_EQ(plain->elf->is_stripped, false);
  const auto stripped = made_by(c_source + std::string("-s -o $1"));
  ASSERT_TRUE(stripped && stripped->elf);
  EXPECT_EQ(stripped->elf->is_stripped, true);
  EXPECT_EQ(stripped->elf->is_kernel_module, false);
  EXPECT_TRUE(stripped->elf->packing.empty());
  EXPECT_TRUE(stripped->elf->defects.empty());
}

TEST(Made, ObjectsAreKernelModulesByTheirModinfo) {
  const std::string modinfo = "int x __attribute__((section(\".modinfo\"))) = 1;";
  const auto module = made_by("echo '" + modinfo + "' | cc -x c - -c -o $1");
  if (!module) GTEST_SKIP() << "SKIP kernel: no compiler";
  EXPECT_EQ(module->elf->is_kernel_module, true);
  EXPECT_EQ(module->elf->has_module_signature, false);
  const auto object = made_by("echo 'int x = 1;' | cc -x c - -c -o $1");
  ASSERT_TRUE(object && object->elf);
  EXPECT_EQ(object->elf->is_kernel_module, false);
}

TEST(Made, ArchivesAreToldFromThinOnes) {
  const auto whole = made_by("echo text > member && ar rc $1 member");
  if (!whole) GTEST_SKIP() << "SKIP kernel: no ar(1)";
  ASSERT_TRUE(whole->archive);
  EXPECT_FALSE(whole->archive->is_thin);
  EXPECT_EQ(whole->archive->first_member, "member");
  const auto thin = made_by("echo text > member && ar rcT $1 member");
  ASSERT_TRUE(thin && thin->archive);
  EXPECT_TRUE(thin->archive->is_thin);
}

TEST(Made, PythonWritesBytecodeAndArchives) {
  const auto compiled =
      made_by("echo 'x = 1' > a.py && python3 -c 'import py_compile; py_compile.compile(\"a.py\", \"out\")'");
  if (!compiled) GTEST_SKIP() << "SKIP kernel: no python3";
  ASSERT_TRUE(compiled->python_bytecode);
  EXPECT_TRUE(compiled->python_bytecode->version.starts_with("3.")) << "one that we know";
  const auto zipped = [](const std::string& calls) {
    return made_by("python3 -c 'import zipfile; z = zipfile.ZipFile(\"out\", \"w\", zipfile.ZIP_DEFLATED); " +
                   calls + "; z.close()'");
  };
  const auto jar =
      zipped("z.writestr(\"META-INF/MANIFEST.MF\", \"\"); z.writestr(\"a/B.class\", \"x\" * 9999)");
  ASSERT_TRUE(jar && jar->jar);
  EXPECT_TRUE(jar->jar->has_manifest);
  EXPECT_TRUE(jar->jar->has_classes);
  const auto late =
      zipped("import os; z.writestr(\"big\", os.urandom(100000)); z.writestr(\"a/B.class\", \"\")");
  ASSERT_TRUE(late && late->jar) << "by the tail";
  EXPECT_FALSE(late->jar->has_manifest);
  EXPECT_TRUE(late->jar->has_classes);
  const auto many = zipped(
      "[z.writestr(\"%s%d\" % (\"META-INF/MANIFEST.MF\" if i == 0 else \"n\" * 99, i) if i else "
      "\"META-INF/MANIFEST.MF\", \"x\") for i in [-1] + list(range(500))]");
  ASSERT_TRUE(many && many->jar) << "by the beginning of a large directory";
  EXPECT_FALSE(zipped("z.writestr(\"word/document.xml\", \"x\" * 9999)")) << "a document";
}

}  // namespace
}  // namespace dropwarden::classify
