// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <filesystem>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/sys/file.hpp"

#include "own_place.hpp"
#include "support/child.hpp"
#include "support/command.hpp"
#include "support/daemon.hpp"
#include "support/file.hpp"
#include "support/layered_overlay.hpp"
#include "support/overlay.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

// The monitor where no runtime is configured: overlays are all there is to go by. What is mounted goes with
// the directory.
class Overlays : public OwnPlace {
 protected:
  void SetUp() override {
    OwnPlace::SetUp();
    if (IsSkipped()) return;
    std::filesystem::create_directory(path("daemon"));
    // What others have left on this machine is not to be found.
    daemon_ =
        std::make_unique<Daemon>(path("daemon"), std::vector<RuntimeSocket>{}, std::vector<std::string>{},
                                 watch_without_runtimes() + "scan:\n  first_start: false\n  sweep: false\n");
  }

  std::string report() const {
    return run_dropwarden({"containers", "--json", "--config", daemon_->configuration_file()}).output;
  }

  std::unique_ptr<Daemon> daemon_;
};

// Overlays of others may be found as well: this asks only about its own.
TEST_F(Overlays, AreScannedAndWhatIsLeftOutIsSaid) {
  std::filesystem::create_directory(path("overlay"));
  const TestOverlay overlay(path("overlay"));
  write_file(overlay.merged() + "/tmp/scanned-script", "#!/bin/sh\n");
  ASSERT_TRUE(run_in_child([&] {
    require(::chdir(overlay.upper().c_str()) == 0, "chdir");
    for (int level = 0; level < 4200; ++level) require(::mkdir("d", 0755) == 0 && ::chdir("d") == 0, "mkdir");
  }));
  const auto result = run_dropwarden({"scan", "--config", daemon_->configuration_file()});
  EXPECT_EQ(result.status.text(), "status 1") << result.error;
  EXPECT_THAT(result.output, HasSubstr("\"path\":\"/tmp/scanned-script\""));
  EXPECT_THAT(result.error, HasSubstr("not scanned: " + overlay.upper() + ": /d/d/"));
  EXPECT_THAT(result.error, HasSubstr("…: too deep\n"));
  EXPECT_THAT(result.error, HasSubstr(" complete=false\n"));
}

TEST_F(Overlays, AreWatchedAlsoWhereNoContainerIsKnown) {
  std::filesystem::create_directory(path("overlay"));
  const TestOverlay overlay(path("overlay"));
  const std::string marked = "\"sensor\":\"close_write\"";
  ASSERT_TRUE(wait_for([&] { return report().find(overlay.merged()) != std::string::npos; }, 10s))
      << report();
  EXPECT_THAT(report(), HasSubstr(marked));
  std::filesystem::copy_file("/bin/busybox", overlay.merged() + "/dropped");
  const auto record = daemon_->wait_for_record(
      [&](const Record& candidate) { return text_at(candidate, "/data/path") == "/dropped"; }, 20s);
  EXPECT_TRUE(record) << daemon_->log();
}

// What is done to the image's files without changing them is no finding, however large they are.
TEST_F(Overlays, TellWhatIsNewAndWhatWasChangedFromWhatIsTheImagesOwn) {
  LayeredOverlay overlay(path("overlay"), 3);
  const std::string large = "\x7f" + std::string("ELF") + std::string(std::size_t{3} << 20U, '\x01');
  std::filesystem::create_directory(overlay.lower(2) + "/bin");
  for (const char* name : {"/bin/a", "/bin/b", "/bin/c"}) {
    std::filesystem::copy_file("/bin/busybox", overlay.lower(2) + name);
  }
  write_file(overlay.lower(3) + "/large", large);
  overlay.mount();
  ASSERT_TRUE(wait_for([&] { return report().find(overlay.merged()) != std::string::npos; }, 10s))
      << report();
  const auto shell = [&](const std::string& command) {
    EXPECT_EQ(run_command({"sh", "-c", "cd " + overlay.merged() + " && " + command}).status.value, 0)
        << command;
  };
  shell(
      "chmod 0700 bin/a && chown 1:1 bin/a && touch -a bin/a && : >> bin/a && touch -a large && : >> large");
  shell("cat bin/b > bin/c");
  shell("printf x >> bin/b");
  shell("cp bin/a new");
  const auto origin_of = [&](const std::string& name) {
    const auto record = daemon_->wait_for_record(
        [&](const Record& candidate) { return text_at(candidate, "/data/path") == name; }, 20s);
    return record ? text_at(*record, "/event/file/origin") : "none";
  };
  EXPECT_EQ(origin_of("/bin/b"), "modified") << daemon_->log();
  EXPECT_EQ(origin_of("/new"), "new") << daemon_->log();
  EXPECT_EQ(daemon_->stop().value, 0);
  EXPECT_THAT(daemon_->records(), SizeIs(2)) << "of /bin/a, /bin/c and /large none";
  const auto ledger = daemon_->ledger();
  ASSERT_TRUE(ledger.contains("unchanged")) << daemon_->log();
  EXPECT_GE(ledger.at("unchanged"), 5U);
  EXPECT_EQ(ledger.at("balanced"), 1U);
}

TEST_F(Overlays, OfTheSelfTestAreEachReported) {
  const auto self_test = run_dropwarden({"self-test"});
  EXPECT_TRUE(self_test.status.is_success()) << self_test.output << self_test.error;
  EXPECT_THAT(self_test.output, Not(HasSubstr("MISSING")));
  EXPECT_THAT(self_test.output, HasSubstr("unseen   written to a FUSE (fuse-overlayfs)"));
}

// Its layers may be a FUSE file system of the container that never answers: whoever marks it hangs with it.
TEST_F(Overlays, ThatAContainerMountsInAVolumeWhichPropagatesAreNotMarkedAndAreNamed) {
  std::filesystem::create_directory(path("volume"));
  Child container([&](Line& line) {
    require(::unshare(CLONE_NEWNS) == 0, "unshare");
    // Its own directories are where the host cannot see them; the volume stays shared.
    require(::mount(nullptr, "/mnt", nullptr, MS_PRIVATE, nullptr) == 0 || errno == EINVAL, "mount");
    require(::mount("private", "/mnt", "tmpfs", 0, nullptr) == 0, "mount");
    for (const char* name : {"/mnt/l", "/mnt/u", "/mnt/w"}) std::filesystem::create_directory(name);
    require(::mount("overlay", path("volume").c_str(), "overlay", 0,
                    "lowerdir=/mnt/l,upperdir=/mnt/u,workdir=/mnt/w") == 0,
            "mount");
    line.tell();
    line.hear();
  });
  container.line().hear();
  ASSERT_TRUE(wait_for([&] { return report().find(path("volume")) != std::string::npos; }, 10s)) << report();
  EXPECT_THAT(report(), HasSubstr("a container may have mounted it itself"));
  EXPECT_THAT(report(), Not(HasSubstr("\"sensor\":\"close_write\"")));
  container.line().tell();
  EXPECT_TRUE(container.wait());
}

}  // namespace
}  // namespace dropwarden::test
