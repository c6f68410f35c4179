// SPDX-License-Identifier: Apache-2.0
#include "runtime_test.hpp"

namespace dropwarden::test {

const std::initializer_list<const char*> runtime_programs{"containerd", "ctr", "runc"};

std::unique_ptr<Runtime> start_runtime(const std::string& directory, const TestImages& images) {
  return start_containerd(directory, images);
}

}  // namespace dropwarden::test
