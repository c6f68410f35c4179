// SPDX-License-Identifier: Apache-2.0
// CRI-O is in no Debian, so its part is played: a real process in a real overlay, in cgroups with the names
// that CRI-O gives them, and CRI-O's answers on a socket.
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sys/mount.h>

#include <gtest/gtest.h>

#include "crio_server.hpp"
#include "support/child.hpp"
#include "support/container_root.hpp"
#include "support/daemon.hpp"
#include "support/guard.hpp"
#include "support/overlay.hpp"
#include "support/requirements.hpp"

namespace dropwarden::test {
namespace {

namespace fs = std::filesystem;

std::string hex_id(char digit) {
  return std::string(64, digit);
}

// In each hierarchy that takes it: a cpuset of version 1 takes nobody before it was told which CPUs.
void enter_cgroup(const std::string& path, int pid) {
  const fs::path root = "/sys/fs/cgroup";
  std::vector<fs::path> hierarchies{root};
  for (const auto& entry : fs::directory_iterator(root)) {
    if (entry.is_directory() && !entry.is_symlink()) hierarchies.push_back(entry.path());
  }
  for (const auto& hierarchy : hierarchies) {
    if (!fs::exists(hierarchy / "cgroup.procs")) continue;
    fs::create_directories(hierarchy.string() + path);
    std::ofstream(hierarchy.string() + path + "/cgroup.procs") << pid << std::flush;
  }
}

// The root file system of a container. containers/storage, which podman uses as well, has it so.
fs::path make_layer(const std::string& directory) {
  const auto layer = fs::path(directory) / "overlay" / hex_id('f');
  fs::create_directories(layer / "lower/bin");
  fs::copy_file("/bin/busybox", layer / "lower/bin/busybox");
  return layer;
}

class Crio : public testing::Test {
 public:
  static RuntimePlace place;

 protected:
  void SetUp() override {
    const std::string missing = missing_requirement({});
    if (!missing.empty()) GTEST_SKIP() << missing;
    // An upper directory cannot be on an overlay, which /var/tmp may be.
    static int count = 0;
    directory_ = place.directory + "/" + std::to_string(++count);
    fs::create_directory(directory_);
    require(::mount("test", directory_.c_str(), "tmpfs", 0, "size=64m") == 0, "mount");
    fs::create_directory(directory_ + "/daemon");
    overlay_ = std::make_unique<TestOverlay>(make_layer(directory_));
    conmon_ = std::make_unique<Child>([](Line& line) { line.hear(); });
    enter_cgroup(pod_cgroup() + "/crio-conmon-" + container_.id + ".scope", conmon_->pid());
    start_container();
  }

  // Its first process drops a file whenever it is told a path.
  void start_container() {
    process_ = std::make_unique<Child>([this](Line& line) {
      enter_container_root(overlay_->merged());
      line.tell();
      for (;;) {
        fs::copy_file("/bin/busybox", line.hear());
        line.tell();
      }
    });
    container_.pid = process_->pid();
    enter_cgroup(pod_cgroup() + "/crio-" + container_.id + ".scope", container_.pid);
    process_->line().hear();
  }

  void start_server() {
    server_ = std::make_unique<Child>(
        [this](Line& line) { serve_crio(socket(), container_, [&] { line.tell(); }); });
    server_->line().hear();
  }

  void start_daemon(const std::vector<RuntimeSocket>& sockets) {
    daemon_ = std::make_unique<Daemon>(directory_ + "/daemon", sockets);
  }

  std::optional<Record> drop(const std::string& path) {
    process_->line().tell(path);
    process_->line().hear();
    return daemon_->wait_for_record(final_of(container_.id, path), std::chrono::seconds(20));
  }

