// SPDX-License-Identifier: Apache-2.0
// Whether a file is the image's own, on overlays that a process really changes.
#include "dropwarden/layer/origin.hpp"

#include <atomic>
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <sys/mount.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>

#include "dropwarden/model/finding.hpp"
#include "dropwarden/sys/file.hpp"

#include "layer_test.hpp"
#include "support/child.hpp"
#include "support/file.hpp"
#include "support/layered_overlay.hpp"
#include "support/private_mounts.hpp"
#include "support/seen_file.hpp"
#include "support/sha256.hpp"

namespace dropwarden::test {
namespace {

using model::Origin;
using Names = LayeredOverlay::Names;

std::string digest_of(int fd, std::uint64_t size) {
  std::string content(size, '\0');
  const auto got = sys::read_at(fd, std::as_writable_bytes(std::span(content)), 0);
  return got && *got == size ? sha256(content) : std::string{};
}

const std::string tool = make_elf() + std::string(200'000, 't');

// One image with /usr/bin/tool, in the lower of two layers.
class FileOrigin : public KernelTest {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    overlay_ = std::make_unique<LayeredOverlay>(make_scratch_directory(), 2);
    std::filesystem::create_directories(overlay_->lower(2) + "/usr/bin");
    write_file(overlay_->lower(2) + "/usr/bin/tool", tool);
    write_file(overlay_->lower(2) + "/usr/bin/second", tool);
    std::filesystem::create_symlink("tool", overlay_->lower(2) + "/usr/bin/link");
  }

  void mount(Names names = Names::absolute, const std::string& options = {}) {
    overlay_->mount(names, options);
  }
  std::string in_container(const std::string& path) const { return overlay_->merged() + path; }
  void shell(const std::string& command) const {
    ASSERT_EQ(std::system(("cd " + overlay_->merged() + " && " + command).c_str()), 0) << command;
  }

  layer::SeenFile see(const std::string& path) const { return see_file(in_container(path), path); }
  static layer::SeenFile with_digest(layer::SeenFile seen, const std::string& content) {
    seen.facts.sha256 = {.value = sha256(content), .status = model::HashStatus::done};
    return seen;
  }

  Origin origin_of(const layer::SeenFile& seen, const layer::Budget& budget = {}) const {
    return answer_to(seen, budget).value_or(Origin::unknown);
  }
  layer::Answer answer_to(const layer::SeenFile& seen, const layer::Budget& budget = {}) const {
    const auto known = read_overlay(overlay_->merged());
    layer::Image image(*privilege_, known.layers, known.mounts);
    auto found = layer::find_origin(*privilege_, image, seen, digest_of);
    if (const auto* answer = std::get_if<layer::Answer>(&found)) return *answer;
    return layer::compare(std::get<layer::Comparison>(found), budget);
  }
  // With and without a known digest, which have to agree.
  Origin origin_of(const std::string& path) const {
    const auto seen = see(path);
    const Origin origin = origin_of(seen);
    EXPECT_EQ(origin_of(with_digest(seen, read_file(in_container(path)))), origin) << path;
    return origin;
  }

  std::unique_ptr<LayeredOverlay> overlay_;
};

TEST_F(FileOrigin, IsNewWhereTheImageHasNoSuchName) {
  mount();
  shell(
      "cp usr/bin/tool tool && mkdir -p opt/x && cp usr/bin/tool opt/x/tool && cp usr/bin/tool "
      "usr/bin/third");
  for (const std::string path : {"/tool", "/opt/x/tool", "/usr/bin/third"})
    EXPECT_EQ(origin_of(path), Origin::created) << path;
}

// Several files of a directory are asked for at once.
TEST_F(FileOrigin, IsTheSameWhereItWasForeseen) {
  mount();
  shell("cd usr/bin && chmod 0700 tool && printf x >> second && cp tool third && mkdir fourth");
  const auto known = read_overlay(overlay_->merged());
  layer::Image image(*privilege_, known.layers, known.mounts);
  const auto find = [&](const layer::SeenFile& seen) {
    auto found = layer::find_origin(*privilege_, image, seen, digest_of);
    if (const auto* answer = std::get_if<layer::Answer>(&found)) return *answer;
    return layer::compare(std::get<layer::Comparison>(found), {});
  };
  std::map<std::string, layer::SeenFile> seen;
  for (const std::string name : {"tool", "second", "third", "fourth"})
    seen.emplace(name, see("/usr/bin/" + name));
  const layer::Path directory{"usr", "bin"};
  EXPECT_EQ(image.foresee(directory, {"tool", "second"}), 0U) << "nothing was looked up there yet";
  EXPECT_EQ(find(seen.at("tool")), Origin::unchanged);
  ASSERT_EQ(image.foresee(directory, {"tool", "second", "third", "fourth", "none"}), 5U);
  shell("cd usr/bin && mv third fifth");
  EXPECT_EQ(find(seen.at("tool")), Origin::unchanged);
  EXPECT_EQ(find(seen.at("second")), Origin::modified);
  EXPECT_EQ(find(seen.at("third")), Origin::created) << "it had its name when it was asked for";
  EXPECT_EQ(find(seen.at("third")), Origin::created) << "asked for a second time";
  EXPECT_FALSE(image.take_upper({"usr", "bin", "third"}));
  EXPECT_EQ(image.foresee(directory, {"tool"}), 0U) << "one alone";
  EXPECT_FALSE(image.take_upper({"usr", "bin", "fourth"})) << "what was foreseen before is forgotten";
}

// The image has it under the name before.
TEST_F(FileOrigin, IsNotForeseenInADirectoryThatWasRenamed) {
  mount(Names::absolute, "redirect_dir=on");
  shell("mv usr/bin usr/programs && chmod 0700 usr/programs/tool usr/programs/second");
  const auto known = read_overlay(overlay_->merged());
  layer::Image image(*privilege_, known.layers, known.mounts);
  layer::find_origin(*privilege_, image, see("/usr/programs/tool"), digest_of);
  EXPECT_EQ(image.foresee({"usr", "programs"}, {"tool", "second"}), 0U);
  EXPECT_EQ(image.foresee({"usr", "bin"}, {"tool", "second"}), 0U);
}

TEST_F(FileOrigin, IsModifiedWhereTheBytesDiffer) {
  mount();
  shell("printf x >> usr/bin/tool && printf x | dd of=usr/bin/second bs=1 seek=200010 conv=notrunc 2>&1");
  EXPECT_EQ(origin_of("/usr/bin/tool"), Origin::modified);
  EXPECT_EQ(see("/usr/bin/second").facts.size, tool.size());
  EXPECT_EQ(origin_of("/usr/bin/second"), Origin::modified);
}

TEST_F(FileOrigin, IsUnchangedHoweverItsMetadataChanged) {
  for (const std::string change :
       {"chmod u+s usr/bin/tool", "chmod 0600 usr/bin/tool", "chown 1000:1000 usr/bin/tool",
        "touch -a usr/bin/tool", "touch usr/bin/tool", "setcap cap_net_raw+ep usr/bin/tool",
        ": >> usr/bin/tool", "cp usr/bin/second usr/bin/tool",
        "cat usr/bin/tool > ../t && cat ../t > usr/bin/tool && rm ../t",
        "cp usr/bin/tool t && rm usr/bin/tool && mv t usr/bin/tool",
        "chmod 0700 usr/bin/tool && chmod 0755 usr/bin/tool && chown 1:1 usr/bin/tool"}) {
    SCOPED_TRACE(change);
    SetUp();
    mount();
    if (change.starts_with("setcap") && std::system("command -v setcap >/dev/null") != 0) continue;
    shell(change);
    EXPECT_TRUE(std::filesystem::exists(overlay_->upper() + "/usr/bin/tool")) << "it was copied up";
    EXPECT_EQ(origin_of("/usr/bin/tool"), Origin::unchanged);
  }
}

TEST_F(FileOrigin, IsThatOfTheImageAlsoOnceTheFileWasDeletedAndMadeAgain) {
  mount();
  shell(
      "cp usr/bin/tool same && rm usr/bin/tool && cp same usr/bin/tool && rm usr/bin/second && echo '#!' > "
      "usr/bin/second");
  EXPECT_EQ(origin_of("/usr/bin/tool"), Origin::unchanged);
  EXPECT_EQ(origin_of("/usr/bin/second"), Origin::modified);
}

TEST_F(FileOrigin, IsThatOfTheImageAlsoInADirectoryThatWasMadeAgain) {
  mount();
  shell(
      "cp usr/bin/tool same && rm -r usr && mkdir -p usr/bin && cp same usr/bin/tool && echo '#!' > "
      "usr/bin/second "
      "&& cp same usr/bin/third");
  EXPECT_EQ(origin_of("/usr/bin/tool"), Origin::unchanged);
  EXPECT_EQ(origin_of("/usr/bin/second"), Origin::modified);
  EXPECT_EQ(origin_of("/usr/bin/third"), Origin::created);
}

TEST_F(FileOrigin, IsModifiedWhereALinkOfTheImageWasReplacedAndNewWhereADirectoryWas) {
  mount();
  shell(
      "cp usr/bin/tool same && rm usr/bin/link && cp same usr/bin/link && rm -r usr/bin && cp same usr/bin");
  EXPECT_EQ(origin_of("/usr/bin"), Origin::created);
  shell("rm usr/bin && mkdir usr/bin && cp same usr/bin/link");
  EXPECT_EQ(origin_of("/usr/bin/link"), Origin::modified);
}

TEST_F(FileOrigin, FollowsADirectoryThatWasRenamed) {
  mount(Names::absolute, "redirect_dir=on");
  std::filesystem::rename(in_container("/usr/bin"), in_container("/usr/programs"));
  std::filesystem::create_directory(in_container("/opt"));
  std::filesystem::rename(in_container("/usr/programs"), in_container("/opt/programs"));
  shell(
      "chmod 0700 opt/programs/tool && printf x >> opt/programs/second && cp opt/programs/tool "
      "opt/programs/third "
      "&& mkdir usr/bin && cp opt/programs/tool usr/bin/tool");
  EXPECT_EQ(origin_of("/opt/programs/tool"), Origin::unchanged);
  EXPECT_EQ(origin_of("/opt/programs/second"), Origin::modified);
  EXPECT_EQ(origin_of("/opt/programs/third"), Origin::created);
  EXPECT_EQ(origin_of("/usr/bin/tool"), Origin::unchanged)
      << "what was renamed is still the image's at its old place";
}

TEST_F(FileOrigin, IsUnchangedWhereOnlyMetadataWasCopiedUp) {
  mount(Names::absolute, "metacopy=on,redirect_dir=on");
  shell("chmod 0700 usr/bin/tool && chmod 0700 usr/bin/second && mv usr/bin/second usr/bin/renamed");
  struct stat upper{};
  ASSERT_EQ(::stat((overlay_->upper() + "/usr/bin/tool").c_str(), &upper), 0);
  ASSERT_EQ(upper.st_blocks, 0) << "it has no data of its own";
  EXPECT_EQ(origin_of("/usr/bin/tool"), Origin::unchanged);
  EXPECT_EQ(origin_of("/usr/bin/renamed"), Origin::created);
  shell("rm usr/bin/tool && mv usr/bin/renamed usr/bin/tool");
  EXPECT_EQ(origin_of(see("/usr/bin/tool")), Origin::unknown) << "it is another file of the image";
  shell("printf x >> usr/bin/tool");
  EXPECT_EQ(origin_of("/usr/bin/tool"), Origin::modified) << "a write copies the data up";
}

class FileOriginByNames : public FileOrigin, public testing::WithParamInterface<Names> {};
TEST_P(FileOriginByNames, IsFoundHoweverTheLayersAreNamed) {
  try {
    mount(GetParam());
  } catch (const sys::SystemError& error) {
    if (GetParam() != Names::one_by_one) throw;
    GTEST_SKIP() << "SKIP kernel: needs lowerdir+, Linux 6.8: " << error.what();
  }
  shell("chmod 0700 usr/bin/tool && printf x >> usr/bin/second && cp usr/bin/tool new");
  EXPECT_EQ(origin_of("/usr/bin/tool"), Origin::unchanged);
  EXPECT_EQ(origin_of("/usr/bin/second"), Origin::modified);
  EXPECT_EQ(origin_of("/new"), Origin::created);
}
INSTANTIATE_TEST_SUITE_P(Manners, FileOriginByNames,
                         testing::Values(Names::absolute, Names::short_links, Names::one_by_one));

TEST_F(FileOrigin, IsUnknownBeyondTheBudget) {
  constexpr off_t size = off_t{1} << 40;  // of holes
  for (const char* name : {"/usr/bin/tool", "/usr/bin/second"}) {
    ASSERT_EQ(::truncate((overlay_->lower(2) + name).c_str(), size), 0);
  }
  mount();
  const auto upper = overlay_->upper() + "/usr/bin";
  std::filesystem::create_directories(upper);
  // As after a copy-up, but holes as holes.
  write_file(upper + "/tool", tool);
  ASSERT_EQ(::truncate((upper + "/tool").c_str(), size), 0);
  const auto seen = see("/usr/bin/tool");
  ASSERT_EQ(seen.facts.size, static_cast<std::uint64_t>(size));
  EXPECT_EQ(origin_of(seen, {.max_bytes = std::uint64_t{1} << 20U}), Origin::unknown);
  EXPECT_EQ(origin_of(seen, {.max_bytes = static_cast<std::uint64_t>(size),
                             .max_time = std::chrono::milliseconds(5)}),
            Origin::unknown);
}

TEST_F(FileOrigin, IsUnknownOnceTheFileChangedSinceItWasSeen) {
  mount();
  shell("printf evil | dd of=usr/bin/tool conv=notrunc 2>&1");
  const auto evil = see("/usr/bin/tool");
  // Its maker puts everything back as it was, as far as it can.
  shell(
      "sleep 0.02; touch -r usr/bin/tool stamp && cat usr/bin/second > usr/bin/tool && touch -r stamp "
      "usr/bin/tool");
  ASSERT_EQ(see("/usr/bin/tool").facts.modified, evil.facts.modified);
  EXPECT_EQ(origin_of(evil), Origin::unknown);
  std::string content = tool;
  content.replace(0, 4, "evil");
  EXPECT_EQ(origin_of(with_digest(evil, content)), Origin::modified) << "what it was then is known";
}

TEST_F(FileOrigin, IsToldByTheDigestOnceTheFileChangedSinceItWasSeen) {
  mount();
  shell("chmod 0700 usr/bin/tool && cp usr/bin/second new && rm usr/bin/second && cp new usr/bin/second");
  for (const std::string path : {"/usr/bin/tool", "/usr/bin/second"}) {
    const auto seen = see(path);
    shell("chmod 0500 ." + path);
    EXPECT_EQ(answer_to(seen), std::nullopt) << path;
    EXPECT_EQ(answer_to(with_digest(seen, tool)), Origin::unchanged) << path;
    EXPECT_EQ(answer_to(with_digest(seen, "else")), Origin::modified) << path;
  }
}

TEST_F(FileOrigin, HasNoAnswerWhileTheFileIsChangedDuringTheComparison) {
  mount();
  shell("chmod 0700 usr/bin/tool");
  const auto known = read_overlay(overlay_->merged());
  layer::Image image(*privilege_, known.layers, known.mounts);
  auto found = layer::find_origin(*privilege_, image, see("/usr/bin/tool"), digest_of);
  ASSERT_TRUE(std::holds_alternative<layer::Comparison>(found));
  shell("chmod 0500 usr/bin/tool");
  EXPECT_EQ(layer::compare(std::get<layer::Comparison>(found), {}), std::nullopt);
}

TEST_F(FileOrigin, IsUnknownOfAFileWithoutAName) {
  mount();
  shell("chmod 0700 usr/bin/tool");
  auto seen = see("/usr/bin/tool");
  seen.facts.path_state = model::PathState::unnamed;
  EXPECT_EQ(origin_of(seen), Origin::unknown);
}

TEST_F(FileOrigin, IsToldOfADeletedFileAsFarAsItIsKnown) {
  mount();
  shell("chmod 0700 usr/bin/tool && cp usr/bin/tool new");
  auto tool_seen = see("/usr/bin/tool");
  auto new_seen = see("/new");
  shell("rm usr/bin/tool new");
  tool_seen.facts.path_state = new_seen.facts.path_state = model::PathState::deleted;
  EXPECT_EQ(origin_of(new_seen), Origin::created);
  EXPECT_EQ(origin_of(tool_seen), Origin::unknown) << "nobody can read it any more";
  EXPECT_EQ(origin_of(with_digest(tool_seen, tool)), Origin::unchanged);
}

// A new file that is written under the name of an image's file, which a mount inside the container lends it.
TEST_F(FileOrigin, IsNotTakenFromThePathThatABindMountShows) {
  mount();
  shell("cp usr/bin/tool dropped");
  ASSERT_EQ(
      ::mount(in_container("/dropped").c_str(), in_container("/usr/bin/tool").c_str(), "", MS_BIND, nullptr),
      0);
  auto seen = see("/usr/bin/tool");
  ASSERT_EQ(::umount(in_container("/usr/bin/tool").c_str()), 0);
  EXPECT_EQ(origin_of(seen), Origin::unknown);
  EXPECT_EQ(origin_of(with_digest(seen, tool)), Origin::unknown);
  seen.is_path_certain = false;
  seen.facts.path = "/lent";
  EXPECT_EQ(origin_of(seen), Origin::unknown)
      << "the path is not the file's, so its being new proves nothing";
}

// The upper tree belongs to the container. A new file that is seen under the name of an image's file, and a
// link that leads from there to that new file: whoever followed it would find the file that was seen, equal
// to the image's.
TEST_F(FileOrigin, IsNeverReadThroughALinkPutIntoThePath) {
  mount();
  shell("cp usr/bin/tool dropped && cp usr/bin/tool usr/bin/third");
  const std::string outside = make_scratch_directory();
  std::filesystem::create_hard_link(overlay_->upper() + "/dropped", outside + "/tool");
  auto seen = see("/dropped");
  seen.facts.path = "/usr/bin/tool";
  seen.is_path_certain = false;
  const std::string path = overlay_->upper() + "/usr/bin";
  const std::string link = overlay_->upper() + "/link";
  std::filesystem::create_directory_symlink(outside, link);
  std::atomic<bool> is_over = false;
  std::jthread attacker([&] {
    while (!is_over) ::renameat2(AT_FDCWD, link.c_str(), AT_FDCWD, path.c_str(), RENAME_EXCHANGE);
  });
  for (int round = 0; round < 2000 && !HasFailure(); ++round) EXPECT_EQ(origin_of(seen), Origin::unknown);
  is_over = true;
}

}  // namespace
}  // namespace dropwarden::test
