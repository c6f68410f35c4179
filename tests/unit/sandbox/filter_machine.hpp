// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <linux/filter.h>
#include <span>

namespace dropwarden::sandbox {

// A system call as a filter sees it (struct seccomp_data, seccomp(2)).
struct SeenCall {
  std::uint32_t number = 0;
  std::uint32_t architecture = 0;  // AUDIT_ARCH_*
  std::array<std::uint64_t, 6> arguments{};
};

// Runs a filter as the kernel would, and returns its SECCOMP_RET_*. Throws std::logic_error when the program
// does what a filter may not, or what this machine does not know.
std::uint32_t run_filter(std::span<const struct sock_filter> program, const SeenCall& call);

}  // namespace dropwarden::sandbox
