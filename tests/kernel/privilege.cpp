// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/privilege/privilege.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sched.h>
#include <string>
#include <sys/fanotify.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "dropwarden/mount/file_system.hpp"
#include "dropwarden/privilege/guard.hpp"
#include "dropwarden/sys/descriptor.hpp"
#include "dropwarden/sys/directory.hpp"
#include "dropwarden/sys/file.hpp"

#include "kernel_test.hpp"
#include "support/child.hpp"
#include "support/container_root.hpp"
#include "support/file.hpp"
#include "support/fuse_server.hpp"
#include "support/hoarder.hpp"
#include "support/overlay.hpp"
#include "support/private_mounts.hpp"
#include "support/temporary_directory.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class Privileged : public KernelTest {
 protected:
  // The errno of an attempt to mark `root` as an overlay, 0 when it is marked.
  int try_mark(TestGroup& group, const privilege::RootPath& root) {
    const auto marked = privilege_->mark_file_system(group.descriptor(), root, watch::close_write_mask(),
                                                     OVERLAYFS_SUPER_MAGIC);
    return marked ? 0 : marked.error().number;
  }

  int try_open(const std::string& directory, const std::string& relative) {
    const auto file = privilege_->open_in_directory(directory, relative);
    return file ? 0 : file.error().number;
  }
};

TEST_F(Privileged, RefusesToMarkAFileSystemOfAnotherType) {
  TestGroup group(*privilege_, features_);
  EXPECT_EQ(try_mark(group, privilege::MountPoint{scratch()}), ENOTSUP);
  EXPECT_EQ(try_mark(group, privilege::MountPoint{"/proc"}), ENOTSUP);
  EXPECT_EQ(try_mark(group, privilege::ProcessRoot{::getpid()}), ENOTSUP)
      << "unless the tests' own root is an overlay";
  write_file(scratch() + "/unseen", "");
  EXPECT_THAT(group.read_queued(), IsEmpty());
}

TEST_F(Privileged, RefusesToMarkWhatIsNoMountPoint) {
  const TestOverlay overlay(make_scratch_directory());
  TestGroup group(*privilege_, features_);
  EXPECT_EQ(try_mark(group, privilege::MountPoint{overlay.merged() + "/tmp"}), EXDEV);
  EXPECT_EQ(try_mark(group, privilege::MountPoint{overlay.merged() + "/none"}), ENOENT);
  EXPECT_EQ(try_mark(group, privilege::MountPoint{overlay.merged()}), 0);
}

TEST_F(Privileged, DoesNotFollowASymbolicLinkToAMountPoint) {
  const TestOverlay overlay(make_scratch_directory());
  const std::string link = make_scratch_directory() + "/link";
  std::filesystem::create_symlink(overlay.merged(), link);
  TestGroup group(*privilege_, features_);
  EXPECT_THAT(try_mark(group, privilege::MountPoint{link}), AnyOf(ELOOP, ENOTDIR));
}

TEST_F(Privileged, TellsOfAProcessThatIsGone) {
  Child child([](Line&) {});
  const int pid = child.pid();
  ASSERT_TRUE(child.wait());
  TestGroup group(*privilege_, features_);
  EXPECT_THAT(try_mark(group, privilege::ProcessRoot{pid}), AnyOf(ENOENT, ESRCH));
  const auto status = privilege_->read_process_file(pid, privilege::ProcessFile::status);
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().number, AnyOf(ENOENT, ESRCH));
}

TEST_F(Privileged, ReadsTheFilesOfAProcessInAContainer) {
  const TestOverlay overlay(make_scratch_directory());
  Child container([&](Line& line) { stay_in_container_root(overlay.merged(), line); });
  container.line().hear();
  using privilege::ProcessFile;
  for (const auto file :
       {ProcessFile::cgroup, ProcessFile::cmdline, ProcessFile::exe, ProcessFile::mount_namespace,
        ProcessFile::mountinfo, ProcessFile::pid_namespace, ProcessFile::root, ProcessFile::stat,
        ProcessFile::status, ProcessFile::user_namespace}) {
    const auto text = privilege_->read_process_file(container.pid(), file);
    ASSERT_TRUE(text) << text.error().text();
    EXPECT_FALSE(text->empty());
  }
  EXPECT_NE(*privilege_->read_process_file(container.pid(), ProcessFile::mount_namespace),
            *privilege_->read_process_file(::getpid(), ProcessFile::mount_namespace));
}

