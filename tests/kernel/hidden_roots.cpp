// SPDX-License-Identifier: Apache-2.0
// What the marker marks of a process whose root is an overlay that no mount of the host shows: any user can
// make one, of FUSE file systems that he serves, and name layers of others in its options.
#include <cerrno>
#include <filesystem>
#include <functional>
#include <memory>
#include <sched.h>
#include <string>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "dropwarden/mount/container_places.hpp"
#include "dropwarden/privilege/guard.hpp"
#include "dropwarden/privilege/places.hpp"
#include "dropwarden/watch/features.hpp"

#include "kernel_test.hpp"
#include "support/child.hpp"
#include "support/container_root.hpp"
#include "support/fuse_server.hpp"
#include "support/overlay.hpp"
#include "support/private_mounts.hpp"
#include "support/user_namespace.hpp"

namespace dropwarden::test {
namespace {

using testing::HasSubstr;

constexpr uid_t user = 1000;

// The first process of a container that has mounted its root itself.
class OwnRoot {
 public:
  struct Mounts {
    std::function<void()> before{};
    std::string options;
    std::function<void()> after{};  // it has that root
    std::string merged{};
  };
  // As `who` in a user namespace of his own, as podman does it for a user; as root in ours.
  OwnRoot(uid_t who, Mounts mounts)
      : child_([who, mounts = std::move(mounts)](Line& line) {
          if (who != 0)
            enter_user_namespace(who);
          else
            require(::unshare(CLONE_NEWNS) == 0, "unshare");
          require(::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) == 0, "mount");
          if (mounts.before) mounts.before();
          mount_file_system("own", mounts.merged, "overlay", mounts.options);
          enter_container_root(mounts.merged);
          if (mounts.after) mounts.after();
          line.tell();
          line.hear();
        }) {
    child_.line().hear();
  }
  int pid() const { return child_.pid(); }

 private:
  Child child_;
};

class MarkedRoot : public KernelTest {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    auto direct = privilege::make_direct({.host_process = ::getpid()});
    auto places = mount::make_container_places(*direct);
    marker_ = privilege::make_guarded(std::move(direct), {}, std::move(places));
    group_ = std::make_unique<TestGroup>(*privilege_, features_);
    ASSERT_EQ(::chmod(scratch().c_str(), 0755), 0);
    for (const char* name : {"", "/fuse", "/lower", "/upper", "/work", "/merged"}) {
      std::filesystem::create_directories(path(name));
      ASSERT_EQ(::chown(path(name).c_str(), user, user), 0);
    }
  }

  std::string path(const std::string& name) const { return directory_ + name; }
  // Of whoever may mount it.
  std::unique_ptr<OwnRoot> start(uid_t who, OwnRoot::Mounts mounts) const {
    mounts.merged = path("/merged");
    try {
      return std::make_unique<OwnRoot>(who, std::move(mounts));
    } catch (const std::exception&) {
      return nullptr;
    }
  }
  std::string layers(const std::string& lower, const std::string& upper, const std::string& work) const {
    return fmt::format("userxattr,lowerdir={},upperdir={},workdir={}", lower, upper, work);
  }
  // What is said of it; empty where it is marked.
  std::string mark(const OwnRoot& root, std::uint64_t mask) const {
    const auto marked = marker_->mark_file_system(group_->descriptor(), privilege::ProcessRoot{root.pid()},
                                                  mask, OVERLAYFS_SUPER_MAGIC);
    if (marked) return {};
    return privilege::is_foreign(marked.error()) ? marked.error().object : marked.error().text();
  }

  static constexpr const char* no_user_overlay =
      "SKIP kernel: no overlay can be mounted in a user namespace here";
  const std::string directory_ = make_scratch_directory() + "/place";
  std::unique_ptr<privilege::Privilege> marker_;
  std::unique_ptr<TestGroup> group_;
};

TEST_F(MarkedRoot, OfAUsersNamespaceTellsOfWritesAndNotOfExecutions) {
  const auto root = start(user, {.options = layers(path("/lower"), path("/upper"), path("/work"))});
  if (!root) GTEST_SKIP() << no_user_overlay;
  EXPECT_THAT(mark(*root, watch::close_write_mask() | watch::exec_mask()), HasSubstr("executions"));
  EXPECT_EQ(mark(*root, watch::close_write_mask()), "");
}

TEST_F(MarkedRoot, OfOurNamespaceTellsOfBothWhereAllLayersAreOnThisHost) {
  const auto root = start(0, {.options = layers(path("/lower"), path("/upper"), path("/work"))});
  ASSERT_TRUE(root);
  EXPECT_EQ(mark(*root, watch::close_write_mask() | watch::exec_mask()), "");
}

TEST_F(MarkedRoot, IsNoneThatHasALayerWhichIsNotOnThisHost) {
  const auto mount_lower = [this] {
    mount_file_system("own", path("/lower"), "tmpfs");
    std::filesystem::create_directory(path("/lower/hidden"));
  };
  for (const std::string& options : {layers(path("/lower/hidden"), path("/upper"), path("/work")),
                                     "lowerdir=" + path("/fuse") + ":" + path("/lower/hidden")}) {
    const auto root = start(0, {.before = mount_lower, .options = options});
    ASSERT_TRUE(root);
    EXPECT_THAT(mark(*root, watch::close_write_mask()), HasSubstr("not on this host"));
  }
}

