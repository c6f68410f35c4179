// SPDX-License-Identifier: Apache-2.0
#include "box_test.hpp"

#include <filesystem>

#include "active_sensors.hpp"
#include "support/requirements.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
RuntimePlace BoxTest::place_;
unsigned BoxTest::tests_ = 0;

void BoxTest::SetUp() {
  auto missing = missing_requirement({"ldd", "mount"});
  if (missing.empty()) missing = missing_for_file_system(type());
  if (!missing.empty()) GTEST_SKIP() << missing;
  directory_ = place_.directory + "/" + std::to_string(++tests_);
  file_system_ = std::make_unique<TestFileSystem>(type(), directory_ + "/fs", file_system_size());
}

void BoxTest::TearDown() {
  file_system_.reset();
}

std::unique_ptr<Box> BoxTest::make_box(const std::string& name, const std::string& image) const {
  return std::make_unique<Box>(BoxPlace{.directory = path(name),
                                        .elsewhere = host_path(name + "-bind"),
                                        .cgroup = place_.cgroup,
                                        .image = image});
}

std::unique_ptr<Daemon> BoxTest::start_daemon(const std::string& configuration,
                                              const std::string& store) const {
  static unsigned number = 0;
  const auto directory = host_path("daemon" + std::to_string(++number));
  std::filesystem::create_directories(directory);
  return std::make_unique<Daemon>(directory, std::vector<RuntimeSocket>{}, std::vector<std::string>{},
                                  configuration, store);
}

bool BoxTest::is_watched(const Daemon& daemon, const Box& box) {
  return wait_for([&] { return !read_active_sensors(daemon, box).empty(); }, 20s);
}

bool BoxTest::release_file_system() {
  return file_system_->unmount();
}

}  // namespace dropwarden::test