// It is told by what the kernel knows of the file: the server of the container's file system need not answer.
TEST_F(Privileged, ReadsWhichProgramAProcessRunsWithoutAskingWhereThatLies) {
  if (const std::string missing = FuseServer::missing(); !missing.empty()) GTEST_SKIP() << missing;
  FuseServer server(read_file("/bin/busybox"));
  const std::string point = make_scratch_directory();
  server.mount(point);
  const Child process([&](Line&) { ::execl((point + "/tool").c_str(), "sleep", "100", nullptr); });
  using privilege::ProcessFile;
  // It sleeps: until then it has pages to read, and would wait for the server itself.
  const auto runs_it = [&] {
    return privilege_->read_process_file(process.pid(), ProcessFile::exe).value_or("") == point + "/tool" &&
           read_file("/proc/" + std::to_string(process.pid()) + "/syscall")
               .starts_with(std::to_string(SYS_clock_nanosleep) + " ");
  };
  ASSERT_TRUE(wait_for(runs_it, 20s));
  server.hang();
  EXPECT_TRUE(privilege_->read_process_file(process.pid(), ProcessFile::exe_identity));
  EXPECT_EQ(server.held(), 0U);
}

TEST_F(Privileged, ReadsTheAncestorsOfAProcessAlongWithIt) {
  using privilege::ProcessFile;
  Child parent([&](Line& line) {
    // As a process may call itself.
    require(::prctl(PR_SET_NAME, ") S 1 (") == 0, "prctl");
    Child child([&](Line& inner) {
      inner.tell("born");
      inner.hear();
    });
    child.line().hear();
    line.tell(std::to_string(child.pid()));
    line.hear();
    child.line().tell();
    child.wait();
  });
  const int child = std::stoi(parent.line().hear());
  const std::vector files{ProcessFile::status, ProcessFile::stat, ProcessFile::cgroup};
  const auto all = privilege_->read_processes(child, {ProcessFile::cgroup, ProcessFile::stat}, files);
  ASSERT_GE(all.size(), 3U);
  EXPECT_EQ(all[0].pid, child);
  EXPECT_THAT(all[0].files, SizeIs(2));
  EXPECT_EQ(all[1].pid, parent.pid());
  EXPECT_THAT(*all[1].files.front(), HasSubstr("\nPid:\t" + std::to_string(parent.pid()) + "\n"));
  EXPECT_EQ(all[2].pid, ::getpid());
  EXPECT_LE(all.size(), 1 + privilege::Privilege::max_ancestors);
  // Only the last may be in another cgroup.
  for (std::size_t i = 1; i + 1 < all.size(); ++i) EXPECT_EQ(*all[i].files.back(), *all[0].files.front());
  EXPECT_THAT(privilege_->read_processes(child, {ProcessFile::stat}, files), SizeIs(1)) << "no cgroup";
  EXPECT_THAT(privilege_->read_processes(child, files, {}), SizeIs(1));
  EXPECT_THAT(privilege_->read_processes(-1, files, files), SizeIs(1));
  parent.line().tell();
  parent.wait();
}

std::string own_host_name() {
  std::array<char, 256> name{};
  EXPECT_EQ(::gethostname(name.data(), name.size() - 1), 0);
  return name.data();
}

TEST_F(Privileged, ReadsTheHostNameOfAContainerAndComesBack) {
  const std::string before = own_host_name();
  Child container([](Line& line) {
    require(::unshare(CLONE_NEWUTS) == 0, "unshare");
    const std::string name = "inside";
    require(::sethostname(name.data(), name.size()) == 0, "sethostname");
    line.tell("named");
    line.hear();
  });
  container.line().hear();
  const auto name = privilege_->read_process_file(container.pid(), privilege::ProcessFile::host_name);
  ASSERT_TRUE(name) << name.error().text();
  EXPECT_EQ(*name, "inside");
  EXPECT_EQ(own_host_name(), before);
  EXPECT_EQ(*privilege_->read_process_file(::getpid(), privilege::ProcessFile::host_name), before);
  container.kill(SIGKILL);
  container.wait();
  EXPECT_FALSE(privilege_->read_process_file(container.pid(), privilege::ProcessFile::host_name));
  EXPECT_EQ(own_host_name(), before);
}

