// SPDX-License-Identifier: Apache-2.0
// What `meson install` puts where, and what systemd says of it.
#include <filesystem>
#include <memory>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/util/text.hpp"

#include "support/command.hpp"
#include "support/daemon.hpp"
#include "support/file.hpp"
#include "support/temporary_directory.hpp"

namespace dropwarden::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class Installation : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    root_ = std::make_unique<TemporaryDirectory>();
    require_command({"meson", "install", "-C", DROPWARDEN_BUILD_DIRECTORY, "--no-rebuild", "--quiet",
                     "--destdir", root_->path()});
  }
  static void TearDownTestSuite() { root_.reset(); }

  static std::string path_of(const std::string& installed) { return root_->path().string() + installed; }
  static std::string unit() { return path_of("/usr/local/lib/systemd/system/dropwarden.service"); }

  static inline std::unique_ptr<TemporaryDirectory> root_;
};

TEST_F(Installation, HasAllThatAUserNeedsAndNothingElse) {
  std::set<std::string> expected{
      "/etc/dropwarden/dropwarden.yaml",
      "/usr/local/bin/dropwarden",
      "/usr/local/lib/systemd/catalog/dropwarden.catalog",
      "/usr/local/lib/systemd/system/dropwarden.service",
      "/usr/local/lib/sysusers.d/dropwarden.conf",
      "/usr/local/lib/tmpfiles.d/dropwarden.conf",
      "/usr/local/share/bash-completion/completions/dropwarden",
      "/usr/local/share/fish/vendor_completions.d/dropwarden.fish",
      "/usr/local/share/zsh/site-functions/_dropwarden",
  };
  for (const auto& page : std::filesystem::directory_iterator(DROPWARDEN_MAN_DIRECTORY)) {
    const std::string name = page.path().filename();
    expected.insert(std::string("/usr/local/share/man/man") + name.back() + "/" + name);
  }
  std::set<std::string> installed;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root_->path())) {
    if (!entry.is_directory())
      installed.insert("/" + entry.path().lexically_relative(root_->path()).string());
  }
  EXPECT_EQ(installed, expected);
}

TEST_F(Installation, RunsFromWhereItWasPut) {
  const auto checked = run_command(
      {path_of("/usr/local/bin/dropwarden"), "check-config", path_of("/etc/dropwarden/dropwarden.yaml")});
  EXPECT_TRUE(checked.status.is_success()) << checked.error;
}

// systemd looks whether the program that a unit starts is there.
TEST_F(Installation, HasAUnitOfWhichSystemdHasNothingToSay) {
  if (!run_command({"systemd-analyze", "--version"}).status.is_success())
    GTEST_SKIP() << "SKIP runtime: systemd-analyze is not installed";
  const std::string copy = root_->path() / "dropwarden.service";
  std::string text = read_file(unit());
  const std::string program = "ExecStart=/usr/local/bin/dropwarden";
  ASSERT_THAT(text, HasSubstr(program));
  write_file(copy, text.replace(text.find(program), program.size(), "ExecStart=" + dropwarden_binary()));
  const auto verified = run_command({"systemd-analyze", "verify", "--man=no", "--recursive-errors=no", copy});
  std::filesystem::remove(copy);
  EXPECT_TRUE(verified.status.is_success()) << verified.error;
  EXPECT_THAT(verified.error, Not(HasSubstr("dropwarden.service"))) << verified.error;
}

TEST_F(Installation, IsListedInAnSbomWithWhatItIsLinkedWith) {
  if (!run_command({"dpkg-query", "--version"}).status.is_success() ||
      !run_command({"jq", "--version"}).status.is_success())
    GTEST_SKIP() << "SKIP runtime: jq or dpkg-query is not installed";
  const std::string program = DROPWARDEN_SOURCE_DIRECTORY "/packaging/make-sbom";
  const auto text = require_command({program, dropwarden_binary()});
  const auto document = boost::json::parse(text);
  EXPECT_EQ(document.at("spdxVersion").as_string(), "SPDX-2.3");
  std::set<std::string> names;
  for (const auto& package : document.at("packages").as_array()) {
    names.emplace(package.at("name").as_string());
    EXPECT_NE(package.at("versionInfo").as_string(), "");
  }
  EXPECT_THAT(names,
              testing::IsSupersetOf({"dropwarden", "libc6", "libseccomp2", "libssl3", "libsqlite3-0"}));
  EXPECT_EQ(document.at("relationships").as_array().size(), names.size());
  EXPECT_EQ(require_command({program, dropwarden_binary()}), text);
}

// What the program's own filters allow, of which each process has less than the unit gives.
TEST_F(Installation, HasAUnitThatForbidsNoCallThatTheProgramMakes) {
  const std::string profiles = run_dropwarden({"status", "--profiles"}).output;
  const auto is_made = [&](const std::string& call) {
    return std::regex_search(profiles, std::regex("\n(marker|monitor) +allowed +" + call + " "));
  };
  ASSERT_TRUE(is_made("fanotify_init"));
  std::istringstream groups(require_command({"sed", "--quiet", "s/^SystemCallFilter=~//p", unit()}));
  for (std::string group; groups >> group;) {
    std::istringstream lines(require_command({"systemd-analyze", "syscall-filter", group}));
    for (std::string line; std::getline(lines, line);) {
      const std::string call(util::trim(line));
      if (call.empty() || call.starts_with('@') || call.starts_with('#')) continue;
      EXPECT_FALSE(is_made(call)) << group << " has " << call;
    }
  }
}

// README.md says so. With less to say, systemd-analyze has a lower number.
TEST_F(Installation, HasAUnitWhoseExposureIsTheOneThatIsStated) {
  const auto rated =
      run_command({"systemd-analyze", "security", "--offline=true", "--threshold=56", "--no-pager", unit()});
  EXPECT_TRUE(rated.status.is_success()) << rated.output << rated.error;
}

// A mount namespace of its own would keep mounts of containers alive, and hide others.
TEST_F(Installation, HasAUnitWithoutAMountNamespaceAndWithAllProcesses) {
  const std::string text = read_file(unit());
  for (const char* setting : {"ProtectSystem",
                              "ProtectHome",
                              "PrivateTmp",
                              "PrivateDevices",
                              "PrivateMounts",
                              "PrivateUsers",
                              "ProtectKernelTunables",
                              "ProtectKernelModules",
                              "ProtectKernelLogs",
                              "ProtectControlGroups",
                              "ReadOnlyPaths",
                              "ReadWritePaths",
                              "InaccessiblePaths",
                              "TemporaryFileSystem",
                              "BindPaths",
                              "MountFlags",
                              "ProtectProc",
                              "ProcSubset",
                              "RootDirectory",
                              "DynamicUser",
                              "PrivateIPC"}) {
    EXPECT_THAT(text, Not(HasSubstr(std::string("\n") + setting + "="))) << setting;
  }
}

}  // namespace
}  // namespace dropwarden::test
