// SPDX-License-Identifier: Apache-2.0
// What an image holds, looked up in its layers, must be what the kernel shows of them: each test asks both.
#include "dropwarden/layer/image.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <gmock/gmock.h>

#include "dropwarden/sys/file.hpp"

#include "layer_test.hpp"
#include "support/file.hpp"
#include "support/layered_overlay.hpp"
#include "support/private_mounts.hpp"

namespace dropwarden::test {
namespace {

// `file:<content>`, `directory`, `other` or `none`.
std::string describe(std::uint32_t mode, const std::string& content) {
  if (S_ISDIR(mode)) return "directory";
  return S_ISREG(mode) ? "file:" + content : "other";
}

bool has_user_attributes(const std::string& directory) {
  return ::setxattr(directory.c_str(), "user.test", "y", 1, 0) == 0;
}

class ImageLayers : public KernelTest {
 protected:
  std::string in_kernel(const std::string& path) const {
    struct stat status{};
    const std::string full = merged + path;
    if (::lstat(full.c_str(), &status) != 0) return errno == ENOENT || errno == ENOTDIR ? "none" : "error";
    return describe(status.st_mode, S_ISREG(status.st_mode) ? read_file(full) : "");
  }

  std::string in_layers(const std::string& path) {
    const auto names = layer::parse_path(path);
    const auto found = image().find(*names);
    if (!found) return found.error().text();
    if (!*found) return "none";
    const layer::ImageEntry& entry = **found;
    if (!entry.entry.is_regular()) return describe(entry.entry.status.mode, "");
    const auto file = privilege_->open_regular_file(entry.content().file.number());
    if (!file) return file.error().text();
    std::string content(entry.entry.status.size, '\0');
    content.resize(sys::read_at(file->number(), std::as_writable_bytes(std::span(content)), 0).value());
    return "file:" + content;
  }

  // Made once the overlay is mounted.
  layer::Image& image() {
    if (!image_) {
      const auto known = read_overlay(merged);
      image_ = std::make_unique<layer::Image>(*privilege_, known.layers, known.mounts);
    }
    return *image_;
  }

  // All that the kernel shows, and `more`, is the same in the layers.
  void expect_agreement(const LayeredOverlay& overlay, const std::vector<std::string>& more = {}) {
    merged = overlay.merged();
    image_.reset();
    std::vector<std::string> paths = more;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(merged)) {
      paths.push_back(entry.path().string().substr(merged.size()));
    }
    EXPECT_GT(paths.size(), more.size());
    for (const auto& path : paths) EXPECT_EQ(in_layers(path), in_kernel(path)) << path;
    expect_the_same_together(paths);
  }

  // What lies in one directory is asked for at once, where the upper directory has it, too.
  void expect_the_same_together(const std::vector<std::string>& paths) {
    const auto known = read_overlay(merged);
    auto layers = *known.layers;
    layers.upperdir = make_scratch_directory();
    image_ = std::make_unique<layer::Image>(*privilege_, std::make_shared<const model::OverlayLayers>(layers),
                                            known.mounts);
    std::map<layer::Path, std::vector<std::string>> beside;
    for (const auto& path : paths) {
      auto directory = layer::parse_path(path).value();
      directory.pop_back();
      beside[directory].push_back(path);
    }
    for (const auto& [directory, of_directory] : beside) {
      const auto above = std::filesystem::path(of_directory.front()).parent_path().string();
      std::filesystem::create_directories(layers.upperdir + above);
      std::vector<std::string> names;
      for (const auto& path : of_directory) names.push_back(layer::parse_path(path)->back());
      names.emplace_back("not-asked-for");
      in_layers(of_directory.front());
      const auto foreseen = image().foresee(directory, names);
      // Of a hundred layers, each alone.
      const bool is_for_all = !directory.empty() && layers.lowerdirs.size() < 10;
      EXPECT_EQ(foreseen, is_for_all ? names.size() : 0) << above;
      for (const auto& path : of_directory) EXPECT_EQ(in_layers(path), in_kernel(path)) << path;
    }
  }