// Nothing rests on them. With many layers podman names each by the descriptor of the mounting process.
TEST_F(MarkedRoot, OfAUsersNamespaceMayHaveLowerLayersThatAreNotOnThisHost) {
  const auto mount_lower = [this] {
    mount_file_system("own", path("/lower"), "tmpfs");
    std::filesystem::create_directory(path("/lower/hidden"));
  };
  const auto root = start(
      user, {.before = mount_lower, .options = layers(path("/lower/hidden"), path("/upper"), path("/work"))});
  if (!root) GTEST_SKIP() << no_user_overlay;
  EXPECT_EQ(mark(*root, watch::close_write_mask()), "");
}

// Nothing can be written to it, and what is executed there may be a server's.
TEST_F(MarkedRoot, IsNoneOfAUsersNamespaceThatHasNoUpperDirectory) {
  const auto root = start(user, {.options = "lowerdir=" + path("/lower") + ":" + path("/fuse")});
  if (!root) GTEST_SKIP() << no_user_overlay;
  EXPECT_THAT(mark(*root, watch::close_write_mask()), HasSubstr("nothing can be written"));
}

// The path is there, and leads somewhere else.
TEST_F(MarkedRoot, IsNoneThatNamesAnUpperDirectoryOfAnother) {
  const TestOverlay victim(make_scratch_directory());
  const std::string place = std::filesystem::path(victim.upper()).parent_path();
  const auto hide = [&] {
    mount_file_system("own", place, "tmpfs");
    for (const auto& directory : {victim.lower(), victim.upper(), victim.work()})
      std::filesystem::create_directory(directory);
  };
  for (const uid_t who : {uid_t{0}, user}) {
    const auto root =
        start(who, {.before = hide, .options = layers(victim.lower(), victim.upper(), victim.work())});
    if (!root) GTEST_SKIP() << no_user_overlay;
    EXPECT_THAT(mark(*root, watch::close_write_mask()), HasSubstr("not the one that this host has")) << who;
  }
}

TEST_F(MarkedRoot, IsNoneOfWhichAServerHasTheUpperDirectoryAndTheServerIsNotAsked) {
  if (const std::string missing = FuseServer::missing(); !missing.empty()) GTEST_SKIP() << missing;
  const std::string device = make_fuse_node(path(""));
  for (const char* name : {"/fuse/u", "/fuse/w"}) std::filesystem::create_directory(path(name));
  std::unique_ptr<FuseServer> server;  // the process's, and ends with it
  const auto serve = [&] {
    server = std::make_unique<FuseServer>(make_elf(), device);
    server->mount(path("/fuse"));
    for (const char* name : {"/fuse/u", "/fuse/w"}) std::filesystem::create_directory(path(name));
  };
  for (const uid_t who : {uid_t{0}, user}) {
    const auto root = start(who, {.before = serve,
                                  .options = layers(path("/lower"), path("/fuse/u"), path("/fuse/w")),
                                  .after = [&] { server->hang(); }});
    if (!root) GTEST_SKIP() << no_user_overlay;
    EXPECT_THAT(mark(*root, watch::close_write_mask()), HasSubstr("might never answer")) << who;
  }
}

// Whoever looks there later has only the path, which may lead to another directory by then.
TEST_F(MarkedRoot, IsToldWithTheUpperDirectoryThatItWritesTo) {
  const auto make_layers = [this] {
    for (const char* name : {"/a", "/a/upper", "/a/work", "/b", "/b/upper"})
      std::filesystem::create_directory(path(name));
    std::filesystem::create_directory_symlink("a", path("/link"));
  };
  const auto root = start(
      0, {.before = make_layers, .options = layers(path("/lower"), path("/link/upper"), path("/link/work"))});
  ASSERT_TRUE(root);
  const auto upper = [&] {
    return marker_
        ->mark_file_system(group_->descriptor(), privilege::ProcessRoot{root->pid()},
                           watch::close_write_mask(), OVERLAYFS_SUPER_MAGIC)
        .value_or(privilege::RootIdentity{})
        .upper;
  };
  struct stat status{};
  ASSERT_EQ(::stat(path("/a/upper").c_str(), &status), 0);
  const auto proven = upper();
  ASSERT_TRUE(proven);
  EXPECT_EQ(proven->inode, status.st_ino);
  EXPECT_EQ(proven->device_major, ::major(status.st_dev));
  EXPECT_EQ(proven->device_minor, ::minor(status.st_dev));
  std::filesystem::remove(path("/link"));
  std::filesystem::create_directory_symlink("b", path("/link"));
  EXPECT_EQ(upper(), std::nullopt);
}

// Its mark would tell of every file that the host opens.
TEST_F(MarkedRoot, IsNoneThatIsADirectoryOfAHostOnAnOverlay) {
  const TestOverlay overlay(make_scratch_directory());
  const std::string store = overlay.merged() + "/store";
  std::filesystem::create_directory(store);
  Child host([&](Line& line) { stay_in_container_root(overlay.merged(), line); });
  host.line().hear();
  Child container([&](Line& line) {
    require(::unshare(CLONE_NEWNS) == 0, "unshare");
    require(::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) == 0, "mount");
    require(::mount(store.c_str(), store.c_str(), "", MS_BIND, nullptr) == 0, "mount");
    stay_in_container_root(store, line);
  });
  container.line().hear();
  auto direct = privilege::make_direct({.host_process = host.pid()});
  auto places = mount::make_container_places(*direct);
  const auto marker = privilege::make_guarded(std::move(direct), {}, std::move(places));
  const auto marked = marker->mark_file_system(group_->descriptor(), privilege::ProcessRoot{container.pid()},
                                               watch::close_write_mask(), OVERLAYFS_SUPER_MAGIC);
  ASSERT_FALSE(marked);
  EXPECT_EQ(marked.error().number, EPERM) << marked.error().text();
}

}  // namespace
}  // namespace dropwarden::test
