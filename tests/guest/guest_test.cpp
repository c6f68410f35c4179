// SPDX-License-Identifier: Apache-2.0
#include "guest_test.hpp"

#include <filesystem>

#include <gmock/gmock.h>

#include "support/command.hpp"
#include "support/file.hpp"
#include "support/requirements.hpp"
#include "support/sha256.hpp"

namespace dropwarden::test {
namespace {

constexpr const char* apparmor = "/sys/module/apparmor/parameters/enabled";

std::string missing_on_this_machine() {
  auto missing = missing_requirement({"containerd", "ctr", "runc", "dockerd", "docker", "systemd-run"});
  if (!missing.empty()) return missing;
  // sd_booted(3)
  if (!std::filesystem::exists("/run/systemd/system"))
    return "SKIP runtime: the first process is not systemd";
  if (!std::filesystem::exists(apparmor) || !read_file(apparmor).starts_with('Y'))
    return "SKIP kernel: AppArmor is not enabled";
  return {};
}

std::string next_name() {
  static unsigned last = 0;
  return "guest" + std::to_string(++last);
}

}  // namespace

RuntimePlace GuestTest::place_;
unsigned GuestTest::directories_ = 0;
std::unique_ptr<TestImages> GuestTest::images_;
std::unique_ptr<Runtime> GuestTest::containerd_;
std::unique_ptr<Runtime> GuestTest::docker_;

int GuestTest::run_all(const RuntimePlace& place) {
  place_ = place;
  place_.cgroup = place.cgroup.substr(1) + ".slice";
  const int status = RUN_ALL_TESTS();
  containerd_.reset();
  docker_.reset();
  run_command({"systemctl", "stop", place_.cgroup});
  return status;
}

void GuestTest::SetUp() {
  static const std::string missing = missing_on_this_machine();
  if (!missing.empty()) GTEST_SKIP() << missing;
  if (!images_) images_ = std::make_unique<TestImages>(make_directory());
}

Runtime& GuestTest::containerd() {
  if (!containerd_) {
    RuntimePlace place = place_;
    place.directory = make_directory();
    containerd_ = start_containerd(place, *images_);
  }
  return *containerd_;
}

Runtime& GuestTest::docker() {
  if (!docker_) {
    RuntimePlace place = place_;
    place.directory = make_directory();
    docker_ = start_dockerd(place, *images_);
  }
  return *docker_;
}

TestContainer GuestTest::start(Runtime& runtime, const std::vector<std::string>& command) {
  return runtime.start(next_name(), command);
}

void GuestTest::drop(Runtime& runtime, const TestContainer& container, const std::string& path) {
  const auto copied = runtime.execute(container, {"cp", "/bin/busybox", path});
  ASSERT_TRUE(copied.status.is_success()) << copied.error;
}

std::string GuestTest::make_directory() {
  const auto path = place_.directory + "/" + std::to_string(++directories_);
  std::filesystem::create_directory(path);
  return path;
}

void expect_drop(const Record& record, const TestContainer& container, const std::string& runtime,
                 const std::string& path, Reach reach) {
  SCOPED_TRACE(boost::json::serialize(record));
  EXPECT_EQ(text_at(record, "/event/container/id"), container.id);
  EXPECT_EQ(text_at(record, "/event/container/name"), container.name);
  EXPECT_EQ(text_at(record, "/event/container/runtime"), runtime);
  EXPECT_EQ(text_at(record, "/event/container/image/name"), container.image_name);
  EXPECT_EQ(text_at(record, "/event/container/metadata"), "complete");
  EXPECT_EQ(text_at(record, "/event/file/path"), path);
  // Where the upper directory is out of reach, a large file is hashed only as far as a short time allows.
  const auto hash = text_at(record, "/event/file/sha256/value");
  if (reach == Reach::upperdir || !hash.empty()) {
    EXPECT_EQ(hash, sha256(read_file("/bin/busybox")));
  }
  if (!container.pod) return;
  EXPECT_EQ(text_at(record, "/event/container/pod/name"), container.pod->name);
  EXPECT_EQ(text_at(record, "/event/container/pod/namespace"), container.pod->name_space);
  EXPECT_EQ(text_at(record, "/event/container/pod/uid"), container.pod->uid);
}

}  // namespace dropwarden::test
