// SPDX-License-Identifier: Apache-2.0
// What `report --html` writes, in the browser that people have.
#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/store/store.hpp"

#include "support/command.hpp"
#include "support/daemon.hpp"
#include "support/temporary_directory.hpp"

namespace dropwarden::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const std::string attack =
    "\"'><script>document.title='owned'</script><img src=https://example.invalid/x "
    "onerror=document.title='owned'>";

store::StoredFinding finding(int number, const std::string& name, const std::string& path) {
  store::StoredFinding made;
  made.id = std::string(31, '0') + std::to_string(number);
  made.container = "id-" + name;
  made.name = name;
  made.image = name + ":1";
  made.file_system = "rootfs";
  made.path = path;
  made.path_state = "live";
  made.kind = "elf";
  made.severity = static_cast<unsigned>(number);
  made.detected_by = "close_write";
  made.seen = util::parse_rfc3339("2026-11-27T10:00:00Z").value() + number * 1min;
  return made;
}

class Browser : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"chromium-headless-shell", "chromium"})
      if (program_.empty() &&
          run_command({"sh", "-c", std::string("command -v ") + name}).status.is_success())
        program_ = name;
    if (program_.empty()) GTEST_SKIP() << "SKIP program: chromium-headless-shell, chromium";
    store::Store store({.path = path("state.db")}, [](const store::Store::Report&) {});
    store.save(finding(1, "web", "/usr/bin/x"));
    store.save(finding(2, "db", "/tmp/y"));
    store.save(finding(3, attack, "/" + attack));
    store.finish();
    const auto made = run_dropwarden({"report", "--store", path("state.db"), "--html", path("page.html")});
    ASSERT_EQ(made.status.value, 0) << made.error;
  }
  std::string path(const std::string& name) const { return directory_.path() / name; }
  // What the page has become when its script has run.
  CommandResult load(const std::string& fragment) {
    return run_command({program_, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                        "--user-data-dir=" + path("profile"), "--enable-logging=stderr",
                        "--virtual-time-budget=5000", "--dump-dom", "file://" + path("page.html") + fragment},
                       {.limit = 120s, .environment = {"HOME=" + path("")}});
  }

 private:
  std::string program_;
  TemporaryDirectory directory_;
};

TEST_F(Browser, RunsThePagesOwnScriptAndNothingThatANameBroughtIn) {
  const auto page = load("");
  EXPECT_THAT(page.output, HasSubstr(">3 of 3</output>")) << page.error;
  EXPECT_THAT(page.output, HasSubstr("<title>Findings of dropwarden</title>"));
  EXPECT_THAT(page.output, Not(HasSubstr("<img")));
  EXPECT_THAT(page.error, AllOf(Not(HasSubstr("Content Security Policy")), Not(HasSubstr("Uncaught"))));
}

TEST_F(Browser, FiltersFindings) {
  EXPECT_THAT(load("#container=web").output, HasSubstr(">1 of 3</output>"));
  EXPECT_THAT(load("#text=/TMP").output, HasSubstr(">1 of 3</output>"));
  EXPECT_THAT(load("#image=db:1&severity=3").output, HasSubstr(">0 of 3</output>"));
  EXPECT_THAT(load("#severity=2").output, HasSubstr(">2 of 3</output>"));
}

}  // namespace
}  // namespace dropwarden::test
