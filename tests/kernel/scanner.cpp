// SPDX-License-Identifier: Apache-2.0
// The walk through a container's upper directory, while the container does to it what it can.
#include "dropwarden/layer/scanner.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <map>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>

#include "dropwarden/mount/table.hpp"
#include "dropwarden/sys/clock.hpp"
#include "dropwarden/sys/file.hpp"

#include "kernel_test.hpp"
#include "layer_test.hpp"
#include "support/child.hpp"
#include "support/overlay.hpp"
#include "support/private_mounts.hpp"

namespace dropwarden::test {
namespace {

using layer::Cut;
using layer::ScanResult;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

class Scan : public KernelTest {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    overlay_ = std::make_unique<TestOverlay>(make_scratch_directory());
    write_file(overlay_->lower() + "/etc/tool", make_elf());
    write_file(overlay_->lower() + "/tmp/tool", make_elf());
  }

  std::string in_container(const std::string& path) const { return overlay_->merged() + path; }
  void shell(const std::string& command) const {
    ASSERT_EQ(std::system(("cd " + overlay_->merged() + " && " + command).c_str()), 0) << command;
  }
  void drop(const std::string& path) const { write_file(in_container(path), make_elf()); }

  layer::Scanner make_scanner(const layer::ScanOptions& options = {}, const std::string& tree = {}) const {
    const auto known = read_overlay(overlay_->merged());
    return {*privilege_,
            sys::value_or_throw(
                layer::open_tree(*privilege_, *known.mounts, tree.empty() ? known.layers->upperdir : tree)),
            options};
  }

  // Paths that are yielded, in the order of the walk. `between` is called after every step.
  std::vector<std::string> scan(
      const layer::ScanOptions& options = {}, const layer::Scanner::Budget& budget = {},
      const std::function<void(std::size_t step)>& between = [](std::size_t) {}) {
    layer::Scanner scanner = make_scanner(options);
    std::vector<std::string> paths;
    std::size_t steps = 0;
    while (scanner.step(budget, [&](layer::ScannedFile file) {
      EXPECT_EQ(read_header(file.file), elf_magic) << file.path;
      paths.push_back(std::move(file.path));
    }))
      between(++steps);
    result_ = scanner.result();
    return paths;
  }

  // Until the clock of file systems has passed all times that were stamped: since Linux 6.13 these may be
  // finer than it.
  static void wait_for_the_next_tick() {
    for (const util::WallTime now{std::chrono::system_clock::now()}; sys::read_file_time() <= now;)
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }

