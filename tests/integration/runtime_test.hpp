// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "runtime_under_test.hpp"
#include "support/image.hpp"
#include "support/runtime.hpp"

namespace dropwarden::test {

// A container of the runtime under test, removed at the end of its scope.
class ScopedContainer {
 public:
  ScopedContainer(Runtime& runtime, const std::vector<std::string>& command,
                  const std::vector<TestMount>& mounts = {},
                  const std::map<std::string, std::string>& labels = {});
  ~ScopedContainer();
  ScopedContainer(const ScopedContainer&) = delete;
  ScopedContainer& operator=(const ScopedContainer&) = delete;

  const TestContainer& operator*() const { return container_; }
  const TestContainer* operator->() const { return &container_; }
  // Runs a command of the shell in it, which has to succeed.
  void execute(const std::string& shell_command);

 private:
  Runtime& runtime_;
  TestContainer container_;
};

// Tests that share one running runtime: to start it takes longer than most of them. A test is skipped where
// the runtime or a privilege is missing.
class RuntimeTest : public testing::Test {
 public:
  // For `main`: runs all tests on this runtime; everything lives in `place`.
  static int run_all(const RuntimeUnderTest& under_test, const RuntimePlace& place);

 protected:
  void SetUp() override;

  static const RuntimeUnderTest& under_test() { return *under_test_; }
  static Runtime& runtime() { return *runtime_; }
  // Below it all that the runtime mounts.
  static const std::string& directory() { return place_.directory; }
  // A new directory.
  static std::string make_directory();
  // The same runtime once more, with directories for roots.
  static std::unique_ptr<Runtime> start_with_plain_roots();
  static const TestImages& images() { return *images_; }
  // `docker cp` of a file of the host into a directory of the container. As `nerdctl cp` does it where the
  // runtime has no such command: an archive that tar(1) unpacks below the root of the first process.
  static void copy_into(const TestContainer& container, int first_process, const std::string& file,
                        const std::string& directory);

 private:
  static std::string prepare();
  static void start_runtime();
  static RuntimePlace place_of_runtime();
  static std::string slice();

  static const RuntimeUnderTest* under_test_;
  static RuntimePlace place_;
  static unsigned directories_;
  static std::unique_ptr<TestImages> images_;
  static std::unique_ptr<Runtime> runtime_;
};

}  // namespace dropwarden::test