TEST_F(Privileged, OpensWhatLiesBelowADirectoryAndNothingElse) {
  const std::string directory = make_scratch_directory();
  const std::string base = directory + "/base";
  std::filesystem::create_directories(base + "/sub");
  write_file(directory + "/outside", "secret");
  write_file(base + "/sub/inside", make_elf());
  std::filesystem::create_symlink("../outside", base + "/relative");
  std::filesystem::create_symlink("/etc/passwd", base + "/absolute");
  std::filesystem::create_symlink("/etc", base + "/directory");
  std::filesystem::create_symlink("sub/inside", base + "/harmless");
  std::filesystem::create_symlink("/proc/self/root", base + "/magic");

  const auto inside = privilege_->open_in_directory(base, "/sub/inside");
  ASSERT_TRUE(inside) << inside.error().text();
  EXPECT_EQ(read_header(*inside), elf_magic);
  EXPECT_EQ(try_open(base, "sub/../sub/inside"), 0);
  for (const std::string path :
       {"relative", "absolute", "directory/passwd", "harmless", "magic/etc/passwd"}) {
    EXPECT_EQ(try_open(base, path), ELOOP) << path;
  }
  for (const std::string path :
       {"../outside", "/../outside", "sub/../../outside", "..", "../../../../etc/passwd"}) {
    EXPECT_EQ(try_open(base, path), EXDEV) << path;
  }
  EXPECT_EQ(try_open(base, "sub/none"), ENOENT);
}

TEST_F(Privileged, OpensALayerByItsAbsolutePathAsTheRuntimeWroteIt) {
  const std::string base = make_scratch_directory();
  std::filesystem::create_directory(base + "/diff");
  std::filesystem::create_directory_symlink("diff", base + "/short");
  EXPECT_TRUE(privilege_->open_layer(base + "/short"));
  EXPECT_EQ(privilege_->open_layer("short").error().number, EINVAL);
  EXPECT_EQ(privilege_->open_layer("").error().number, EINVAL);
  write_file(base + "/file", "");
  EXPECT_EQ(privilege_->open_layer(base + "/file").error().number, ENOTDIR);
}

TEST_F(Privileged, ReadsOnlyRegularFilesOfALayer) {
  const std::string base = make_scratch_directory();
  write_file(base + "/file", "content");
  ASSERT_EQ(::mkfifo((base + "/fifo").c_str(), 0666), 0);
  std::filesystem::create_symlink("file", base + "/link");
  std::filesystem::create_directory(base + "/directory");
  const auto layer = privilege_->open_layer(base);
  ASSERT_TRUE(layer) << layer.error().text();
  const auto open_file = [&](const std::string& name) {
    const auto entry = sys::value_or_throw(privilege_->open_entry(layer->number(), name));
    return privilege_->open_regular_file(entry.number());
  };
  const auto file = open_file("file");
  ASSERT_TRUE(file) << file.error().text();
  EXPECT_EQ(read_header(*file, 100), "content");
  for (const char* name : {"fifo", "link", "directory"}) {
    const auto refused = open_file(name);
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().number, EINVAL) << name;
  }
  EXPECT_EQ(privilege_->open_entry(layer->number(), "../file").error().number, EXDEV);
  EXPECT_EQ(privilege_->open_entry(layer->number(), "link/file").error().number, ELOOP);
}

TEST_F(Privileged, ListsOnlyDirectoriesOfALayer) {
  const std::string base = make_scratch_directory();
  std::filesystem::create_directory(base + "/directory");
  write_file(base + "/directory/name", "");
  ASSERT_EQ(::mkfifo((base + "/fifo").c_str(), 0666), 0);
  const auto layer = sys::value_or_throw(privilege_->open_layer(base));
  const auto list = [&](const std::string& name) {
    const auto entry = sys::value_or_throw(privilege_->open_entry(layer.number(), name));
    return privilege_->open_directory(entry.number());
  };
  const auto directory = list("directory");
  ASSERT_TRUE(directory) << directory.error().text();
  EXPECT_THAT(sys::value_or_throw(sys::list_directory(directory->number(), 10)),
              testing::ElementsAre("name"));
  const auto refused = list("fifo");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().number, ENOTDIR);
}

