// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"
#include "dropwarden/sys/file.hpp"

namespace dropwarden::sys {

// open_beneath() without openat2(2), directory by directory: for where a seccomp filter hides that, as
// systemd's RestrictSUIDSGID= and old profiles of container runtimes do.
Result<Fd> walk_beneath(int directory, const std::string& relative, int flags, Mounts mounts);

}  // namespace dropwarden::sys
