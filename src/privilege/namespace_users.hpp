// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "dropwarden/sys/error.hpp"

namespace dropwarden::privilege {

// The users that act in a user namespace: what belongs to another is out of their reach, however they mount
// it (user_namespaces(7)). In one that root has made that is for root to say, so all act there, as in our
// own. A value; pure.
class NamespaceUsers {
 public:
  // By who made the namespace, and the text of /proc/PID/uid_map, each as we number users.
  NamespaceUsers(std::uint32_t owner, std::string uid_map) : owner_(owner), map_(std::move(uid_map)) {}

  bool has(std::uint32_t user) const;

 private:
  std::uint32_t owner_;
  std::string map_;
};

// Those of the process with this directory in procfs.
sys::Result<NamespaceUsers> read_namespace_users(const std::string& process);

}  // namespace dropwarden::privilege
