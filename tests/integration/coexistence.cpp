// SPDX-License-Identifier: Apache-2.0
// Other software that uses fanotify on the same mounts: a tracer, and a virus scanner that holds up each open
// until it has looked. None may wait for the other, feed the other with events of its own, or lose for it.
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <pwd.h>
#include <set>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dropwarden/util/text.hpp"

#include "own_place.hpp"
#include "support/child_process.hpp"
#include "support/daemon.hpp"
#include "support/file.hpp"
#include "support/server.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

constexpr int drops = 200;
constexpr const char* marker = "#!/bin/sh\n# dropwarden-coexistence-signature\n";

std::size_t count_lines(const std::string& text, const std::string& first, const std::string& second) {
  std::size_t count = 0;
  for (const auto line : util::split(text, '\n'))
    count += line.contains(first) && line.contains(second) ? 1 : 0;
  return count;
}

class Coexistence : public OwnOverlay {
 protected:
  void SetUp() override {
    const auto missing = missing_requirement({"fatrace", "clamd", "clamonacc"});
    if (!missing.empty()) GTEST_SKIP() << missing;
    OwnOverlay::SetUp();
    if (IsSkipped()) return;
    std::filesystem::create_directory(path("daemon"));
    daemon_ = std::make_unique<Daemon>(path("daemon"), std::vector<RuntimeSocket>{});
  }

  std::string merged(const std::string& name) const { return overlay_->merged() + name; }

  void drop(int from, int to) {
    for (int i = from; i < to; ++i)
      write_file(merged("/x" + std::to_string(i)), "#!/bin/sh\n# " + std::to_string(i) + "\n");
  }
  void expect_told(int from, int to) {
    for (int i = from; i < to; ++i) {
      const auto file = "/x" + std::to_string(i);
      const auto is_it = [&](const Record& record) { return path_of(record) == file; };
      EXPECT_TRUE(daemon_->wait_for_record(is_it, 30s)) << file;
    }
  }
  void expect_good_end() {
    EXPECT_TRUE(daemon_->stop().is_success());
    EXPECT_EQ(daemon_->ledger()["balanced"], 1U);
    EXPECT_EQ(daemon_->ledger()["lost"], 0U);
  }

  std::unique_ptr<Daemon> daemon_;
};

// On the file system under the overlay, since it asks for handles of files, which this overlay has none of.
TEST_F(Coexistence, WithATracerBothSeeAllAndTheMonitorAddsLittle) {
  const auto trace = path("trace");
  ChildProcess tracer({"sh", "-c", "cd " + path("") + " && exec fatrace -c -o " + trace});
  // It tells nothing when it is ready.
  int tries = 0;
  const auto is_tracing = [&] {
    write_file(merged("/probe" + std::to_string(++tries)), "text");
    return std::filesystem::exists(trace) && read_file(trace).find("/probe") != std::string::npos;
  };
  ASSERT_TRUE(wait_for(is_tracing, 30s));
  drop(0, drops);
  expect_told(0, drops);
  // Each by its writer: that the monitor has opened it is another line.
  const auto untraced = [&] {
    std::set<std::string> files;
    for (int i = 0; i < drops; ++i) files.insert(fmt::format("x{}", i));
    const auto text = read_file(trace);
    for (const auto line : util::split(text, '\n'))
      if (!line.starts_with("dw-")) files.erase(std::string(line.substr(line.rfind('/') + 1)));
    return files;
  };
  EXPECT_TRUE(wait_for([&] { return untraced().empty(); }, 30s)) << testing::PrintToString(untraced());
  // What it reads of a file is no event, and it opens each a few times at most. Its own processes alone:
  // there may be another monitor on this machine.
  std::size_t lines = 0;
  for (const std::string part : {"marker", "monitor"})
    lines += count_lines(read_file(trace), fmt::format("dw-{}({})", part, daemon_->part(part)), "/upper/x");
  EXPECT_GT(lines, 0U);
  EXPECT_LT(lines, std::size_t{drops} * 4);
  expect_good_end();
}

class CoexistenceWithAScanner : public Coexistence {
 protected:
  void SetUp() override {
    Coexistence::SetUp();
    if (IsSkipped()) return;
    const auto* user = ::getpwnam("clamav");
    ASSERT_NE(user, nullptr);
    const auto directory = path("clamav");
    std::filesystem::create_directory(directory);
    // An extended signature: name, any type, any offset, hexadecimal.
    std::string hexadecimal;
    for (const char* at = marker; *at != '\0'; ++at) hexadecimal += fmt::format("{:02x}", *at);
    write_file(directory + "/test.ndb", "Dropwarden.Test:0:*:" + hexadecimal + "\n");
    write_file(directory + "/clamd.conf",
               fmt::format("LocalSocket {0}/clamd.sock\nDatabaseDirectory {0}\nForeground yes\nUser clamav\n"
                           "OnAccessIncludePath {1}\nOnAccessPrevention yes\nOnAccessExcludeUname clamav\n"
                           "LogFile {0}/clamd.log\n",
                           directory, overlay_->merged()));
    for (const auto& above : {path(""), std::filesystem::path(path("")).parent_path().parent_path().string()})
      std::filesystem::permissions(above, std::filesystem::perms(0755));
    ASSERT_EQ(::chown(directory.c_str(), user->pw_uid, user->pw_gid), 0);
    clamd_ = std::make_unique<Server>(
        ServerSpec{.arguments = {"clamd", "--config-file=" + directory + "/clamd.conf"},
                   .environment = {},
                   .socket = directory + "/clamd.sock",
                   .log = directory + "/output"});
    client_ = std::make_unique<ChildProcess>(std::vector<std::string>{
        "clamonacc", "--foreground", "--fdpass", "--config-file=" + directory + "/clamd.conf",
        "--log=" + directory + "/clamonacc.log"});
  }

  bool is_blocked(const std::string& file) const { return !std::ifstream(merged(file)).is_open(); }

 private:
  std::unique_ptr<Server> clamd_;
  std::unique_ptr<ChildProcess> client_;
};

TEST_F(CoexistenceWithAScanner, WhatItHoldsUpAndRefusesIsToldAllTheSame) {
  // It tells nothing when it is ready: then it refuses what has its signature.
  write_file(merged("/infected"), marker);
  ASSERT_TRUE(wait_for([&] { return is_blocked("/infected"); }, 60s))
      << read_file(path("clamav") + "/clamonacc.log");
  drop(0, drops);
  expect_told(0, drops);
  const auto is_infected = [](const Record& record) {
    return path_of(record) == "/infected" && text_at(record, "/status") == "final";
  };
  const auto record = daemon_->wait_for_record(is_infected, 30s);
  ASSERT_TRUE(record) << daemon_->log();
  EXPECT_EQ(text_at(*record, "/event/file/sha256/status"), "done");
  expect_good_end();
}

}  // namespace
}  // namespace dropwarden::test
