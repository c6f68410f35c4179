// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <linux/filter.h>
#include <string>
#include <vector>

#include "dropwarden/sandbox/enter.hpp"

namespace dropwarden::sandbox {

// As the architecture that runs numbers it, also a call that libseccomp does not know yet;
// __NR_SCMP_ERROR where nobody knows it.
int number_of_call(const std::string& name);

// Puts the filter of a profile on all threads of this process (seccomp(2), SECCOMP_FILTER_FLAG_TSYNC). Needs
// no new privileges to be set, or CAP_SYS_ADMIN.
sys::Result<void> load_filter(Profile profile, Network network, Enforcement enforcement);

// The same as the kernel gets it, for one architecture (AUDIT_ARCH_*, <linux/audit.h>), to be looked at.
// Throws sys::SystemError.
std::vector<struct sock_filter> compile_filter(Profile profile, Network network, Enforcement enforcement,
                                               std::uint32_t architecture);

}  // namespace dropwarden::sandbox
