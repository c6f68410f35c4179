// SPDX-License-Identifier: Apache-2.0
// Work that is no intrusion, in a container made of Debian packages: each finding has to be a new executable,
// as file(1) sees it too, and each new program has to be a finding.
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sys/stat.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "acting.hpp"
#include "box_test.hpp"
#include "debian.hpp"
#include "program.hpp"
#include "support/command.hpp"
#include "support/file.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

namespace fs = std::filesystem;

struct Work {
  const char* name;
  const char* script;
  bool has_findings;
};

const Work works[] = {
    {"apt-get install",
     "apt-get -o APT::Sandbox::User=root --no-download --yes --no-install-recommends "
     "install hello jq less nano",
     true},
    {"make with gcc",
     "mkdir /tmp/build && cd /tmp/build && cp /srv/repository/*.c . && "
     "printf 'int main(void) { return 0; }\\n' > main.c && "
     "printf 'all: program library.so archive.a\\n"
     "program: main.o\\n\\tgcc -o $@ main.o\\n"
     "library.so: part1.c\\n\\tgcc -shared -fPIC -o $@ part1.c\\n"
     "archive.a: part2.o part3.o part4.o\\n\\tar rc $@ $^\\n' > Makefile && make && ./program",
     true},
    {"Python venv with local wheels",
     "python3 -m venv /tmp/venv && /tmp/venv/bin/pip install --no-index --find-links /srv/wheels greeting && "
     "/tmp/venv/bin/greeting",
     true},
    {"git clone and checkout",
     "git clone --no-hardlinks /srv/repository /tmp/clone && cd /tmp/clone && rm build part*.c && git "
     "checkout .",
     true},
    {"log rotation",
     "mkdir /var/log/test && for n in 1 2 3 4; do seq 100000 > /var/log/test/$n.log; done && "
     "printf '/var/log/test/*.log {\\n rotate 3\\n compress\\n copytruncate\\n}\\n' > /etc/test.conf && "
     "for n in 1 2 3; do logrotate --force /etc/test.conf && seq 1000 >> /var/log/test/1.log; done",
     false},
    // Each file once: of one that changes again while it is looked at nothing can be proven, so it is
    // reported.
    {"metadata of the image's files",
     "chmod u+w /usr/bin/* && chown 1:1 /usr/bin/git && find /usr/lib/git-core -type f -exec touch {} +",
     false},
    {"reading and executing the image's files",
     "cat /usr/bin/* > /dev/null && git --version && python3 --version", false},
};

// What file(1) may call each kind.
bool is_called_executable(const std::string& kind, const std::string& description) {
  const auto has = [&](std::string_view word) { return description.find(word) != std::string::npos; };
  if (kind == "elf") return has("ELF") && (has("executable") || has("shared object")) && !has("core file");
  if (kind == "script") return has("script") || has("executable");
  if (kind == "executable_text") return has("text");
  return false;
}

bool is_program_or_script(const fs::path& file) {
  const auto bytes = [&] {
    std::ifstream stream(file, std::ios::binary);
    std::string head(18, '\0');
    stream.read(head.data(), static_cast<std::streamsize>(head.size()));
    head.resize(static_cast<std::size_t>(stream.gcount()));
    return head;
  }();
  if (bytes.starts_with("#!")) return true;
  // e_type: ET_EXEC or ET_DYN.
  return bytes.size() == 18 &&
         bytes.starts_with(
             "\x7f"
             "ELF") &&
         (bytes[16] == 2 || bytes[16] == 3);
}

class Corpora : public BoxTest {
 protected:
  std::string type() const override { return "ext4"; }

  void SetUp() override {
    BoxTest::SetUp();
    if (IsSkipped()) return;
    const auto debian = make_debian();
    if (!debian) GTEST_SKIP() << "SKIP runtime: no Debian: " << debian.error();
    image_ = *debian;
    box_ = make_box("box", image_);
    box_->start();
    // What these cover is found, too, and not told.
    daemon_ = start_daemon("policy: {shipped: {package_managers: false, git_hooks: false}}\n");
    ASSERT_TRUE(is_watched(*daemon_, *box_)) << daemon_->report();
  }

  void work(const Work& work) {
    const auto before = daemon_->records().size();
    box_->run([&] { run_shell(work.script, "/tmp/output"); });
    // What comes after has all been told before it.
    const auto mark = fmt::format("/tmp/mark{}", ++marks_);
    box_->run([&] { put(mark, make_program(mark)); });
    ASSERT_TRUE(daemon_->wait_for_record(final_of(box_->id(), mark), 60s)) << daemon_->log();
    std::map<std::string, std::map<std::string, std::string>> by_kind;  // id and path
    for (auto at = before; at < daemon_->records().size(); ++at) take(daemon_->records()[at], by_kind);
    std::size_t count = 0;
    std::string kinds;
    for (const auto& [kind, found] : by_kind) {
      count += found.size();
      kinds += fmt::format(", {} {}", found.size(), kind);
    }
    fmt::print("{}: {} findings{}\n", work.name, count, kinds);
    EXPECT_EQ(count > 0, work.has_findings) << work.name;
  }

  void take(const Record& record, std::map<std::string, std::map<std::string, std::string>>& by_kind) {
    if (container_of(record) != box_->id() || path_of(record).starts_with("/tmp/mark")) return;
    const auto kind = text_at(record, "/event/file/kind");
    by_kind[kind][text_at(record, "/id")] = path_of(record);
    inodes_.insert(text_at(record, "/event/file/inode"));
    check(record, kind);
  }

  // A file that has gone, or has another name, meanwhile is judged by the bytes of its header alone.
  void check(const Record& record, const std::string& kind) const {
    const auto file = box_->upper() + path_of(record);
    if (!fs::is_regular_file(file)) return;
    const auto description = require_command({"file", "--brief", file});
    EXPECT_TRUE(is_called_executable(kind, description))
        << path_of(record) << " is no " << kind << ": " << description;
    const auto original = image_ + path_of(record);
    if (fs::is_regular_file(original)) {
      EXPECT_FALSE(read_file(original) == read_file(file)) << path_of(record) << " is the image's own";
    }
  }

  void expect_all_programs_found() const {
    std::size_t programs = 0;
    for (const auto& entry : fs::recursive_directory_iterator(box_->upper())) {
      if (!entry.is_regular_file() || entry.is_symlink() || !is_program_or_script(entry.path())) continue;
      const auto inside = entry.path().string().substr(box_->upper().size());
      if (fs::is_regular_file(image_ + inside) && read_file(image_ + inside) == read_file(entry.path()))
        continue;
      if (inside.starts_with("/tmp/mark")) continue;
      ++programs;
      struct stat status{};
      ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
      EXPECT_TRUE(inodes_.contains(std::to_string(status.st_ino))) << inside << " was not found";
    }
    fmt::print("{} programs and scripts in the layer, each found\n", programs);
  }

  std::string image_;
  std::unique_ptr<Box> box_;
  std::unique_ptr<Daemon> daemon_;
  std::set<std::string> inodes_;
  int marks_ = 0;
};

TEST_F(Corpora, OfWorkHaveNoFindingThatIsNoNewExecutable) {
  for (const auto& some : works) work(some);
  expect_all_programs_found();
  EXPECT_TRUE(daemon_->stop().is_success());
  EXPECT_EQ(daemon_->ledger()["balanced"], 1U);
}

}  // namespace
}  // namespace dropwarden::test
