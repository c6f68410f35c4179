// SPDX-License-Identifier: Apache-2.0
// What the classifier takes the kernel to do, asked of the kernel.
#include <cerrno>
#include <cstdlib>
#include <random>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "dropwarden/classify/classify.hpp"

#include "bytes.hpp"
#include "elf_builder.hpp"

namespace dropwarden::classify {
namespace {

struct Outcome {
  int error = 0;  // of execve(2), 0 when it ran
  int status = 0;
  std::string output;
};

class Kernel : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/var/tmp/dropwarden-classify-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  // Each in a file of its own: a descriptor that a forked child still holds open for writing would be
  // ETXTBSY.
  Outcome run(const std::string& content) {
    const std::string file = directory_ / std::to_string(++count_);
    std::ofstream(file, std::ios::binary) << content;
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    const std::string output = file + ".out";
    const std::string error = file + ".error";
    const pid_t child = ::fork();
    if (child == 0) {
      if (::freopen(output.c_str(), "w", stdout) == nullptr) ::_exit(125);
      ::execl(file.c_str(), file.c_str(), nullptr);
      const int number = errno;
      std::ofstream(error) << number;
      ::_exit(126);
    }
    Outcome outcome;
    EXPECT_EQ(::waitpid(child, &outcome.status, 0), child);
    std::ifstream(error) >> outcome.error;
    std::ifstream in(output, std::ios::binary);
    outcome.output.assign(std::istreambuf_iterator<char>(in), {});
    path_ = file;
    return outcome;
  }

  std::filesystem::path directory_;
  std::string path_;
  int count_ = 0;
};

TEST_F(Kernel, ReadsTheFirstLineOfAScriptAsWeDo) {
  std::mt19937 random(1);
  const auto pick = [&](std::string_view from) { return from[random() % from.size()]; };
  int scripts = 0;
  int others = 0;
  for (int round = 0; round < 300; ++round) {
    std::string text = "#!";
    while (random() % 2 == 0) text += pick(" \t");
    if (random() % 8 != 0) text += "/bin/echo";
    // Some end around the last byte of the kernel's buffer.
    if (random() % 3 == 0)
      text += std::string(random() % 2, ' ') + std::string(240 - text.size() + random() % 20, 'a');
    while (random() % 8 != 0) text += pick(std::string_view{" \tabc\n\0", 7});
    if (random() % 2 == 0) text += "\nrest of the file " + std::string(random() % 300, 'r');

    const auto kind = classify_header(to_bytes(text));
    const Outcome outcome = run(text);
    SCOPED_TRACE(testing::PrintToString(text));
    if (!kind) {
      ++others;
      // An interpreter of no bytes at all is looked up like a path: not run either.
      EXPECT_TRUE(outcome.error == ENOEXEC || outcome.error == ENOENT || outcome.error == EACCES)
          << outcome.error;
    } else if (kind->script->interpreter != "/bin/echo") {
      EXPECT_EQ(outcome.error, ENOENT);
    } else {
      ++scripts;
      ASSERT_EQ(outcome.error, 0);
      const std::string& argument = kind->script->argument;
      const std::string expected = (argument.empty() ? "" : argument + " ") + path_ + "\n";
      // Blanks before a NUL are an argument, an empty one.
      EXPECT_TRUE(outcome.output == expected || (argument.empty() && outcome.output == " " + expected))
          << outcome.output;
    }
  }
  EXPECT_GT(scripts, 50);
  EXPECT_GT(others, 10);
}

TEST_F(Kernel, RunsAProgramWhoseClassAndByteOrderAreLies) {
  const Bytes bytes = read_part("/bin/true", 0, std::size_t{16} << 20U);
  std::string content;
  for (const std::byte byte : bytes) content += static_cast<char>(byte);
  if (run(content).error != 0) GTEST_SKIP() << "SKIP kernel: this machine does not run a copy of /bin/true";
  const auto honest = classify_header(bytes);
  content[EI_CLASS] = content[EI_CLASS] == ELFCLASS64 ? ELFCLASS32 : ELFCLASS64;
  content[EI_DATA] = content[EI_DATA] == ELFDATA2LSB ? ELFDATA2MSB : ELFDATA2LSB;
  const Outcome outcome = run(content);
  EXPECT_EQ(outcome.error, 0);
  EXPECT_EQ(outcome.status, 0);
  const auto lying = classify_header(to_bytes(content));
  ASSERT_TRUE(honest && lying);
  EXPECT_EQ(lying->elf->type, honest->elf->type);
  EXPECT_EQ(lying->elf->machine, honest->elf->machine);
  EXPECT_EQ(lying->elf->interpreter, honest->elf->interpreter);
}

}  // namespace
}  // namespace dropwarden::classify