  std::string merged;

 private:
  std::unique_ptr<layer::Image> image_;
};

void write(const std::string& path, const std::string& content) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  write_file(path, content);
}

TEST_F(ImageLayers, ShowTheUppermostOfEachName) {
  LayeredOverlay overlay(make_scratch_directory(), 3);
  write(overlay.lower(1) + "/bin/a", "1");
  write(overlay.lower(2) + "/bin/a", "22");
  write(overlay.lower(2) + "/bin/b", "2");
  write(overlay.lower(3) + "/bin/b", "33");
  write(overlay.lower(3) + "/usr/lib/deep/c", "3");
  std::filesystem::create_symlink("a", overlay.lower(2) + "/bin/link");
  overlay.mount_image();
  expect_agreement(overlay, {"/none", "/bin/none", "/none/a", "/bin/a/below", "/bin/link/below"});
  EXPECT_EQ(in_layers("/bin/a"), "file:1");
  EXPECT_EQ(in_layers("/bin/link"), "other") << "a link is what the name stands for, never where it leads";
}

TEST_F(ImageLayers, HideWhatAWhiteoutInTheMiddleRemoves) {
  LayeredOverlay overlay(make_scratch_directory(), 3);
  write(overlay.lower(3) + "/bin/removed", "3");
  write(overlay.lower(3) + "/opt/tree/file", "3");
  write(overlay.lower(3) + "/bin/again", "3");
  write(overlay.lower(2) + "/bin/x", "2");
  make_whiteout(overlay.lower(2) + "/bin/removed");
  make_whiteout(overlay.lower(2) + "/bin/again");
  make_whiteout(overlay.lower(2) + "/opt");
  write(overlay.lower(1) + "/bin/again", "1");
  overlay.mount_image();
  expect_agreement(overlay, {"/bin/removed", "/opt", "/opt/tree/file"});
  EXPECT_EQ(in_layers("/bin/removed"), "none");
  EXPECT_EQ(in_layers("/opt/tree/file"), "none");
  EXPECT_EQ(in_layers("/bin/again"), "file:1");
}

TEST_F(ImageLayers, HideWhatLiesBelowAnOpaqueDirectory) {
  LayeredOverlay overlay(make_scratch_directory(), 3);
  for (const std::size_t number : {1, 2, 3}) {
    write(overlay.lower(number) + "/d/sub/of" + std::to_string(number), std::to_string(number));
  }
  set_attribute(overlay.lower(2) + "/d", "trusted.overlay.opaque", "y");
  overlay.mount_image();
  expect_agreement(overlay, {"/d/sub/of3"});
  EXPECT_EQ(in_layers("/d/sub/of2"), "file:2");
  EXPECT_EQ(in_layers("/d/sub/of3"), "none");
}

TEST_F(ImageLayers, TakeTheirAttributesFromUsersOnlyWhereTheMountSaysSo) {
  if (!has_user_attributes(make_scratch_directory()))
    GTEST_SKIP() << "SKIP kernel: needs attributes of users on tmpfs, Linux 6.6";
  for (const std::string options : {"", "userxattr"}) {
    LayeredOverlay overlay(make_scratch_directory(), 2);
    write(overlay.lower(1) + "/d/a", "1");
    write(overlay.lower(2) + "/d/b", "2");
    set_attribute(overlay.lower(1) + "/d", "user.overlay.opaque", "y");
    overlay.mount_image(options);
    expect_agreement(overlay, {"/d/b"});
    EXPECT_EQ(in_layers("/d/b"), options.empty() ? "file:2" : "none");
  }
}

TEST_F(ImageLayers, LetAFileHideADirectoryAndADirectoryAFile) {
  LayeredOverlay overlay(make_scratch_directory(), 3);
  write(overlay.lower(3) + "/a/file", "3");
  write(overlay.lower(2) + "/a", "2");
  write(overlay.lower(1) + "/a/other", "1");
  write(overlay.lower(3) + "/b/file", "3");
  write(overlay.lower(1) + "/b", "1");
  overlay.mount_image();
  expect_agreement(overlay, {"/a/file", "/b/file"});
  EXPECT_EQ(in_layers("/a/file"), "none");
}

