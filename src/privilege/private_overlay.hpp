// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"

namespace dropwarden::privilege {

// Gives the calling thread a mount namespace of its own. What the host mounts and unmounts meanwhile still
// arrives in it, so that nothing is kept; nothing leaves it. For a thread that ends soon: its root directory
// is its own from then on.
sys::Result<void> leave_mounts();

// In such a namespace: a small tmpfs over the directory `place`.
sys::Result<void> make_tmpfs(const std::string& place);
// On that, `lower`, `upper`, `work`, and an overlay of them at `merged`.
sys::Result<void> make_overlay(const std::string& place);

}  // namespace dropwarden::privilege
