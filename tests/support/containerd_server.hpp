// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "support/image.hpp"
#include "support/server.hpp"

namespace dropwarden::test {

// A containerd of the test's own in `directory`, which is empty, is a short path and stays until it has gone.
// Has the images, in CRI's namespace.
class ContainerdServer {
 public:
  // Throws std::runtime_error when it does not come up.
  ContainerdServer(const std::string& directory, const TestImages& images);

  const std::string& socket() const { return spec_.socket; }

  // Containers live on: each has its shim.
  void stop();
  void start();

 private:
  ServerSpec spec_;
  std::unique_ptr<Server> server_;
};

}  // namespace dropwarden::test