TEST_F(ImageLayers, HideWhatAWhiteoutByAttributeRemoves) {
  LayeredOverlay overlay(make_scratch_directory(), 2);
  write(overlay.lower(2) + "/d/removed", "2");
  write(overlay.lower(2) + "/d/empty", "2");
  write(overlay.lower(1) + "/d/removed", "");
  write(overlay.lower(1) + "/d/empty", "");
  set_attribute(overlay.lower(1) + "/d", "trusted.overlay.opaque", "x");
  set_attribute(overlay.lower(1) + "/d/removed", "trusted.overlay.whiteout", "y");
  overlay.mount_image();
  merged = overlay.merged();
  if (in_kernel("/d/removed") != "none")
    GTEST_SKIP() << "SKIP kernel: needs whiteouts by attribute, Linux 6.7";
  expect_agreement(overlay, {"/d/removed"});
  EXPECT_EQ(in_layers("/d/empty"), "file:");
}

// The upper layer of a container with renamed directories, committed as a layer of an image.
TEST_F(ImageLayers, FollowDirectoriesThatWereRenamed) {
  LayeredOverlay container(make_scratch_directory(), 2);
  write(container.lower(2) + "/usr/a/sub/x", "x");
  write(container.lower(1) + "/usr/a/sub/y", "y");
  write(container.lower(2) + "/usr/c/z", "z");
  container.mount(LayeredOverlay::Names::absolute, "redirect_dir=on");
  const std::string root = container.merged();
  std::filesystem::rename(root + "/usr/a/sub", root + "/usr/a/moved");
  std::filesystem::rename(root + "/usr/a", root + "/usr/b");
  std::filesystem::create_directory(root + "/opt");
  std::filesystem::rename(root + "/usr/c", root + "/opt/c");
  write_file(root + "/usr/b/moved/new", "new");
  LayeredOverlay overlay(make_scratch_directory(), 3);
  using std::filesystem::copy_options;
  ASSERT_EQ(std::system(("cp -a " + container.upper() + "/. " + overlay.lower(1)).c_str()), 0);
  for (const std::size_t number : {1, 2}) {
    std::filesystem::copy(container.lower(number), overlay.lower(number + 1), copy_options::recursive);
  }
  overlay.mount_image("redirect_dir=follow");
  expect_agreement(overlay, {"/usr/a", "/usr/a/sub/x", "/usr/b/sub/x", "/usr/c/z"});
  EXPECT_EQ(in_layers("/usr/b/moved/x"), "file:x");
  EXPECT_EQ(in_layers("/usr/b/moved/y"), "file:y");
  EXPECT_EQ(in_layers("/usr/b/moved/new"), "file:new");
  EXPECT_EQ(in_layers("/opt/c/z"), "file:z");
  EXPECT_EQ(in_layers("/usr/a/sub/x"), "none");
}

// The layer below has a directory of the same name, which is hidden, and of the same content but for a byte.
TEST_F(ImageLayers, FollowARenameBesideADirectoryThatHasTheOldName) {
  LayeredOverlay overlay(make_scratch_directory(), 3);
  write(overlay.lower(1) + "/new/own", "1");
  set_attribute(overlay.lower(1) + "/new", "trusted.overlay.redirect", "old");
  write(overlay.lower(2) + "/new/sub/file", "wrong");
  write(overlay.lower(2) + "/old/sub/file", "right");
  write(overlay.lower(3) + "/new/sub/more", "wrong");
  write(overlay.lower(3) + "/old/sub/more", "right");
  overlay.mount_image("redirect_dir=follow");
  expect_agreement(overlay, {"/new/sub/none"});
  EXPECT_EQ(in_layers("/new/sub/file"), "file:right");
  EXPECT_EQ(in_layers("/new/sub/more"), "file:right");
}

