// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "box.hpp"
#include "support/daemon.hpp"
#include "support/runtime.hpp"
#include "test_file_system.hpp"

namespace dropwarden::test {

// A test with a container of our own making on a file system of its own, and a daemon. Skipped without the
// privilege for that.
class BoxTest : public testing::Test {
 public:
  // For `main`: where everything lives.
  static void set_place(const RuntimePlace& place) { place_ = place; }

 protected:
  void SetUp() override;
  void TearDown() override;

  // A path on the test's own file system, and one on the host's.
  std::string path(const std::string& name) const { return file_system_->path() + "/" + name; }
  // Below which boxes have theirs.
  static std::string box_cgroup() { return place_.cgroup; }
  std::string host_path(const std::string& name) const { return directory_ + "/" + name; }

  std::unique_ptr<Box> make_box(const std::string& name, const std::string& image = {}) const;
  // `store` outlives it, where it is given: for the next one.
  std::unique_ptr<Daemon> start_daemon(const std::string& configuration = {},
                                       const std::string& store = {}) const;
  // Whether the daemon watches all places of this container, within 20 s.
  static bool is_watched(const Daemon& daemon, const Box& box);

  // Unmounts it, as a check that nobody holds anything there.
  bool release_file_system();

  // What file system the layers are on.
  virtual std::string type() const { return "tmpfs"; }
  // In bytes.
  virtual std::uintmax_t file_system_size() const { return TestFileSystem::default_size; }

 private:
  static RuntimePlace place_;
  static unsigned tests_;
  std::string directory_;
  std::unique_ptr<TestFileSystem> file_system_;
};

}  // namespace dropwarden::test
