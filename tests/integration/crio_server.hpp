// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "support/runtime.hpp"

namespace dropwarden::test {

// A container in the words of CRI-O.
struct CrioContainer {
  std::string id;
  std::string name;
  std::string image_name;
  std::string image_ref;  // the image's ID, 64 hex digits, or `NAME@sha256:…` before 1.30
  int pid = 0;
  TestPod pod;
  std::string pod_id;
};

// Answers CRI on the socket as CRI-O does for one running container in one pod, whose infra container has
// been dropped (`drop_infra_ctr`, the default). Events (GetContainerEvents) are off, also the default: the
// stream ends at once. Calls `on_ready` when it listens, and never returns: for a child process.
[[noreturn]] void serve_crio(const std::string& socket, const CrioContainer& container,
                             const std::function<void()>& on_ready);

}  // namespace dropwarden::test
