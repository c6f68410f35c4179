// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "dropwarden/classify/registration.hpp"
#include "dropwarden/model/disposition.hpp"
#include "dropwarden/model/finding.hpp"
#include "dropwarden/monitor/watched_mounts.hpp"
#include "dropwarden/policy/kinds.hpp"
#include "dropwarden/sys/error.hpp"

namespace dropwarden::monitor {

// A file that was found on an event's descriptor: all that is known without leaving the descriptor.
struct Hit {
  model::FileFacts file;
  std::vector<std::byte> header;
  EventIdentity identity;
  std::uint32_t links = 0;
};

// Whether the file deserves more than one read. The way of nearly every event: a pread into `first`, and for
// a file that ends there or begins as text one fstat, since text runs where its mode allows it. No
// allocation, no path, save where one of `registrations` goes by a file's extension. Nothing when it does
// not; an error when it could not be read. `is_executed`: somebody executes it.
sys::Result<bool> is_candidate(int fd, std::span<std::byte> first,
                               std::span<const classify::RegistrationRule> registrations,
                               bool is_executed) noexcept;

// A closer look at a candidate, or at any file where nothing stands for `wanted`. The disposition when it
// turns out to be none that `wanted` asks for, or is gone. `known_path` where it is known by another way than
// the descriptor.
std::variant<model::Disposition, Hit> examine(int fd, const std::optional<policy::Kinds>& wanted,
                                              std::span<const classify::RegistrationRule> registrations,
                                              const std::optional<std::string>& known_path = {},
                                              bool is_executed = false);

}  // namespace dropwarden::monitor
