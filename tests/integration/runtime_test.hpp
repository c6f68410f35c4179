// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "support/image.hpp"
#include "support/orphans.hpp"
#include "support/runtime.hpp"
#include "support/temporary_directory.hpp"

namespace dropwarden::test {

// The runtime of this test program: each program defines these two (containerd.cpp, dockerd.cpp, podman.cpp).
extern const std::initializer_list<const char*> runtime_programs;
std::unique_ptr<Runtime> start_runtime(const std::string& directory, const TestImages& images);

// Tests that share one running runtime: to start it takes longer than most of them. A test is skipped where
// the runtime or a privilege is missing.
class RuntimeTest : public testing::Test {
 protected:
  static void SetUpTestSuite();
  static void TearDownTestSuite();
  void SetUp() override;

  static Runtime& runtime() { return *shared_->runtime; }
  // A directory of this test alone.
  static std::string make_directory();

 private:
  // In the order in which they depend on each other: the runtime ends first, then what it left behind, then
  // its files.
  struct Shared {
    TemporaryDirectory directory;
    Orphans orphans;
    TestImages images{directory.path()};
    std::unique_ptr<Runtime> runtime = start_runtime(directory.make_directory("r"), images);
    unsigned directories = 0;
  };
  static std::unique_ptr<Shared> shared_;
  static std::string missing_;
};

}  // namespace dropwarden::test
