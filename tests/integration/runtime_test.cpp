// SPDX-License-Identifier: Apache-2.0
#include "runtime_test.hpp"

#include <filesystem>

#include "support/requirements.hpp"

namespace dropwarden::test {
namespace {

std::string next_name() {
  static unsigned last = 0;
  return "test" + std::to_string(++last);
}

}  // namespace

RuntimePlace RuntimeTest::place_;
unsigned RuntimeTest::directories_ = 0;
std::unique_ptr<TestImages> RuntimeTest::images_;
std::unique_ptr<Runtime> RuntimeTest::runtime_;

ScopedContainer::ScopedContainer(Runtime& runtime, const std::vector<std::string>& command)
    : runtime_(runtime), container_(runtime.start(next_name(), command)) {}

ScopedContainer::~ScopedContainer() {
  try {
    runtime_.remove(container_);
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what();
  }
}

void ScopedContainer::execute(const std::string& shell_command) {
  const auto result = runtime_.execute(container_, {"sh", "-c", shell_command});
  ASSERT_TRUE(result.status.is_success())
      << shell_command << ": " << result.status.text() << " " << result.error;
}

int RuntimeTest::run_all(const RuntimePlace& place) {
  place_ = place;
  const int status = RUN_ALL_TESTS();
  runtime_.reset();
  return status;
}

void RuntimeTest::SetUp() {
  static const std::string missing = missing_requirement(runtime_under_test.programs);
  if (!missing.empty()) GTEST_SKIP() << missing;
  if (!images_) images_ = std::make_unique<TestImages>(make_directory());
  if (!runtime_) runtime_ = runtime_under_test.start({make_directory(), place_.cgroup}, *images_);
}

std::string RuntimeTest::make_directory() {
  const auto path = place_.directory + "/" + std::to_string(++directories_);
  std::filesystem::create_directory(path);
  return path;
}

}  // namespace dropwarden::test
