// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

namespace dropwarden::test {

// Makes `merged`, a mount point, the root of the calling process in a mount namespace of its own, where
// nothing else is mounted: what a runtime does to a container's first process. Throws sys::SystemError.
// `between_roots` is called while the old root is at `/` as well.
void enter_container_root(const std::string& merged, const std::function<void()>& between_roots = {});

}  // namespace dropwarden::test