TEST_F(Privileged, ReadsTheAttributesOfAnOverlay) {
  using privilege::AttributeSpace;
  const std::string base = make_scratch_directory();
  std::filesystem::create_directories(base + "/directory/below");
  const std::string directory = base + "/directory";
  ASSERT_EQ(::setxattr(directory.c_str(), "trusted.overlay.redirect", "/name", 5, 0), 0);
  const auto layer = sys::value_or_throw(privilege_->open_layer(base));
  const auto read = [&](AttributeSpace space) {
    auto way = std::move(privilege_->open_ways({layer.number()}, {"directory", "below"}, space).front());
    EXPECT_EQ(way.size(), 2U);
    return sys::value_or_throw(std::move(way.front())).attributes;
  };
  EXPECT_EQ(read(AttributeSpace::trusted).redirect, "/name");
  EXPECT_EQ(read(AttributeSpace::user).redirect, std::nullopt);
  EXPECT_EQ(read(AttributeSpace::trusted).opaque, std::nullopt);
}

TEST_F(Privileged, EndsAWayThroughALayerWithWhatIsNotThere) {
  const std::string base = make_scratch_directory();
  std::filesystem::create_directory(base + "/directory");
  std::filesystem::create_symlink("directory", base + "/link");
  const auto layer = sys::value_or_throw(privilege_->open_layer(base));
  const auto error_after = [&](const std::string& first) {
    const auto ways =
        privilege_->open_ways({layer.number()}, {first, "none", "more"}, privilege::AttributeSpace::trusted);
    EXPECT_EQ(ways.front().size(), 2U) << first;
    EXPECT_TRUE(ways.front().front()) << first;
    return ways.front().back() ? 0 : ways.front().back().error().number;
  };
  EXPECT_EQ(error_after("directory"), ENOENT);
  EXPECT_EQ(error_after("link"), ENOTDIR) << "it is not followed";
}

TEST_F(Privileged, OpensWaysThroughSeveralLayersUpToItsLimit) {
  const std::string base = make_scratch_directory();
  const auto layer = sys::value_or_throw(privilege_->open_layer(base));
  constexpr auto limit = privilege::Privilege::max_opened;
  const std::vector<std::string> names(limit - 1, ".");
  const auto ways = privilege_->open_ways({layer.number(), layer.number(), layer.number()}, names,
                                          privilege::AttributeSpace::trusted);
  ASSERT_EQ(ways.size(), 3U);
  EXPECT_EQ(ways[0].size(), names.size());
  EXPECT_TRUE(ways[0].back());
  ASSERT_EQ(ways[1].size(), 2U);
  EXPECT_TRUE(ways[1].front());
  EXPECT_EQ(ways[1].back().error().number, EMFILE);
  ASSERT_EQ(ways[2].size(), 1U);
  EXPECT_EQ(ways[2].front().error().number, EMFILE);
}

TEST_F(Privileged, OpensWhatLiesBesideOneAnotherUpToItsLimit) {
  const std::string base = make_scratch_directory();
  for (const char* name : {"/one", "/two"}) std::filesystem::create_directory(base + name);
  write_file(base + "/one/file", "file");
  const auto one = sys::value_or_throw(privilege_->open_layer(base + "/one"));
  const auto two = sys::value_or_throw(privilege_->open_layer(base + "/two"));
  std::vector<std::string> names{"none", "file", ".."};
  const auto found =
      privilege_->open_siblings({one.number(), two.number()}, names, privilege::AttributeSpace::trusted);
  ASSERT_EQ(found.size(), 2U);
  for (const auto& siblings : found) {
    ASSERT_EQ(siblings.size(), names.size());
    EXPECT_EQ(siblings[0].error().number, ENOENT);
    EXPECT_FALSE(siblings[2]);
  }
  EXPECT_TRUE(found[0][1]);
  EXPECT_EQ(found[1][1].error().number, ENOENT);

  names.assign(privilege::Privilege::max_opened / 2 + 1, "file");
  const auto refused =
      privilege_->open_siblings({one.number(), two.number()}, names, privilege::AttributeSpace::trusted);
  ASSERT_EQ(refused.size(), 2U);
  ASSERT_EQ(refused.front().size(), names.size());
  EXPECT_EQ(refused.front().front().error().number, EMFILE);
}

