// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/image.hpp"
#include "support/runtime.hpp"

namespace dropwarden::test {

// What a test program is about; each defines it (containerd.cpp, dockerd.cpp, podman.cpp).
struct RuntimeUnderTest {
  std::vector<const char*> programs;  // to be installed
  std::unique_ptr<Runtime> (*start)(const RuntimePlace& place, const TestImages& images);
  unsigned removal_rounds;  // 200, or as many as a minute allows
};
extern const RuntimeUnderTest runtime_under_test;

// A container of the runtime under test, removed at the end of its scope.
class ScopedContainer {
 public:
  ScopedContainer(Runtime& runtime, const std::vector<std::string>& command);
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
  // For `main`: runs all tests; everything lives in `place`.
  static int run_all(const RuntimePlace& place);

 protected:
  void SetUp() override;

  static Runtime& runtime() { return *runtime_; }
  // Below it all that the runtime mounts.
  static const std::string& directory() { return place_.directory; }
  // A new directory.
  static std::string make_directory();

 private:
  static RuntimePlace place_;
  static unsigned directories_;
  static std::unique_ptr<TestImages> images_;
  static std::unique_ptr<Runtime> runtime_;
};

}  // namespace dropwarden::test
