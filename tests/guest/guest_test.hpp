// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/record.hpp"
#include "support/runtime.hpp"

namespace dropwarden::test {

inline const std::vector<std::string> idle{"sleep", "100000"};

// A test on a machine that is set up as a node is: systemd is its first process and makes the containers'
// cgroups, containers have AppArmor profiles, and root has every capability. Skipped elsewhere. The runtimes
// start once, and take the containers with them at the end.
class GuestTest : public testing::Test {
 public:
  // For `main`: runs all tests; everything lives in `place`.
  static int run_all(const RuntimePlace& place);

 protected:
  void SetUp() override;

  static Runtime& containerd();
  static Runtime& docker();
  static TestContainer start(Runtime& runtime, const std::vector<std::string>& command = idle);
  // Copies busybox to `path` in the container, which has to succeed.
  static void drop(Runtime& runtime, const TestContainer& container, const std::string& path);
  // A new directory.
  static std::string make_directory();

 private:
  static RuntimePlace place_;
  static unsigned directories_;
  static std::unique_ptr<TestImages> images_;
  static std::unique_ptr<Runtime> containerd_;
  static std::unique_ptr<Runtime> docker_;
};

// What the monitor can open of a container.
enum class Reach { upperdir, root_only };

// That the finding is of busybox at `path` in this container, with all that a runtime tells of it.
void expect_drop(const Record& record, const TestContainer& container, const std::string& runtime,
                 const std::string& path, Reach reach = Reach::upperdir);

}  // namespace dropwarden::test
