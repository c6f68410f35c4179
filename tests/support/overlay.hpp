// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "dropwarden/sys/error.hpp"

namespace dropwarden::test {

// An overlay such as a runtime mounts for a container: `directory`/{lower,upper,work,merged}. Made and
// mounted by the constructor (which throws sys::SystemError); unmounted, lazily if need be, and removed by
// the destructor.
class TestOverlay {
 public:
  explicit TestOverlay(std::string directory, std::string extra_options = {});
  ~TestOverlay();
  TestOverlay(const TestOverlay&) = delete;
  TestOverlay& operator=(const TestOverlay&) = delete;

  std::string lower() const { return directory_ + "/lower"; }
  std::string upper() const { return directory_ + "/upper"; }
  std::string work() const { return directory_ + "/work"; }
  std::string merged() const { return directory_ + "/merged"; }

  // umount(2) without any flag, as containerd does it: EBUSY while something pins the mount.
  sys::Result<void> unmount();
  // The same directories again, as when a container is started a second time.
  void mount();

 private:
  std::string directory_;
  std::string extra_options_;
};

}  // namespace dropwarden::test