  std::unique_ptr<TestOverlay> overlay_;
  ScanResult result_;
};

TEST_F(Scan, YieldsWhatTheContainerDroppedAndNothingOfTheImage) {
  drop("/tmp/dropped");
  shell(
      "mkdir -p opt/a/b && printf '#!/bin/sh\\n' > opt/a/b/script && echo text > opt/text && : > opt/empty");
  layer::Scanner scanner = make_scanner();
  std::vector<std::string> paths;
  EXPECT_FALSE(scanner.step({}, [&](layer::ScannedFile file) { paths.push_back(file.path); }));
  EXPECT_THAT(paths, UnorderedElementsAre("/tmp/dropped", "/opt/a/b/script"));
  EXPECT_TRUE(scanner.result().is_complete());
  EXPECT_EQ(scanner.result().files, 3U) << "the empty one is not opened";
}

TEST_F(Scan, YieldsTextOnlyWithAnExecuteBitAndWhatIsRegistered) {
  shell(
      "echo 'echo hi' > tmp/runs && chmod 0755 tmp/runs && echo 'echo hi' > tmp/plain && echo x > tmp/a.job");
  const auto rule =
      classify::parse_registration("job", "enabled\ninterpreter /bin/x\nflags: \nextension .job\n");
  ASSERT_TRUE(rule);
  const std::array rules{*rule};
  const auto known = read_overlay(overlay_->merged());
  layer::Scanner scanner(*privilege_,
                         sys::value_or_throw(layer::open_tree(*privilege_, *known.mounts, overlay_->upper())),
                         {}, rules);
  std::vector<std::string> paths;
  scanner.step({}, [&](layer::ScannedFile file) { paths.push_back(file.path); });
  EXPECT_THAT(paths, UnorderedElementsAre("/tmp/runs", "/tmp/a.job"));
}

TEST_F(Scan, PassesOverWhiteoutsAndGoesThroughOpaqueDirectories) {
  shell("rm etc/tool && rm -r tmp && mkdir tmp && cp /bin/true tmp/new && mkdir -p var/d");
  ASSERT_EQ(::getxattr((overlay_->upper() + "/tmp").c_str(), "trusted.overlay.opaque", nullptr, 0), 1);
  struct stat status{};
  ASSERT_EQ(::lstat((overlay_->upper() + "/etc/tool").c_str(), &status), 0);
  ASSERT_TRUE(S_ISCHR(status.st_mode));
  // As an overlay above with `xwhiteouts` has them, Linux 6.7.
  write_file(overlay_->upper() + "/var/d/gone", "");
  set_attribute(overlay_->upper() + "/var/d/gone", "trusted.overlay.whiteout", "y");
  EXPECT_THAT(scan(), ElementsAre("/tmp/new"));
  EXPECT_TRUE(result_.is_complete());
}

TEST_F(Scan, OpensNeitherPipesNorDevicesNorSocketsNorLinks) {
  shell(
      "mkfifo tmp/fifo && mknod tmp/zero c 1 5 && mknod tmp/disk b 7 0 && ln -s /bin/sh tmp/link && "
      "ln -s /etc tmp/directory && ln -s loop tmp/loop");
  const sys::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::ranges::copy(in_container("/tmp/s"), address.sun_path);
  ASSERT_EQ(::bind(socket.number(), reinterpret_cast<const struct sockaddr*>(&address), sizeof address), 0);
  drop("/tmp/x");
  EXPECT_THAT(scan(), ElementsAre("/tmp/x"));
  EXPECT_TRUE(result_.is_complete());
  EXPECT_EQ(result_.files, 1U);
}

TEST_F(Scan, NamesAreAnyBytesOfAnyLength) {
  const std::string longest(255, 'n');
  const std::vector<std::string> names{"/tmp/" + longest, "/tmp/a\nb",     "/tmp/\xff\xfe", "/tmp/ ",
                                       "/tmp/-rf",        "/tmp/\x1b[31m", "/tmp/..."};
  for (const auto& name : names) drop(name);
  EXPECT_THAT(scan(), testing::UnorderedElementsAreArray(names));
}

TEST_F(Scan, YieldsAFileOfManyNamesAFewTimes) {
  drop("/tmp/x");
  ASSERT_EQ(::mkdir(in_container("/tmp/links").c_str(), 0755), 0);
  // Straight in the upper directory: ext4 would stop at 65,000, and copying up is not what is tested here.
  constexpr int links = 100'000;
  const sys::Fd directory = sys::value_or_throw(sys::open_path(overlay_->upper() + "/tmp/links", O_RDONLY));
  const std::string file = overlay_->upper() + "/tmp/x";
  for (int i = 0; i < links; ++i) {
    ASSERT_EQ(::linkat(AT_FDCWD, file.c_str(), directory.number(), std::to_string(i).c_str(), 0), 0);
  }
  EXPECT_THAT(scan(), SizeIs(layer::ScanLimits{}.max_yielded_names));
  EXPECT_GT(result_.entries, std::uint64_t{links});
  EXPECT_TRUE(result_.is_complete());
}

// The name that comes first may be the image's own, whose file was copied up to be linked.
TEST_F(Scan, YieldsBothNamesOfALink) {
  drop("/tmp/x");
  ASSERT_EQ(::link(in_container("/tmp/x").c_str(), in_container("/tmp/y").c_str()), 0);
  EXPECT_THAT(scan(), testing::UnorderedElementsAre("/tmp/x", "/tmp/y"));
}

TEST_F(Scan, ReadsLittleOfAFileThatIsSaidToBeLarge) {
  drop("/tmp/sparse");
  ASSERT_EQ(::truncate((overlay_->upper() + "/tmp/sparse").c_str(), off_t{1} << 40U), 0);
  write_file(in_container("/tmp/holes"), "");
  ASSERT_EQ(::truncate((overlay_->upper() + "/tmp/holes").c_str(), off_t{1} << 40U), 0);
  EXPECT_THAT(scan(), ElementsAre("/tmp/sparse"));
  EXPECT_EQ(result_.bytes, 512U);
}

TEST_F(Scan, GoesOnWhereTheLastStepEnded) {
  for (int i = 0; i < 300; ++i) drop("/tmp/" + std::to_string(i));
  std::size_t steps = 0;
  EXPECT_THAT(scan({}, {.entries = 10, .bytes = 1U << 20U}, [&](std::size_t step) { steps = step; }),
              SizeIs(300));
  EXPECT_GE(steps, 29U);
  steps = 0;
  EXPECT_THAT(
      scan({}, {.entries = 1U << 20U, .bytes = std::uint64_t{640}}, [&](std::size_t step) { steps = step; }),
      SizeIs(300));
  EXPECT_GE(steps, 29U) << "files of 64 bytes";
}

// mkdir(2) and chdir(2) again and again: no path leads there, and yet a process can run what is there.
void make_deep_tree(const std::string& below, int levels, const std::string& name) {
  ASSERT_TRUE(run_in_child([&] {
    require(::chdir(below.c_str()) == 0, "chdir");
    for (int i = 0; i < levels; ++i) {
      require(::mkdir(name.c_str(), 0755) == 0, "mkdir");
      require(::chdir(name.c_str()) == 0, "chdir");
      if (i % 50 == 0) write_file("on-the-way", make_elf());
    }
    write_file("deepest", make_elf());
  }));
}

TEST_F(Scan, GoesDeeperThanAnyPathReaches) {
  make_deep_tree(in_container("/tmp"), 300, std::string(200, 'd'));
  const auto paths = scan();
  EXPECT_THAT(paths, SizeIs(7));
  const auto deepest = std::ranges::max_element(paths, {}, &std::string::size);
  EXPECT_GT(deepest->size(), std::size_t{60'000});
  EXPECT_TRUE(deepest->ends_with("/deepest"));
  EXPECT_TRUE(result_.is_complete());
}

// Each directory has more than one part of entries, and its child somewhere among them.
void make_broad_tree(const std::string& below, int levels) {
  // So that the way down is soon longer than one path can be.
  const std::string child = "child" + std::string(200, 'd');
  ASSERT_TRUE(run_in_child([&] {
    require(::chdir(below.c_str()) == 0, "chdir");
    for (int level = 0; level < levels; ++level) {
      for (int i = 0; i < 80; ++i) {
        write_file("f" + std::to_string(i), i % 40 == 0 ? make_elf() : "text");
        if (i == 40) require(::mkdir(child.c_str(), 0755) == 0, "mkdir");
      }
      require(::chdir(child.c_str()) == 0, "chdir");
    }
  }));
}

TEST_F(Scan, ComesBackToDirectoriesThatItCouldNotKeepOpen) {
  make_broad_tree(in_container("/tmp"), 60);
  const auto all = scan();
  EXPECT_THAT(all, SizeIs(120));
  EXPECT_THAT(scan({.limits = {.max_open = 1}}), testing::UnorderedElementsAreArray(all));
  EXPECT_TRUE(result_.is_complete());
}

TEST_F(Scan, SaysWhatItLeftOutBeyondItsLimits) {
  make_deep_tree(in_container("/tmp"), 20, "d");
  scan({.limits = {.max_depth = 5}});
  EXPECT_FALSE(result_.is_complete());
  EXPECT_EQ(result_.cut_off, 1U);
  ASSERT_THAT(result_.told, SizeIs(1));
  EXPECT_EQ(result_.told[0].why, Cut::depth);
  EXPECT_EQ(result_.told[0].path, "/tmp/d/d/d/d/d");

  scan({.limits = {.max_entries = 7}});
  EXPECT_FALSE(result_.is_complete());
  EXPECT_EQ(result_.entries, 7U);
  ASSERT_THAT(result_.told, SizeIs(1));
  EXPECT_EQ(result_.told[0].why, Cut::entries);
}

TEST_F(Scan, IsNotFinishedWhileStepsAreLeft) {
  for (int i = 0; i < 20; ++i) drop("/tmp/" + std::to_string(i));
  layer::Scanner scanner = make_scanner();
  EXPECT_TRUE(scanner.step({.entries = 3, .bytes = 1U << 20U}, [](const layer::ScannedFile&) {}));
  EXPECT_FALSE(scanner.result().is_complete());
  EXPECT_EQ(scanner.result().cut_off, 0U);
}

TEST_F(Scan, SaysWhatCannotBeRead) {
  drop("/tmp/x");
  // A child without the privilege to read everybody's files.
  ASSERT_EQ(::chmod((overlay_->upper() + "/tmp/x").c_str(), 0), 0);
  ASSERT_EQ(::mkdir((overlay_->upper() + "/tmp/closed").c_str(), 0), 0);
  ASSERT_TRUE(run_in_child([&] {
    require(::chmod(scratch().c_str(), 0755) == 0, "chmod");
    const auto known = read_overlay(overlay_->merged());
    layer::Scanner scanner(
        *privilege_, sys::value_or_throw(layer::open_tree(*privilege_, *known.mounts, overlay_->upper())),
        {});
    require(::setresuid(65534, 65534, 65534) == 0, "setresuid");
    scanner.step({}, [](const layer::ScannedFile&) {});
    const ScanResult& result = scanner.result();
    errno = EPROTO;
    require(!result.is_complete() && result.is_finished && result.cut_off == 2 && result.told.size() == 2,
            "cuts");
    for (const auto& cut : result.told) require(cut.why == Cut::unreadable && cut.error == EACCES, "EACCES");
  }));
}

TEST_F(Scan, StaysOutOfWhatIsMountedInTheTree) {
  drop("/tmp/x");
  for (const auto* name : {"/tmp/mounted", "/tmp/bound"})
    std::filesystem::create_directory(overlay_->upper() + name);
  write_file(overlay_->upper() + "/tmp/file", "covered");
  ASSERT_EQ(::mount("t", (overlay_->upper() + "/tmp/mounted").c_str(), "tmpfs", 0, nullptr), 0);
  write_file(overlay_->upper() + "/tmp/mounted/y", make_elf());
  ASSERT_EQ(::mount("/etc", (overlay_->upper() + "/tmp/bound").c_str(), nullptr, MS_BIND, nullptr), 0);
  ASSERT_EQ(::mount("/bin/true", (overlay_->upper() + "/tmp/file").c_str(), nullptr, MS_BIND, nullptr), 0);
  EXPECT_THAT(scan(), ElementsAre("/tmp/x"));
  EXPECT_EQ(result_.mounts, 3U);
  EXPECT_TRUE(result_.is_complete()) << "the container sees none of them in its layer";
  for (const auto* name : {"/tmp/mounted", "/tmp/bound", "/tmp/file"})
    ::umount2((overlay_->upper() + name).c_str(), MNT_DETACH);
}

TEST_F(Scan, IsRefusedOnAFileSystemThatMightNotAnswer) {
  const auto known = read_overlay(overlay_->merged());
  const auto tree = layer::open_tree(*privilege_, *known.mounts, overlay_->merged());
  ASSERT_FALSE(tree);
  EXPECT_EQ(tree.error().number, ENOTSUP);
}

// A volume of the host, such as a runtime unmounts with its last container: umount(2) without any flag.
TEST_F(Scan, HoldsNothingBetweenStepsOnceItHasLetGo) {
  const std::string volume = make_scratch_directory();
  ASSERT_EQ(::mount("volume", volume.c_str(), "tmpfs", 0, nullptr), 0);
  make_broad_tree(volume, 3);
  layer::Scanner scanner = make_scanner({}, volume);
  ASSERT_TRUE(scanner.step({.entries = 100, .bytes = 1U << 20U}, [](const layer::ScannedFile&) {}));
  EXPECT_NE(::umount2(volume.c_str(), 0), 0) << "else this tests nothing";
  scanner.let_go();
  EXPECT_EQ(::umount2(volume.c_str(), 0), 0);
  // What is there now is another directory.
  EXPECT_FALSE(scanner.resume(sys::value_or_throw(privilege_->open_layer(volume))));
}

TEST_F(Scan, WithATimeReadsAllOfAFileSystemInMemoryWhereAStoreMayMoveNoTime) {
  const std::string volume = make_scratch_directory();
  ASSERT_EQ(::mount("volume", volume.c_str(), "tmpfs", 0, nullptr), 0);
  std::filesystem::create_directory(volume + "/below");
  const std::string program = make_elf();
  for (const std::string& path : {volume + "/below/late", volume + "/below/other"})
    write_file(path, std::string(program.size(), 'a'));
  auto file = sys::value_or_throw(sys::open_path(volume + "/below/late", O_RDWR));
  void* memory = ::mmap(nullptr, program.size(), PROT_READ | PROT_WRITE, MAP_SHARED, file.number(), 0);
  ASSERT_NE(memory, MAP_FAILED);
  std::memset(memory, 'a', program.size());
  file.reset();
  wait_for_the_next_tick();
  const layer::ScanOptions options{.changed_since = sys::read_file_time(), .reads_all_in_memory = true};
  const auto scan_volume = [&](const layer::ScanOptions& how) {
    layer::Scanner scanner = make_scanner(how, volume);
    std::map<std::string, std::uint64_t> found;
    while (scanner.step({}, [&](const layer::ScannedFile& seen) { found[seen.path] = seen.beginning; })) {
    }
    result_ = scanner.result();
    return found;
  };
  EXPECT_THAT(scan_volume(options), IsEmpty());
  EXPECT_EQ(result_.files, 2U);
  std::memcpy(memory, program.data(), program.size());
  EXPECT_THAT(scan_volume({.changed_since = options.changed_since}), IsEmpty()) << "else it needs no option";
  const auto before = scan_volume(options);
  ASSERT_TRUE(before.contains("/below/late"));
  static_cast<char*>(memory)[program.size() - 1] ^= 1;
  EXPECT_NE(scan_volume(options).at("/below/late"), before.at("/below/late")) << "it is another content";
  ::munmap(memory, program.size());
  EXPECT_EQ(::umount2(volume.c_str(), 0), 0);
}

TEST_F(Scan, GoesOnByNamesAfterItHasLetGo) {
  make_broad_tree(in_container("/tmp"), 20);
  const auto all = scan();
  for (const std::uint64_t entries : {1, 7, 100}) {
    layer::Scanner scanner = make_scanner();
    std::vector<std::string> paths;
    while (scanner.step({.entries = entries, .bytes = 1U << 20U},
                        [&](const layer::ScannedFile& file) { paths.push_back(file.path); })) {
      scanner.let_go();
      ASSERT_TRUE(scanner.resume(sys::value_or_throw(privilege_->open_layer(overlay_->upper()))));
    }
    EXPECT_THAT(paths, testing::UnorderedElementsAreArray(all));
    EXPECT_TRUE(scanner.result().is_complete());
  }
}

TEST_F(Scan, SaysWhatWasMovedAwayWhileItHadLetGo) {
  make_broad_tree(in_container("/tmp"), 8);
  layer::Scanner scanner = make_scanner();
  bool is_moved = false;
  while (scanner.step({.entries = 20, .bytes = 1U << 20U}, [](const layer::ScannedFile&) {})) {
    scanner.let_go();
    if (!is_moved && scanner.result().directories > 5)
      is_moved =
          std::rename((overlay_->upper() + "/tmp").c_str(), (overlay_->upper() + "/moved").c_str()) == 0;
    ASSERT_TRUE(scanner.resume(sys::value_or_throw(privilege_->open_layer(overlay_->upper()))));
  }
  ASSERT_TRUE(is_moved);
  EXPECT_TRUE(scanner.result().is_finished && !scanner.result().is_complete());
  EXPECT_EQ(scanner.result().told.at(0).why, Cut::moved);
}

TEST_F(Scan, OfADeviceThatIsBoundAsAVolumeHasNothingToDo) {
  layer::Scanner scanner(*privilege_, sys::value_or_throw(sys::open_path("/dev/null", O_PATH)), {});
  EXPECT_FALSE(scanner.step({}, [](const layer::ScannedFile&) { ADD_FAILURE(); }));
  EXPECT_TRUE(scanner.result().is_complete());
}

TEST_F(Scan, IsOfASingleFileWhereThatIsBoundAsAVolume) {
  drop("/tmp/x");
  layer::Scanner file(*privilege_, sys::value_or_throw(sys::open_path(overlay_->upper() + "/tmp/x", O_PATH)),
                      {});
  file.let_go();
  ASSERT_TRUE(file.resume(sys::value_or_throw(sys::open_path(overlay_->upper() + "/tmp/x", O_PATH))));
  std::vector<std::string> paths;
  EXPECT_FALSE(file.step({}, [&](const layer::ScannedFile& found) { paths.push_back(found.path); }));
  EXPECT_THAT(paths, ElementsAre(""));
  EXPECT_TRUE(file.result().is_complete());
}

TEST_F(Scan, FollowsNoLinkThatIsSwappedInDuringTheWalk) {
  // A name is now a directory, now a link to one outside, as fast as it goes.
  const std::string outside = make_scratch_directory();
  write_file(outside + "/secret", make_elf());
  shell("mkdir tmp/swapped tmp/spare && ln -s " + outside + " tmp/link");
  drop("/tmp/swapped/inside");
  drop("/tmp/spare/inside");
  const std::string tmp = overlay_->upper() + "/tmp";
  Child swapper([&](Line& line) {
    line.tell();
    while (true) {
      require(::renameat2(AT_FDCWD, (tmp + "/swapped").c_str(), AT_FDCWD, (tmp + "/link").c_str(),
                          RENAME_EXCHANGE) == 0,
              "renameat2");
    }
  });
  swapper.line().hear();
  for (int round = 0; round < 300; ++round) {
    for (const std::string& path : scan()) EXPECT_TRUE(path.ends_with("/inside")) << path;
    // A rename that comes in between is an error of the lookup, and said.
    for (const auto& cut : result_.told)
      EXPECT_TRUE(cut.error == EAGAIN || cut.error == ENOTDIR) << cut.error;
  }
}

TEST_F(Scan, OpensNothingButFilesThatAreSwappedInDuringTheWalk) {
  shell("mkfifo tmp/other && echo text > tmp/file");
  const std::string tmp = overlay_->upper() + "/tmp";
  Child swapper([&](Line& line) {
    line.tell();
    while (true)
      ::renameat2(AT_FDCWD, (tmp + "/other").c_str(), AT_FDCWD, (tmp + "/file").c_str(), RENAME_EXCHANGE);
  });
  swapper.line().hear();
  for (int round = 0; round < 300; ++round) EXPECT_THAT(scan(), IsEmpty()) << "and it does not hang";
}

TEST_F(Scan, WalksOnInADirectoryThatIsRenamedDuringTheWalk) {
  shell("mkdir -p tmp/a/b tmp/c");
  for (int i = 0; i < 100; ++i) drop("/tmp/a/b/" + std::to_string(i));
  const auto paths = scan({}, {.entries = 20, .bytes = 1U << 20U}, [&](std::size_t step) {
    if (step == 2) std::filesystem::rename(in_container("/tmp/a"), in_container("/elsewhere"));
  });
  EXPECT_GE(paths.size(), 100U);
  EXPECT_TRUE(result_.has_changed);
}

TEST_F(Scan, SaysThatADirectoryWasMovedAwayBeforeItsEndWasRead) {
  make_broad_tree(in_container("/tmp"), 4);
  layer::Scanner scanner = make_scanner({.limits = {.max_open = 1}});
  bool is_moved = false;
  // Deep down, its parents are not held open any more.
  while (scanner.step({.entries = 1, .bytes = 1U << 20U}, [](const layer::ScannedFile&) {})) {
    if (is_moved || scanner.result().directories < 6) continue;
    std::filesystem::rename(overlay_->upper() + "/tmp", overlay_->upper() + "/moved");
    is_moved = true;
  }
  ASSERT_TRUE(is_moved);
  const ScanResult& result = scanner.result();
  EXPECT_TRUE(result.is_finished && !result.is_complete());
  ASSERT_FALSE(result.told.empty());
  for (const auto& cut : result.told) {
    EXPECT_EQ(cut.why, Cut::moved);
    EXPECT_TRUE(cut.path.starts_with("/tmp")) << cut.path;
  }
}

TEST_F(Scan, WithATimeReadsOnlyWhatHasChangedSince) {
  shell("mkdir -p opt/old opt/new");
  drop("/opt/old/a");
  drop("/opt/new/b");
  drop("/opt/touched");
  wait_for_the_next_tick();
  const auto since = sys::read_file_time();
  drop("/opt/new/c");
  // A process can set mtime back, and not ctime.
  shell("touch -d 2001-01-01 opt/new/c");
  ASSERT_EQ(::chmod((overlay_->upper() + "/opt/old/a").c_str(), 0700), 0);
  drop("/opt/touched");
  wait_for_the_next_tick();
  EXPECT_THAT(scan({.changed_since = since}),
              UnorderedElementsAre("/opt/new/c", "/opt/new/b", "/opt/old/a", "/opt/touched"))
      << "b, since a directory that has changed may have been moved with all that is in it";
  EXPECT_THAT(scan({.changed_since = sys::read_file_time()}), IsEmpty());
  EXPECT_EQ(result_.files, 0U);
}

TEST_F(Scan, WithATimeReadsWhatWasMovedWithItsDirectory) {
  shell("mkdir -p opt/a opt/b");
  drop("/opt/a/x");
  wait_for_the_next_tick();
  const auto since = sys::read_file_time();
  ASSERT_EQ(::rename((overlay_->upper() + "/opt/a").c_str(), (overlay_->upper() + "/moved").c_str()), 0);
  EXPECT_THAT(scan({.changed_since = since}), testing::Contains("/moved/x"));
}

TEST_F(Scan, LeavesOutWhatWasThereBeforeAlsoInADirectoryThatHasChanged) {
  shell("mkdir -p tmp/moved/deep etc");
  drop("/tmp/old");
  drop("/tmp/moved/deep/old");
  wait_for_the_next_tick();
  const util::WallTime now = sys::read_file_time();
  drop("/tmp/new");
  drop("/tmp/moved/deep/new");
  shell("mv tmp/moved etc/moved");
  for (const auto since : {std::optional<util::WallTime>{}, std::optional(now)})
    EXPECT_THAT(scan({.changed_since = since, .never_before = now}),
                UnorderedElementsAre("/tmp/new", "/etc/moved/deep/new"));
}

TEST_F(Scan, WhatIsMovedBehindTheWalkIsSeenByAFurtherOne) {
  // Whichever of the two directories is walked first: at that moment all that is in the other is moved there.
  shell("mkdir tmp/one tmp/two");
  for (int i = 0; i < 50; ++i) drop("/tmp/one/" + std::to_string(i));
  for (int i = 0; i < 50; ++i) drop("/tmp/two/" + std::to_string(i));
  wait_for_the_next_tick();
  layer::Scanner first = make_scanner();
  std::set<std::uint64_t> seen;
  std::string walked;
  const auto on_file = [&](const layer::ScannedFile& file) {
    seen.insert(file.status.inode);
    if (walked.empty()) walked = file.path.substr(0, 8);
  };
  while (walked.empty()) ASSERT_TRUE(first.step({.entries = 1, .bytes = 1U << 20U}, on_file));
  while (seen.size() < 50) ASSERT_TRUE(first.step({.entries = 1, .bytes = 1U << 20U}, on_file));
  const std::string other = walked == "/tmp/one" ? "/tmp/two" : "/tmp/one";
  ASSERT_EQ(::rename((overlay_->upper() + other).c_str(), (overlay_->upper() + walked + "/hidden").c_str()),
            0);
  while (first.step({}, on_file)) {
  }
  EXPECT_LT(seen.size(), 100U) << "else this tests nothing";
  ASSERT_TRUE(first.result().has_changed);

  layer::Scanner second = make_scanner({.changed_since = first.result().started});
  while (second.step({}, on_file)) {
  }
  EXPECT_THAT(seen, SizeIs(100));
}

TEST_F(Scan, SaysNothingOfChangesInATreeThatIsLeftAlone) {
  drop("/tmp/x");
  wait_for_the_next_tick();
  scan();
  EXPECT_FALSE(result_.has_changed);
}

TEST_F(Scan, EndsWellWhenTheContainerIsRemovedMeanwhile) {
  shell("mkdir -p tmp/a tmp/b");
  for (int i = 0; i < 50; ++i) drop("/tmp/a/" + std::to_string(i));
  scan({}, {.entries = 10, .bytes = 1U << 20U}, [&](std::size_t step) {
    if (step == 2) std::filesystem::remove_all(overlay_->upper());
  });
  EXPECT_TRUE(result_.is_finished);
  EXPECT_TRUE(result_.has_changed);
}

}  // namespace
}  // namespace dropwarden::test
