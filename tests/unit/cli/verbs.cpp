// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>

#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "invoke.hpp"

namespace dropwarden::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string text_of(const boost::json::value& value) {
  return boost::json::value_to<std::string>(value);
}

class Verb : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/var/tmp/dropwarden-cli-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string write(const std::string& name, const std::string& content) {
    const std::string file = directory_ / name;
    std::ofstream(file, std::ios::binary) << content;
    return file;
  }

  std::filesystem::path directory_;
};

TEST_F(Verb, ClassifyPrintsALineAFile) {
  const std::string script = write("a\nb", "#! /bin/sh -e\x1b\n");
  const std::string text = write("text", "hello");
  const auto run = invoke({"classify", script, text, "/proc/self/exe"});
  EXPECT_EQ(run.status, 0);
  EXPECT_EQ(run.err, "");
  EXPECT_THAT(run.out, StartsWith(directory_.string() +
                                  "/a\\nb: script, interpreter /bin/sh, argument -e\\x1b, program sh\n" +
                                  text + ": not executable\n/proc/self/exe: elf "));
  EXPECT_THAT(run.out, HasSubstr("-bit, little-endian, "));
}

TEST_F(Verb, ClassifyPrintsAllFacts) {
  const std::string java = write("A.class", std::string("\xca\xfe\xba\xbe\0\0\0\x3d", 8));
  const std::string wasm = write("a.wasm", std::string("\0asm\1\0\0\0", 8));
  const std::string text = write("text", "hello");
  std::filesystem::permissions(text, std::filesystem::perms::owner_all);
  const auto run = invoke({"classify", java, wasm, text, "/proc/self/exe"});
  EXPECT_EQ(run.status, 0);
  EXPECT_THAT(run.out, StartsWith(java + ": java_class, version 61.0\n" + wasm + ": wasm, module\n" + text +
                                  ": executable_text\n"));
  EXPECT_THAT(run.out, HasSubstr(", OS ABI "));
  EXPECT_THAT(run.out, HasSubstr(", not stripped\n"));
}

TEST_F(Verb, ClassifyPrintsJson) {
  const std::string script = write("a\"b\xff", "#!/bin/sh");
  const std::string text = write("text", "hello");
  const auto run = invoke({"classify", "--json", script, text, "/proc/self/exe"});
  EXPECT_EQ(run.status, 0);
  std::istringstream lines(run.out);
  std::string line;
  std::getline(lines, line);
  auto object = boost::json::parse(line).as_object();
  EXPECT_EQ(text_of(object["file"]), directory_.string() + "/a\"b\\xff");
  EXPECT_EQ(text_of(object["kind"]), "script");
  EXPECT_EQ(text_of(object["script"].at("interpreter")), "/bin/sh");
  std::getline(lines, line);
  EXPECT_TRUE(boost::json::parse(line).at("kind").is_null());
  std::getline(lines, line);
  object = boost::json::parse(line).as_object();
  EXPECT_EQ(text_of(object["kind"]), "elf");
  EXPECT_EQ(text_of(object["elf"].at("endian")), "little");
  EXPECT_TRUE(object["elf"].at("static").is_bool());
  EXPECT_FALSE(std::getline(lines, line));
}

TEST_F(Verb, ClassifyGoesOnAfterAFileThatItCannotRead) {
  const std::string pipe = directory_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const std::string missing = directory_ / "missing";
  const std::string text = write("text", "hello");
  const auto run = invoke({"classify", missing, directory_, pipe, text});
  EXPECT_EQ(run.status, 1);
  EXPECT_EQ(run.out, text + ": not executable\n");
  EXPECT_EQ(run.err, "dropwarden: open(\"" + missing + "\"): No such file or directory\n" +
                         "dropwarden: read(\"" + directory_.string() + "\"): Is a directory\n" +
                         "dropwarden: read(\"" + pipe + "\"): Invalid argument\n");
}

TEST_F(Verb, ClassifyTakesAFileNamedLikeAVerb) {
  const auto run = invoke({"classify", "version"});
  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.err, HasSubstr("open(\"version\")"));
}

TEST_F(Verb, CheckConfigSaysThatAFileIsRight) {
  const std::string file = write("right.yaml", "logging: {level: debug}\n");
  const auto run = invoke({"check-config", file});
  EXPECT_EQ(run.status, 0);
  EXPECT_EQ(run.out, file + ": ok\n");
  EXPECT_EQ(run.err, "");
}

TEST_F(Verb, CheckConfigPrintsAllErrors) {
  const std::string file = write("wrong.yaml", "logging: {level: loud}\nwatc: {}\n");
  const auto run = invoke({"check-config", file});
  EXPECT_EQ(run.status, 2);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, StartsWith(file + ":1:18: logging.level: "));
  EXPECT_THAT(run.err, HasSubstr("\n" + file + ":2:1: unknown key \"watc\""));
  EXPECT_TRUE(run.err.ends_with("^\n"));
}

TEST_F(Verb, CheckConfigFailsOnAFileThatItCannotRead) {
  const auto run = invoke({"check-config", directory_ / "missing.yaml"});
  EXPECT_EQ(run.status, 2);
  EXPECT_THAT(run.err, HasSubstr("missing.yaml\"): No such file"));
}

TEST_F(Verb, CheckConfigTakesTheInstalledFileByDefault) {
  EXPECT_THAT(invoke({"check-config", "--help"}).out, HasSubstr("/etc/dropwarden/dropwarden.yaml"));
}

TEST_F(Verb, StatusFailsWithoutADaemonAndSaysWhatWorks) {
  const std::string file =
      write("c.yaml", "control: {socket: " + (directory_ / "control.sock").string() + "}\n");
  const auto run = invoke({"status", "--config", file});
  EXPECT_EQ(run.status, 1);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, HasSubstr("no daemon answers (connect(\"" + (directory_ / "control.sock").string()));
  EXPECT_THAT(run.err, HasSubstr("`status --profiles` works without one"));
}

TEST_F(Verb, StatusPrintsTheProfilesWithoutADaemon) {
  const auto run = invoke({"status", "--profiles"});
  EXPECT_EQ(run.status, 0);
  EXPECT_EQ(run.err, "");
  EXPECT_THAT(run.out, StartsWith("PROFILE  VERDICT  CALL"));
  EXPECT_THAT(run.out, testing::ContainsRegex("\nmarker +allowed +fanotify_mark +any +the marks\n"));
  EXPECT_THAT(run.out, testing::ContainsRegex("\nmonitor +fatal +execve +any +another program\n"));
  const auto profiles = boost::json::parse(invoke({"status", "--profiles", "--json"}).out).at("profiles");
  EXPECT_EQ(text_of(profiles.at(0).at("profile")), "marker");
}

}  // namespace
}  // namespace dropwarden::cli
