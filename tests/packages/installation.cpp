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
#include "support/sanitizer.hpp"
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
  // Made once: dpkg is asked for each library.
  static const std::string& sbom() {
    static const std::string text =
        require_command({DROPWARDEN_SOURCE_DIRECTORY "/packaging/make-sbom", dropwarden_binary()});
    return text;
  }
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
  const auto document = boost::json::parse(sbom());
  EXPECT_EQ(document.at("spdxVersion").as_string(), "SPDX-2.3");
  std::set<std::string> names;
  for (const auto& package : document.at("packages").as_array()) {
    names.emplace(package.at("name").as_string());
    EXPECT_NE(package.at("versionInfo").as_string(), "");
  }
  EXPECT_THAT(names,
              testing::IsSupersetOf({"dropwarden", "libc6", "libseccomp2", "libssl3", "libsqlite3-0"}));
  EXPECT_EQ(document.at("relationships").as_array().size(), names.size());
  EXPECT_EQ(require_command({DROPWARDEN_SOURCE_DIRECTORY "/packaging/make-sbom", dropwarden_binary()}),
            sbom());
}

// SPDX 2.3, clauses 6, 7 and 11: what has to be there, in which form, and that nothing is named that is not
// there.
TEST_F(Installation, HasAnSbomThatIsValid) {
  if (!run_command({"dpkg-query", "--version"}).status.is_success() ||
      !run_command({"jq", "--version"}).status.is_success())
    GTEST_SKIP() << "SKIP runtime: jq or dpkg-query is not installed";
  const auto document = boost::json::parse(sbom());
  const auto text = [](const boost::json::value& object, const char* key) {
    return std::string(object.at(key).as_string());
  };
  EXPECT_EQ(text(document, "SPDXID"), "SPDXRef-DOCUMENT");
  EXPECT_EQ(text(document, "dataLicense"), "CC0-1.0");
  EXPECT_THAT(text(document, "name"), testing::StartsWith("dropwarden-"));
  EXPECT_THAT(text(document, "documentNamespace"), testing::MatchesRegex("https://[^#]+"));
  const auto& creation = document.at("creationInfo");
  EXPECT_THAT(text(creation, "created"),
              testing::MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"));
  EXPECT_THAT(std::string(creation.at("creators").at(0).as_string()),
              testing::MatchesRegex("(Tool|Person|Organization): .+"));

  std::set<std::string> ids{"SPDXRef-DOCUMENT"};
  for (const auto& package : document.at("packages").as_array()) {
    const auto id = text(package, "SPDXID");
    EXPECT_THAT(id, testing::MatchesRegex("SPDXRef-[A-Za-z0-9.-]+"));
    EXPECT_TRUE(ids.insert(id).second) << id << " is there twice";
    EXPECT_NE(text(package, "name"), "");
    EXPECT_NE(text(package, "downloadLocation"), "");
    // Without its files, there is no code that verifies them.
    EXPECT_FALSE(package.at("filesAnalyzed").as_bool());
    EXPECT_FALSE(package.as_object().contains("packageVerificationCode"));
    for (const char* licence : {"licenseConcluded", "licenseDeclared"})
      EXPECT_THAT(text(package, licence), testing::AnyOf("NOASSERTION", "NONE", "Apache-2.0"));
    if (const auto* references = package.as_object().if_contains("externalRefs")) {
      for (const auto& reference : references->as_array()) {
        EXPECT_EQ(text(reference, "referenceCategory"), "PACKAGE-MANAGER");
        EXPECT_EQ(text(reference, "referenceType"), "purl");
        EXPECT_THAT(text(reference, "referenceLocator"), testing::MatchesRegex("pkg:deb/[^ ]+@[^ ]+"));
      }
    }
  }
  for (const auto& relation : document.at("relationships").as_array()) {
    EXPECT_THAT(text(relation, "relationshipType"), testing::AnyOf("DESCRIBES", "DYNAMIC_LINK"));
    for (const char* end : {"spdxElementId", "relatedSpdxElement"})
      EXPECT_TRUE(ids.contains(text(relation, end))) << text(relation, end);
  }
  const auto sum = require_command({"sha256sum", dropwarden_binary()});
  EXPECT_EQ(text(document.at("packages").at(0).at("checksums").at(0), "checksumValue"),
            sum.substr(0, sum.find(' ')));
}

// Of the lines of the log and of findings, by MESSAGE_ID.
TEST_F(Installation, HasACatalogThatTheJournalTakes) {
  if (!run_command({"journalctl", "--version"}).status.is_success())
    GTEST_SKIP() << "SKIP runtime: journalctl is not installed";
  const TemporaryDirectory root;
  std::filesystem::create_directories(root.path() / "usr/lib/systemd/catalog");
  std::filesystem::create_directories(root.path() / "var/lib/systemd/catalog");
  std::filesystem::copy_file(path_of("/usr/local/lib/systemd/catalog/dropwarden.catalog"),
                             root.path() / "usr/lib/systemd/catalog/dropwarden.catalog");
  const auto taken = run_command({"journalctl", "--root", root.path(), "--update-catalog"});
  EXPECT_TRUE(taken.status.is_success()) << taken.error;
  EXPECT_EQ(taken.error, "");
  EXPECT_TRUE(std::filesystem::exists(root.path() / "var/lib/systemd/catalog/database"));
}

// What the program's own filters allow, of which each process has less than the unit gives.
TEST_F(Installation, HasAUnitThatForbidsNoCallThatTheProgramMakes) {
  if (has_sanitizer) return;  // which makes some of them
  const std::string profiles = run_dropwarden({"status", "--profiles"}).output;
  const auto is_made = [&](const std::string& call) {
    return std::regex_search(profiles, std::regex("\n(marker|monitor) +allowed +" + call + " "));
  };
  ASSERT_TRUE(is_made("fanotify_init"));
  // Its filter hides openat2(2), whatever the groups are.
  EXPECT_FALSE(read_file(unit()).contains("\nRestrictSUIDSGID=yes"));
  // Which takes it out of its group again.
  EXPECT_TRUE(read_file(unit()).contains("\nSystemCallFilter=pidfd_getfd\n"));
  std::istringstream groups(require_command({"sed", "--quiet", "s/^SystemCallFilter=~//p", unit()}));
  for (std::string group; groups >> group;) {
    std::istringstream lines(require_command({"systemd-analyze", "syscall-filter", group}));
    for (std::string line; std::getline(lines, line);) {
      const std::string call(util::trim(line));
      if (call.empty() || call.starts_with('@') || call.starts_with('#') || call == "pidfd_getfd") continue;
      EXPECT_FALSE(is_made(call)) << group << " has " << call;
    }
  }
}

// README.md says so, as systemd-analyze of this Debian rates it.
TEST_F(Installation, HasAUnitWhoseExposureIsTheOneThatIsStated) {
  const auto rated =
      run_command({"systemd-analyze", "security", "--offline=true", "--threshold=100", "--no-pager", unit()});
  ASSERT_TRUE(rated.status.is_success()) << rated.error;
  std::smatch level;
  ASSERT_TRUE(std::regex_search(rated.output, level, std::regex("exposure level for .*: ([0-9.]+) ")))
      << rated.output;
  const std::string stated = "rates it " + level.str(1) + " of 10";
  EXPECT_TRUE(read_file(DROPWARDEN_SOURCE_DIRECTORY "/README.md").contains(stated))
      << "not there: " << stated;
}

}  // namespace
}  // namespace dropwarden::test