TEST_F(Privileged, OpensTheFilesOfADirectoryUpToItsLimit) {
  const std::string base = make_scratch_directory();
  std::filesystem::create_directory(base + "/directory");
  std::filesystem::create_symlink("file", base + "/link");
  ASSERT_EQ(::mkfifo((base + "/fifo").c_str(), 0600), 0);
  write_file(base + "/file", "file");
  const auto top = sys::value_or_throw(privilege_->open_layer(base));
  std::vector<std::string> names{"none", "file", "link", "directory", "fifo", "../file"};
  const auto opened = privilege_->open_regular_files(top.number(), names);
  ASSERT_EQ(opened.size(), names.size());
  ASSERT_TRUE(opened[1]);
  std::array<std::byte, 8> content;
  EXPECT_EQ(sys::read_at(opened[1]->number(), content, 0), 4U);
  EXPECT_EQ(opened[0].error().number, ENOENT);
  for (const std::size_t other : {2, 3, 4}) EXPECT_EQ(opened[other].error().number, EINVAL) << other;
  EXPECT_FALSE(opened[5]);

  names.assign(privilege::Privilege::max_opened + 1, "file");
  const auto many = privilege_->open_regular_files(top.number(), names);
  ASSERT_EQ(many.size(), names.size());
  EXPECT_TRUE(many[names.size() - 2]);
  EXPECT_EQ(many.back().error().number, EMFILE);
}

TEST_F(Privileged, FollowsAWayOnlyOnTheMountThatIsMeant) {
  const std::string base = make_scratch_directory();
  std::filesystem::create_directories(base + "/one/directory/below");
  std::filesystem::create_directories(base + "/two");
  const auto top = sys::value_or_throw(privilege_->open_layer(base));
  const auto mount = sys::value_or_throw(sys::read_mount_id(top.number()));
  const auto trees = privilege_->open_trees(
      {{base + "/one", mount}, {base + "/none", mount}, {base + "/one", mount + 1}, {base + "/two", mount}},
      {"directory", "below"}, privilege::AttributeSpace::trusted);
  ASSERT_EQ(trees.size(), 4U);
  ASSERT_TRUE(trees[0]);
  EXPECT_EQ(trees[0]->way.size(), 2U);
  EXPECT_TRUE(trees[0]->way.back());
  EXPECT_EQ(trees[1].error().number, ENOENT);
  ASSERT_TRUE(trees[2]);
  EXPECT_TRUE(trees[2]->way.empty());
  ASSERT_TRUE(trees[3]);
  ASSERT_EQ(trees[3]->way.size(), 1U);
  EXPECT_EQ(trees[3]->way.back().error().number, ENOENT);

  const std::vector<std::string> names(privilege::Privilege::max_opened, ".");
  const auto refused = privilege_->open_trees({{base, mount}}, names, privilege::AttributeSpace::trusted);
  EXPECT_EQ(refused.front().error().number, EMFILE);
}

TEST_F(Privileged, OpensLayersUpToItsLimit) {
  const std::string base = make_scratch_directory();
  std::vector<std::string> layers(privilege::Privilege::max_opened + 1, base);
  layers[1] = "relative";
  const auto opened = privilege_->open_layers(layers);
  ASSERT_EQ(opened.size(), layers.size());
  EXPECT_TRUE(opened[0]);
  EXPECT_EQ(opened[1].error().number, EINVAL);
  EXPECT_TRUE(opened[privilege::Privilege::max_opened - 1]);
  EXPECT_EQ(opened.back().error().number, EMFILE);
}

TEST_F(Privileged, IsNotHeldByAFifoThatSomebodyPutInPlaceOfAFile) {
  const std::string base = make_scratch_directory();
  ASSERT_EQ(::mkfifo((base + "/fifo").c_str(), 0666), 0);
  EXPECT_EQ(try_open(base, "fifo"), EINVAL);
}

TEST_F(Privileged, IsGivenByTheMarkerOnEachFileSystemThatTheMonitorWatches) {
  const auto guarded = privilege::make_guarded(privilege::make_direct(), {}, nullptr);
  const auto open = [&](std::uint64_t type) {
    return guarded
        ->open_mount(::getpid(), {.path = "/nowhere", .mount_id = 0, .type = {}, .type_magic = type})
        .error()
        .number;
  };
  EXPECT_EQ(open(0x65735546), EPERM) << "FUSE";
  for (const char* type : {"bcachefs", "btrfs", "devtmpfs", "exfat", "ext2", "ext3", "ext4", "f2fs", "jfs",
                           "nilfs2", "overlay", "ramfs", "tmpfs", "vfat", "xfs", "zfs"}) {
    ASSERT_TRUE(mount::watchable_magic(type)) << type;
    EXPECT_NE(open(*mount::watchable_magic(type)), EPERM) << type;
  }
}

