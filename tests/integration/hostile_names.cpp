// SPDX-License-Identifier: Apache-2.0
// Names that are made to deceive whoever reads them, and paths that are longer than any call takes.
#include <algorithm>
#include <fcntl.h>
#include <map>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coverage/acting.hpp"
#include "coverage/program.hpp"
#include "hostile_test.hpp"
#include "support/file.hpp"
#include "support/terminal.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

class HostileNames : public HostileTest {};

// Controls of a terminal, C0 and DEL, but the newline that ends a line; and C1 as UTF-8 has it.
bool has_controls(const std::string& text) {
  const auto is_control = [](unsigned char byte) { return (byte < 0x20 && byte != '\n') || byte == 0x7f; };
  return std::ranges::any_of(text, is_control) || text.find("\xc2\x9b") != std::string::npos;
}

const std::vector<std::string> names{
    std::string(255, 'n'),
    "line\nbreak {\"schema\":\"x\"}",
    "\x1b[2J\x1b[1;31mred\x1b]0;title\x07\x08\x7f",
    "c1 \xc2\x9b"
    "31m",
    "not utf-8 \xff\xfe\xc3 \xed\xa0\x80",
    "\xe2\x80\xae"
    "gnp.exe",
    "back\\slash \\x41 \"quoted\" 'x'",
    "x (deleted)",
    " ",
};

TEST_F(HostileNames, AreToldByteByByteAndHaveNoPowerOverATerminalOrALog) {
  start();
  box_->run([] {
    for (const auto& name : names) {
      drop("/c/" + name);
      drop("/dev/shm/" + name);
    }
  });
  for (const auto& name : names) {
    for (const std::string place : {"/c/", "/dev/shm/"}) {
      const auto record = record_of(place + name, 20s);
      ASSERT_TRUE(record) << "name " << &name - names.data() << " in " << place << daemon_->log();
      EXPECT_EQ(text_at(*record, "/event/file/path_state"), "live") << name;
    }
  }
  const std::string directory =
      daemon_->configuration_file().substr(0, daemon_->configuration_file().rfind('/'));
  EXPECT_FALSE(has_controls(read_file(directory + "/findings")));
  EXPECT_FALSE(has_controls(daemon_->log()));
  for (const auto& record : daemon_->records()) EXPECT_EQ(text_at(record, "/schema"), "dropwarden.finding/1");
}

// What `scan` prints where its output is a terminal, which has colors and moves the cursor of its own accord.
std::string scan_on_a_terminal(const std::string& id) {
  return print_on_a_terminal({dropwarden_binary(), "scan", "--format", "text", id});
}

TEST_F(HostileNames, HaveNoPowerOverTheTerminalThatAScanIsPrintedOn) {
  start();
  box_->run([] {
    for (const auto& name : names) drop("/c/" + name);
  });
  const auto printed = scan_on_a_terminal(box_->id());
  EXPECT_THAT(printed, HasSubstr("\\x1b[2J\\x1b[1;31mred\\x1b]0;title\\x07\\x08\\x7f"));
  EXPECT_THAT(printed, Not(HasSubstr("\x1b[2J")));
  EXPECT_THAT(printed, Not(HasSubstr("\x1b]0;")));
  EXPECT_THAT(printed, Not(HasSubstr("\xc2\x9b")));
  EXPECT_THAT(printed, Not(HasSubstr("\xe2\x80\xae")));
  EXPECT_THAT(printed, HasSubstr("line\\nbreak"));
}

// A directory in a directory, as deep as that; the file at its end.
std::string drop_below(const std::string& top, int depth, const std::string& name) {
  require(::chdir(top.c_str()) == 0, "chdir");
  const std::string directory(200, 'd');
  std::string path = top;
  for (int i = 0; i < depth; ++i) {
    require(::mkdir(directory.c_str(), 0755) == 0, "mkdir");
    require(::chdir(directory.c_str()) == 0, "chdir");
    path += "/" + directory;
  }
  put(name, make_program(path));
  path += "/" + name;
  return path;
}

std::string path_below(const std::string& top, int depth, const std::string& name) {
  std::string path = top;
  for (int i = 0; i < depth; ++i) path += "/" + std::string(200, 'd');
  return path + "/" + name;
}

TEST_F(HostileNames, AreToldWholeUpToTheLongestPathThatThereIs) {
  start("scan:\n  sweep: false\n");
  // 4096 with the NUL (PATH_MAX, path_resolution(7)).
  const std::string name(4095 - path_below("/c", 20, "").size(), 'n');
  box_->run([&] { drop_below("/c", 20, name); });
  EXPECT_EQ(sensor_of(path_below("/c", 20, name)), "close_write") << daemon_->log();
}

// Beyond that the kernel tells no path (ENAMETOOLONG). The drop is told at once, and its path by the scan.
TEST_F(HostileNames, OfMoreThanAPathHoldsHideNoFile) {
  start("scan:\n  interval: 1s\n");
  box_->run([&] { drop_below("/c", 40, "deep"); });
  box_->run([&] { drop_below("/dev/shm", 40, "deep"); });
  for (const std::string place : {"/c", "/dev/shm"}) {
    const auto path = path_below(place, 40, "deep");
    ASSERT_TRUE(record_of(path, 30s)) << place << daemon_->log().substr(0, 10'000);
    EXPECT_GT(path.size(), 8000U);
  }
  std::map<std::string, std::set<std::string>> sensors;  // by id
  std::map<std::string, std::set<std::string>> states;
  for (const auto& record : daemon_->records()) {
    sensors[text_at(record, "/id")].insert(text_at(record, "/detected_by"));
    states[text_at(record, "/id")].insert(text_at(record, "/event/file/path_state"));
  }
  EXPECT_EQ(sensors.size(), 2U) << "one drop, one finding";
  for (const auto& [id, some] : sensors) EXPECT_THAT(some, Contains("close_write"));
  for (const auto& [id, some] : states) EXPECT_THAT(some, Contains("too_long"));
}

}  // namespace
}  // namespace dropwarden::test
