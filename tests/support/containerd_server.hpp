// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "support/image.hpp"
#include "support/runtime.hpp"
#include "support/server.hpp"

namespace dropwarden::test {

// A containerd of the test's own. Has the images, in CRI's namespace.
class ContainerdServer {
 public:
  // Throws std::runtime_error when it does not come up.
  ContainerdServer(const RuntimePlace& place, const TestImages& images);

  const std::string& socket() const { return spec_.socket; }

  // `ctr images import`, which unpacks the layers.
  void import(const std::string& archive) const;

  // Containers live on: each has its shim. `kill`: by SIGKILL.
  void stop();
  void kill();
  void start();

 private:
  RuntimePlace place_;
  ServerSpec spec_;
  std::unique_ptr<Server> server_;
};

}  // namespace dropwarden::test
