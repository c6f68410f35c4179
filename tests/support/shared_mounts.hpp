// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace dropwarden::test {

// Makes `directory` a mount of its own and shared: what is mounted below it is seen in every namespace that
// `enter_shared_mounts` makes from here on, and the other way round (mount_namespaces(7)). Its owner unmounts
// it (`run_guarded`). Throws SystemError.
void share_mounts(const std::string& directory);

// Moves the calling process, which has no other thread, into a mount namespace of its own. What it mounts is
// seen by nobody else, save below the shared `directory`. Throws SystemError.
void enter_shared_mounts(const std::string& directory);

// The same, with the tree below `root` for the host's: `/` is then what was at `root`, with this host's
// /proc, /sys and /dev, an empty /run, /tmp and /var, and `directory` at its own path. By pivot_root(2), as
// chroot(2) would not do for a container runtime: whoever joins the namespace of a container that was made in
// a chroot lands outside of both.
void enter_shared_mounts_at(const std::string& root, const std::string& directory);

}  // namespace dropwarden::test
