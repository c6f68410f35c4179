// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <sys/mount.h>

#include <gtest/gtest.h>

#include "support/child.hpp"
#include "support/memory_directory.hpp"
#include "support/overlay.hpp"
#include "support/requirements.hpp"

namespace dropwarden::test {

// Configuration of a monitor without any runtime, with further keys of `watch`. Nobody will tell whose an
// overlay is, and each first record would wait two seconds for that.
inline std::string watch_without_runtimes(const std::string& keys = {}) {
  return "watch: {metadata_wait: 50ms" + (keys.empty() ? keys : ", " + keys) + "}\n";
}

// Tests of the monitor without any runtime, each in a place of its own in memory, from which mounts propagate
// as they do on a host. What is mounted there goes with it. Skipped where a privilege is missing: after
// `OwnPlace::SetUp`, a test's own has to look.
class OwnPlace : public testing::Test {
 protected:
  void SetUp() override {
    const std::string missing = missing_requirement({});
    if (!missing.empty()) GTEST_SKIP() << missing;
    directory_ = std::make_unique<MemoryDirectory>();
    require(::mount(nullptr, path("").c_str(), nullptr, MS_SHARED, nullptr) == 0, "mount");
  }

  std::string path(const std::string& name) const { return directory_->path(name); }

 private:
  std::unique_ptr<MemoryDirectory> directory_;
};

// And with an overlay in it that no runtime knows.
class OwnOverlay : public OwnPlace {
 protected:
  void SetUp() override {
    OwnPlace::SetUp();
    if (IsSkipped()) return;
    std::filesystem::create_directory(path("overlay"));
    overlay_ = std::make_unique<TestOverlay>(path("overlay"));
  }

  std::unique_ptr<TestOverlay> overlay_;
};

}  // namespace dropwarden::test