  static std::string pod_cgroup() {
    return place.cgroup +
           "/kubepods.slice/kubepods-besteffort.slice/"
           "kubepods-besteffort-pod1b4e28ba_2fa1_11d2_883f_0016d3cca427.slice";
  }
  std::string socket() const { return directory_ + "/crio.sock"; }
  CrioContainer container_{.id = hex_id('a'),
                           .name = "web",
                           .image_name = "registry.example/shop/web:2",
                           .image_ref = hex_id('c'),
                           .pid = 0,
                           .pod = {"web-7d4b9", "shop", "1b4e28ba-2fa1-11d2-883f-0016d3cca427"},
                           .pod_id = hex_id('b')};
  std::string directory_;
  std::unique_ptr<TestOverlay> overlay_;
  std::unique_ptr<Child> process_;
  std::unique_ptr<Child> conmon_;
  std::unique_ptr<Child> server_;
  std::unique_ptr<Daemon> daemon_;
};

RuntimePlace Crio::place;

TEST_F(Crio, NamesContainerPodAndImageOfADrop) {
  start_server();
  start_daemon({{"cri", socket()}});
  const auto record = drop("/tmp/x");
  ASSERT_TRUE(record) << daemon_->log();
  SCOPED_TRACE(boost::json::serialize(*record));
  EXPECT_EQ(text_at(*record, "/event/container/runtime"), "cri-o");
  EXPECT_EQ(text_at(*record, "/event/container/name"), "web");
  EXPECT_EQ(text_at(*record, "/event/container/metadata"), "complete");
  EXPECT_EQ(text_at(*record, "/event/container/image/name"), container_.image_name);
  EXPECT_EQ(text_at(*record, "/event/container/image/digest"), "sha256:" + container_.image_ref);
  EXPECT_EQ(text_at(*record, "/event/container/pod/name"), container_.pod.name);
  EXPECT_EQ(text_at(*record, "/event/container/pod/namespace"), container_.pod.name_space);
  EXPECT_EQ(text_at(*record, "/event/container/pod/uid"), container_.pod.uid);
  EXPECT_EQ(text_at(*record, "/event/process/pid"), std::to_string(container_.pid));
  EXPECT_TRUE(daemon_->stop().is_success());
  EXPECT_EQ(daemon_->ledger()["balanced"], 1U) << daemon_->log();
}

TEST_F(Crio, IsKnownByTheNamesOfItsCgroupsAlone) {
  start_daemon({});
  const auto record = drop("/tmp/x");
  ASSERT_TRUE(record) << daemon_->log();
  SCOPED_TRACE(boost::json::serialize(*record));
  EXPECT_EQ(text_at(*record, "/event/container/runtime"), "cri-o");
  EXPECT_EQ(text_at(*record, "/event/container/metadata"), "none");
  EXPECT_EQ(text_at(*record, "/event/container/pod/uid"), container_.pod.uid);
}

// conmon stands outside: its pid for the container's would name host files as the container's.
TEST_F(Crio, DoesNotTakeConmonForAContainer) {
  start_daemon({});
  ASSERT_TRUE(drop("/tmp/x")) << daemon_->log();
  const auto report = boost::json::parse(
      run_dropwarden({"containers", "--json", "--config", daemon_->configuration_file()}).output);
  SCOPED_TRACE(boost::json::serialize(report));
  std::set<std::string> ids;
  for (const auto& entry : report.at("containers").as_array()) {
    EXPECT_NE(text_at(entry, "/pid"), std::to_string(conmon_->pid()));
    ids.insert(text_at(entry, "/id"));
    if (text_at(entry, "/id") != container_.id) continue;
    EXPECT_EQ(text_at(entry, "/pid"), std::to_string(container_.pid));
    EXPECT_EQ(text_at(entry, "/mounts/0/sensor"), "close_write");
  }
  EXPECT_TRUE(ids.contains(container_.id));
}

}  // namespace
}  // namespace dropwarden::test

int main(int argc, char** argv) {
  return dropwarden::test::run_tests_guarded(argc, argv, dropwarden::test::Crio::place);
}