TEST_F(Privileged, HandsOutAMountTableThatCanBePolled) {
  const auto table = privilege_->open_mount_table();
  ASSERT_TRUE(table) << table.error().text();
  EXPECT_TRUE(sys::take_urgent(table->number()));
  EXPECT_FALSE(sys::read_file(table->number(), std::size_t{1} << 24U, "mountinfo")->empty());
}

// Where the first process has another mount namespace (or cannot be asked), what is marked is the host's or
// our own.
TEST_F(Privileged, MarksTheMountNamespaceThatTheTableComesFrom) {
  if (!features_.has_mount_events) GTEST_SKIP() << "SKIP kernel: needs FAN_REPORT_MNT, Linux 6.15";
  // A procfs that knows no first process: the table is our own.
  const std::string proc = make_scratch_directory();
  std::filesystem::create_symlink("/proc/self", proc + "/self");
  const auto own = privilege::make_direct({.proc = proc});
  TestGroup group(*own, watch::mount_group_flags(), O_RDONLY);
  const auto marked = own->mark_mount_namespace(group.descriptor(), watch::mount_mask());
  ASSERT_TRUE(marked) << marked.error().text();
  const TestOverlay overlay(make_scratch_directory());
  EXPECT_THAT(group.read_queued(), SizeIs(1));
}

TEST_F(Privileged, ConnectsToAUnixSocket) {
  const std::string path = make_scratch_directory() + "/socket";
  const sys::Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  ASSERT_EQ(::bind(listener.number(), reinterpret_cast<struct sockaddr*>(&address), sizeof address), 0);
  const auto refused = privilege_->connect_unix(path);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().number, ECONNREFUSED);
  ASSERT_EQ(::listen(listener.number(), 1), 0);
  const auto connected = privilege_->connect_unix(path);
  ASSERT_TRUE(connected) << connected.error().text();
  EXPECT_NE(::fcntl(connected->number(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_EQ(privilege_->connect_unix(path + "-none").error().number, ENOENT);
  EXPECT_EQ(privilege_->connect_unix(std::string(200, 'x')).error().number, ENAMETOOLONG);
}

TEST(OpenGroup, IsCountedAsAnotherUsersWhenRootHasNoneLeft) {
  if (::geteuid() != 0) GTEST_SKIP() << "SKIP privilege: it takes root to have another user's groups";
  const test::GroupHoarder hoarder;
  if (sys::Fd{::fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC, O_RDONLY)})
    GTEST_SKIP() << "SKIP kernel: groups are not root's alone to have";
  const auto privilege = privilege::make_direct();
  const auto group = privilege->open_group(watch::group_flags({}), watch::group_event_flags());
  ASSERT_TRUE(group) << group.error().text();
  // Of its thread alone.
  EXPECT_EQ(::geteuid(), 0U);
  const test::TemporaryDirectory directory;
  EXPECT_EQ(::fanotify_mark(group->number(), FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_CLOSE_WRITE, AT_FDCWD,
                            directory.path().c_str()),
            0);
}

TEST(ProbeFeatures, AgreesWithThisKernel) {
  const auto privilege = privilege::make_direct();
  const auto features = watch::probe_features(
      [&](unsigned flags, unsigned event_flags) { return privilege->open_group(flags, event_flags); });
  if (!features) {
    EXPECT_THAT(features.error().number, AnyOf(EPERM, ENOSYS, EMFILE));
    GTEST_SKIP() << "SKIP privilege: " << features.error().text();
  }
  EXPECT_EQ(privilege->open_group(watch::group_flags({.has_fd_error = true}), watch::group_event_flags())
                .has_value(),
            features->has_fd_error);
  EXPECT_EQ(privilege->open_group(watch::mount_group_flags(), O_RDONLY).has_value(),
            features->has_mount_events);
}

}  // namespace
}  // namespace dropwarden::test
