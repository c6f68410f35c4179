// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "refusing_privilege.hpp"

namespace dropwarden::monitor {

// Shows each process a table of its own, if it has one, in a mount namespace of its own.
class ShowingPrivilege : public RefusingPrivilege {
 public:
  std::vector<privilege::ProcessTexts> read_processes(
      std::int32_t pid, const std::vector<privilege::ProcessFile>& files,
      const std::vector<privilege::ProcessFile>& of_ancestors) override {
    auto all = RefusingPrivilege::read_processes(pid, files, of_ancestors);
    for (std::size_t i = 0; i < files.size(); ++i) {
      if (files[i] == privilege::ProcessFile::mount_namespace)
        all[0].files[i] = "mnt:[" + std::to_string(pid) + "]";
    }
    return all;
  }
  sys::Result<std::string> read_process_mounts(std::int32_t pid) override {
    const auto own = tables.find(pid);
    return own == tables.end() ? RefusingPrivilege::read_process_mounts(pid) : own->second;
  }

  std::map<std::int32_t, std::string> tables;
};

}  // namespace dropwarden::monitor