TEST_F(ImageLayers, FollowARenameAboveMoreDirectoriesThanAreOpenedAtOnce) {
  std::string deep;
  for (std::size_t i = 0; i < privilege::Privilege::max_opened + 2; ++i) deep += "/d";
  LayeredOverlay overlay(make_scratch_directory(), 2);
  write(overlay.lower(1) + "/top/new" + deep + "/own", "1");
  set_attribute(overlay.lower(1) + "/top/new", "trusted.overlay.redirect", "old");
  write(overlay.lower(2) + "/top/new" + deep + "/file", "wrong");
  write(overlay.lower(2) + "/top/old" + deep + "/file", "right");
  overlay.mount_image("redirect_dir=follow");
  expect_agreement(overlay, {"/top/new" + deep + "/none"});
  EXPECT_EQ(in_layers("/top/new" + deep + "/file"), "file:right");
}

TEST_F(ImageLayers, TakeTheDataOfAFileThatOnlyChangedItsMetadataFromBelow) {
  LayeredOverlay container(make_scratch_directory(), 1);
  write(container.lower(1) + "/bin/tool", "tool");
  write(container.lower(1) + "/bin/other", "other");
  container.mount(LayeredOverlay::Names::absolute, "metacopy=on,redirect_dir=on");
  std::filesystem::permissions(container.merged() + "/bin/tool", std::filesystem::perms::all);
  std::filesystem::permissions(container.merged() + "/bin/other", std::filesystem::perms::all);
  std::filesystem::rename(container.merged() + "/bin/other", container.merged() + "/bin/renamed");
  LayeredOverlay overlay(make_scratch_directory(), 2);
  ASSERT_EQ(std::system(("cp -a --sparse=always " + container.upper() + "/. " + overlay.lower(1)).c_str()),
            0);
  std::filesystem::copy(container.lower(1), overlay.lower(2), std::filesystem::copy_options::recursive);
  overlay.mount_image("metacopy=on,redirect_dir=follow");
  expect_agreement(overlay, {"/bin/other"});
  EXPECT_EQ(in_layers("/bin/tool"), "file:tool");
  EXPECT_EQ(in_layers("/bin/renamed"), "file:other");
}

TEST_F(ImageLayers, TakeDataFromALayerThatHoldsOnlyData) {
  const std::string data = make_scratch_directory();
  write(data + "/objects/ab/cdef", "content");
  LayeredOverlay overlay(make_scratch_directory(), 1);
  const std::string file = overlay.lower(1) + "/bin/tool";
  write(file, std::string(7, '\0'));
  set_attribute(file, "trusted.overlay.metacopy", "");
  set_attribute(file, "trusted.overlay.redirect", "/objects/ab/cdef");
  try {
    overlay.mount_image("metacopy=on,redirect_dir=follow", data);
  } catch (const sys::SystemError& error) {
    GTEST_SKIP() << "SKIP kernel: needs data-only layers, Linux 6.5: " << error.what();
  }
  expect_agreement(overlay, {"/objects", "/objects/ab/cdef"});
  EXPECT_EQ(in_layers("/bin/tool"), "file:content");
  EXPECT_EQ(in_layers("/objects/ab/cdef"), "none");
}

class NamedLayers : public ImageLayers, public testing::WithParamInterface<LayeredOverlay::Names> {};

