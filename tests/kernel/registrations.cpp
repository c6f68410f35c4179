// SPDX-License-Identifier: Apache-2.0
// binfmt_misc: what the kernel shows of its entries, and that it runs by them what we say it runs.
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "dropwarden/classify/registration.hpp"
#include "dropwarden/sys/file.hpp"

#include "kernel_test.hpp"
#include "support/private_mounts.hpp"

namespace dropwarden::test {
namespace {

using namespace std::string_literals;
using testing::IsEmpty;

const std::string directory = "/proc/sys/fs/binfmt_misc";

// The errno of a write of `text`, 0 when it was taken.
int try_write(const std::string& path, std::string_view text) {
  const auto file = sys::open_path(path, O_WRONLY);
  if (!file) return file.error().number;
  return ::write(file->number(), text.data(), text.size()) < 0 ? errno : 0;
}

// An entry of binfmt_misc, which is the whole machine's: gone at the end of the scope. Takes nothing but
// files that a test makes.
class Entry {
 public:
  Entry(std::string name, const std::string& how)
      : name_(std::move(name)), error_(try_write(directory + "/register", ":" + name_ + how)) {}
  ~Entry() {
    if (error_ == 0) try_write(path(), "-1");
  }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  int error() const { return error_; }
  std::string path() const { return directory + "/" + name_; }

 private:
  std::string name_;
  int error_;
};

class RegistrationsTest : public KernelTest {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    // Seen by this process and its children alone.
    while (::umount2(directory.c_str(), MNT_DETACH) == 0) {
    }
    if (::mount("binfmt_misc", directory.c_str(), "binfmt_misc", 0, nullptr) != 0)
      GTEST_SKIP() << "SKIP kernel: no binfmt_misc: " << sys::last_error("mount").text();
  }

  void TearDown() override { ::umount2(directory.c_str(), MNT_DETACH); }

  std::vector<classify::RegistrationRule> rules() {
    const auto files = privilege_->read_registrations();
    EXPECT_TRUE(files);
    std::vector<classify::RegistrationRule> found;
    for (const auto& file : files.value_or(std::vector<privilege::RegistrationFile>{})) {
      if (auto rule = classify::parse_registration(file.name, file.text)) found.push_back(std::move(*rule));
    }
    return found;
  }

  // What the kernel's own interpreter printed when it ran a file of that content and name; nothing when there
  // is none for it (ENOEXEC).
  std::optional<std::string> run(std::string_view content, const std::string& name) {
    const std::string place = make_scratch_directory();
    const std::string file = place + "/" + name;
    write_file(file, content);
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    const std::string output = place + "/output";
    const pid_t child = ::fork();
    if (child == 0) {
      if (::freopen(output.c_str(), "w", stdout) == nullptr) ::_exit(1);
      ::execl(file.c_str(), file.c_str(), nullptr);
      ::_exit(errno == ENOEXEC ? 126 : 1);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == 126) return std::nullopt;
    EXPECT_EQ(WEXITSTATUS(status), 0);
    return sys::read_file(output, 4096).value_or("");
  }

