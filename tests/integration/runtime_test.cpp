// SPDX-License-Identifier: Apache-2.0
#include "runtime_test.hpp"

#include <chrono>
#include <filesystem>
#include <string_view>

#include "support/command.hpp"
#include "support/docker_like.hpp"
#include "support/oci_runtime.hpp"
#include "support/requirements.hpp"
#include "support/shared_mounts.hpp"
#include "support/system_root.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

std::string next_name() {
  static unsigned last = 0;
  return "test" + std::to_string(++last);
}

bool is_gone(std::string_view problem) {
  return problem.contains("not found") || problem.contains("No such container");
}

// A container that ends in the moment in which it is removed may make that fail; the kubelet asks again, too.
// That no removal fails because of the monitor is for removal.cpp and burst.cpp to say.
void remove_patiently(Runtime& runtime, const TestContainer& container) {
  std::string problem;
  const auto is_removed = [&] {
    try {
      runtime.remove(container);
      return true;
    } catch (const std::exception& error) {
      const bool is_first = problem.empty();
      problem = error.what();
      return !is_first && is_gone(problem);
    }
  };
  if (!wait_for(is_removed, std::chrono::seconds(10))) ADD_FAILURE() << problem;
}

}  // namespace

const RuntimeUnderTest* RuntimeTest::under_test_ = nullptr;
RuntimePlace RuntimeTest::place_;
unsigned RuntimeTest::directories_ = 0;
std::unique_ptr<TestImages> RuntimeTest::images_;
std::unique_ptr<Runtime> RuntimeTest::runtime_;

ScopedContainer::ScopedContainer(Runtime& runtime, const std::vector<std::string>& command,
                                 const std::vector<TestMount>& mounts,
                                 const std::map<std::string, std::string>& labels)
    : runtime_(runtime), container_(runtime.start(next_name(), command, mounts, labels)) {}

ScopedContainer::~ScopedContainer() {
  try {
    // The next container of the pod has the same shared memory and hosts, and a scan finds what lies there.
    if (container_.pod) runtime_.execute(container_, {"sh", "-c", "rm -rf /dev/shm/*; : > /etc/hosts"});
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what();
  }
  remove_patiently(runtime_, container_);
}

void ScopedContainer::execute(const std::string& shell_command) {
  const auto result = runtime_.execute(container_, {"sh", "-c", shell_command});
  ASSERT_TRUE(result.status.is_success())
      << shell_command << ": " << result.status.text() << " " << result.error;
}

int RuntimeTest::run_all(const RuntimeUnderTest& under_test, const RuntimePlace& place) {
  under_test_ = &under_test;
  place_ = place;
  const int status = RUN_ALL_TESTS();
  runtime_.reset();
  if (under_test.is_on_systemd) run_command({"systemctl", "stop", slice()});
  return status;
}

std::string RuntimeTest::slice() {
  return place_.cgroup.substr(1) + ".slice";
}

void RuntimeTest::SetUp() {
  static const std::string missing = prepare();
  if (!missing.empty()) GTEST_SKIP() << missing;
  if (!runtime_) start_runtime();
}

// What surrounds the runtime. Why it cannot be had here, or nothing.
std::string RuntimeTest::prepare() {
  auto missing = missing_requirement(under_test_->programs);
  // sd_booted(3)
  if (missing.empty() && under_test_->is_on_systemd && !std::filesystem::exists("/run/systemd/system"))
    return "SKIP runtime: systemd is not the first process";
  const bool has_own_layout = under_test_->layout != CgroupLayout::of_host;
  if (!missing.empty()) return missing;
  if (has_own_layout || under_test_->is_of_debian_13) share_mounts(place_.directory);
  if (has_own_layout) {
    enter_shared_mounts(place_.directory);
    missing = enter_cgroup_layout(under_test_->layout);
    if (!missing.empty()) return missing;
  }
  if (!under_test_->is_of_debian_13) return {};
  try {
    static const auto root = SystemRoot::open_debian_13(place_.directory);
    place_.mount_namespace = root.path();
  } catch (const std::runtime_error& error) {
    return "SKIP runtime: " + std::string(error.what());
  }
  return {};
}

void RuntimeTest::start_runtime() {
  if (!images_) images_ = std::make_unique<TestImages>(make_directory());
  runtime_ = under_test_->start(place_of_runtime(), *images_);
}

std::unique_ptr<Runtime> RuntimeTest::start_with_plain_roots() {
  RuntimePlace place = place_of_runtime();
  place.has_plain_roots = true;
  return under_test_->start(place, *images_);
}

RuntimePlace RuntimeTest::place_of_runtime() {
  RuntimePlace place = place_;
  place.directory = make_directory();
  place.oci_runtime = under_test_->oci_runtime;
  if (under_test_->is_on_systemd) place.cgroup = slice();
  if (under_test_->layout == CgroupLayout::v2) {
    place.oci_runtime = make_frugal_oci_runtime(make_directory(), place.oci_runtime);
  }
  place.has_image_store = under_test_->has_image_store;
  return place;
}

void RuntimeTest::copy_into(const TestContainer& container, int first_process, const std::string& file,
                            const std::string& directory) {
  const std::filesystem::path source = file;
  if (const auto* docker = dynamic_cast<const DockerLike*>(runtime_.get()))
    return docker->copy_into(container, file, directory + "/" + source.filename().string());
  const std::string unpack = "tar -C \"$1\" -cf - \"$2\" | tar -C \"$3\" -xf -";
  require_command({"sh", "-e", "-c", unpack, "sh", source.parent_path().string(), source.filename().string(),
                   "/proc/" + std::to_string(first_process) + "/root" + directory});
}

std::string RuntimeTest::make_directory() {
  const auto path = place_.directory + "/" + std::to_string(++directories_);
  std::filesystem::create_directory(path);
  return path;
}

}  // namespace dropwarden::test