// Without links as docker makes them, 120 names do not fit into the options of mount(2).
TEST_P(NamedLayers, AreFoundWhenThereAreMoreThanAHundred) {
  constexpr std::size_t layers = 120;
  LayeredOverlay overlay(make_scratch_directory(), layers);
  for (std::size_t number = 1; number <= layers; ++number) {
    write(overlay.lower(number) + "/bin/of" + std::to_string(number), std::to_string(number));
    write(overlay.lower(number) + "/bin/all", std::to_string(number));
  }
  make_whiteout(overlay.lower(60) + "/bin/of119");
  try {
    overlay.mount(GetParam());
  } catch (const sys::SystemError& error) {
    if (GetParam() != LayeredOverlay::Names::one_by_one) throw;
    GTEST_SKIP() << "SKIP kernel: needs lowerdir+, Linux 6.8: " << error.what();
  }
  expect_agreement(overlay, {"/bin/of119"});
  EXPECT_EQ(in_layers("/bin/of120"), "file:120");
  EXPECT_EQ(in_layers("/bin/of119"), "none");
  EXPECT_EQ(in_layers("/bin/all"), "file:1");
}
INSTANTIATE_TEST_SUITE_P(Manners, NamedLayers,
                         testing::Values(LayeredOverlay::Names::short_links,
                                         LayeredOverlay::Names::one_by_one));

TEST_F(ImageLayers, AreNotReadWhereTheirFileSystemIsNotKnownToAnswer) {
  LayeredOverlay overlay(make_scratch_directory(), 1);
  write(overlay.lower(1) + "/bin/a", "1");
  overlay.mount();
  const auto known = read_overlay(overlay.merged());
  layer::Image unread(*privilege_, known.layers, std::make_shared<const layer::ReadableMounts>());
  const auto found = unread.find({"bin", "a"});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().number, ENOTSUP);
}

// As of a snapshotter whose daemon hangs: even fstatfs(2) would wait for it.
TEST_F(ImageLayers, AreNotWaitedForWhereNobodyAnswersForTheirFileSystem) {
  const auto device = sys::open_path("/dev/fuse", O_RDWR);
  if (!device) GTEST_SKIP() << "SKIP kernel: " << device.error().text();
  const std::string silent = make_scratch_directory();
  const std::string options = "rootmode=40000,user_id=0,group_id=0,fd=" + std::to_string(device->number());
  ASSERT_EQ(::mount("silent", silent.c_str(), "fuse", 0, options.c_str()), 0) << std::strerror(errno);
  LayeredOverlay overlay(make_scratch_directory(), 1);
  write(overlay.lower(1) + "/bin/a", "1");
  overlay.mount();
  const auto known = read_overlay(overlay.merged());
  for (const bool is_above : {true, false}) {
    auto layers = *known.layers;
    layers.lowerdirs.insert(is_above ? layers.lowerdirs.begin() : layers.lowerdirs.end(), silent);
    layer::Image image(*privilege_, std::make_shared<const model::OverlayLayers>(layers), known.mounts);
    const auto file = image.find({"bin", "a"});
    EXPECT_EQ(file ? 0 : file.error().number, is_above ? ENOTSUP : 0);
    const auto none = image.find({"bin", "none"});
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().number, ENOTSUP);
  }
  ASSERT_EQ(::umount2(silent.c_str(), MNT_DETACH), 0);
}

TEST_F(ImageLayers, AreUnknownWhereTheirPathsAreRelativeToAnUnknownPlace) {
  const auto layers = std::make_shared<const model::OverlayLayers>(
      model::OverlayLayers{.upperdir = "/u", .workdir = "/w", .lowerdirs = {"l/ABC"}});
  layer::Image unknown(*privilege_, layers, std::make_shared<const layer::ReadableMounts>());
  EXPECT_EQ(unknown.find({"a"}).error().number, EINVAL);
}

// An overlay does not show what the host mounts over a layer, which may be anything.
TEST_F(ImageLayers, AreNotLookedUpAcrossAMount) {
  LayeredOverlay overlay(make_scratch_directory(), 1);
  write(overlay.lower(1) + "/bin/a", "1");
  overlay.mount();
  const std::string covered = overlay.lower(1) + "/bin";
  ASSERT_EQ(::mount("cover", covered.c_str(), "tmpfs", 0, nullptr), 0);
  const auto known = read_overlay(overlay.merged());
  layer::Image image(*privilege_, known.layers, known.mounts);
  const auto found = image.find({"bin", "a"});
  ASSERT_EQ(::umount(covered.c_str()), 0);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().number, EXDEV);
}

}  // namespace
}  // namespace dropwarden::test
