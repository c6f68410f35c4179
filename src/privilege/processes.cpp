// SPDX-License-Identifier: Apache-2.0
#include "processes.hpp"

#include <filesystem>

#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/util/text.hpp"

namespace dropwarden::privilege {

sys::Result<std::vector<std::int32_t>> list_processes(const std::string& proc) {
  std::vector<std::int32_t> pids;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(proc, error), end;
       !error && entry != end && pids.size() < Privilege::max_processes; entry.increment(error)) {
    const auto pid = util::parse_number<std::int32_t>(entry->path().filename().string());
    if (pid && *pid > 0) pids.push_back(*pid);
  }
  if (error) return std::unexpected(sys::Error{"readdir", proc, error.value()});
  return pids;
}

}  // namespace dropwarden::privilege