  // The entry by which we say that the file runs, empty for none.
  std::string entry_for(std::string_view content, const std::string& name) {
    const auto all = rules();
    const auto* rule = classify::find_registration(all, std::as_bytes(std::span(content)), name);
    return rule == nullptr ? "" : rule->registration.name;
  }
};

TEST_F(RegistrationsTest, AreNoneWhereTheFileSystemIsNotMounted) {
  ASSERT_EQ(::umount2(directory.c_str(), MNT_DETACH), 0);
  const auto files = privilege_->read_registrations();
  ASSERT_TRUE(files) << files.error().text();
  EXPECT_THAT(*files, IsEmpty());
}

TEST_F(RegistrationsTest, AreReadAsTheyWereMade) {
  const Entry by_magic("dropwarden-test-magic",
                       ":M:3:dwT1\\x00\\x01:\\xff\\xff\\xff\\xff\\x00\\xff:/bin/echo:PO");
  const Entry by_extension("dropwarden-test-extension", ":E::dropwarden-test::/bin/echo:");
  ASSERT_EQ(by_magic.error(), 0);
  ASSERT_EQ(by_extension.error(), 0);
  const auto all = rules();
  const classify::RegistrationRule expected_magic{
      .registration = {"dropwarden-test-magic", "/bin/echo", "PO"},
      .offset = 3,
      .magic = "dwT1\0\1"s,
      .mask = "\xff\xff\xff\xff\0\xff"s,
      .extension = ""};
  const classify::RegistrationRule expected_extension{
      .registration = {"dropwarden-test-extension", "/bin/echo", ""},
      .offset = 0,
      .magic = "",
      .mask = "",
      .extension = "dropwarden-test"};
  EXPECT_THAT(all, testing::Contains(expected_magic));
  EXPECT_THAT(all, testing::Contains(expected_extension));
}

TEST_F(RegistrationsTest, RunWhatWeSayTheyRun) {
  const Entry by_magic("dropwarden-test-magic",
                       ":M:3:dwT1\\x00\\x00:\\xff\\xff\\xff\\xdf\\xff\\xff:/bin/echo:");
  const Entry by_extension("dropwarden-test-extension", ":E::dropwarden-test::/bin/echo:");
  ASSERT_EQ(by_magic.error(), 0);
  ASSERT_EQ(by_extension.error(), 0);
  const auto agrees = [&](std::string_view content, const std::string& name) {
    return run(content, name).has_value() == !entry_for(content, name).empty();
  };
  EXPECT_EQ(entry_for("\1..dwT1\0\0rest"s, "x"), "dropwarden-test-magic");
  EXPECT_TRUE(agrees("\1..dwT1\0\0rest"s, "x"));
  EXPECT_TRUE(agrees("\1..dwT\x11\0\0rest"s, "x")) << "outside the mask";
  EXPECT_TRUE(agrees("\1..dwT1\0\1rest"s, "x"));
  EXPECT_TRUE(agrees("\1..dwT1"s, "x")) << "NULs follow the end";
  EXPECT_EQ(entry_for("\1..dwT1", "x"), "dropwarden-test-magic");
  EXPECT_TRUE(agrees("\1..dwT", "x"));
  EXPECT_TRUE(agrees("\1", "a.dropwarden-test"));
  EXPECT_EQ(entry_for("\1", "a.dropwarden-test"), "dropwarden-test-extension");
  EXPECT_TRUE(agrees("\1", "a.b.dropwarden-test"));
  EXPECT_TRUE(agrees("\1", "a.DROPWARDEN-TEST"));
  EXPECT_TRUE(agrees("\1", "dropwarden-test"));
}

TEST_F(RegistrationsTest, CountInTheOrderInWhichTheyAreListed) {
  const Entry first("dropwarden-test-1", ":M::dwT2\\x01::/bin/echo:P");
  const Entry second("dropwarden-test-2", ":M::dwT2::/bin/echo:");
  ASSERT_EQ(first.error(), 0);
  ASSERT_EQ(second.error(), 0);
  const auto output = run("dwT2\1", "x");
  ASSERT_TRUE(output);
  // With `P` the name that was called comes as a further argument.
  const bool is_by_first = output->find(' ') != std::string::npos;
  EXPECT_FALSE(is_by_first) << "the newest is tried first";
  EXPECT_EQ(entry_for("dwT2\1", "x"), "dropwarden-test-2");
}

TEST_F(RegistrationsTest, AreLeftOutWhenSwitchedOff) {
  const Entry entry("dropwarden-test-magic", ":M::dwT3::/bin/echo:");
  ASSERT_EQ(entry.error(), 0);
  EXPECT_EQ(entry_for("dwT3", "x"), "dropwarden-test-magic");
  ASSERT_EQ(try_write(entry.path(), "0"), 0);
  EXPECT_EQ(entry_for("dwT3", "x"), "");
  ASSERT_EQ(try_write(entry.path(), "1"), 0);
  EXPECT_EQ(entry_for("dwT3", "x"), "dropwarden-test-magic");
  if (rules().size() > 1) return;  // this machine needs the others
  ASSERT_EQ(try_write(directory + "/status", "0"), 0);
  EXPECT_EQ(entry_for("dwT3", "x"), "");
  ASSERT_EQ(try_write(directory + "/status", "1"), 0);
}

}  // namespace
}  // namespace dropwarden::test
