// SPDX-License-Identifier: Apache-2.0
#include "container_start.hpp"

#include <cerrno>
#include <chrono>
#include <string>

#include "dropwarden/attribute/process.hpp"

namespace dropwarden::monitor {

util::WallTime read_container_start(privilege::Privilege& privilege, const WatchedMount& mount,
                                    const container::Snapshot& snapshot) {
  // The clock of file systems is a tick behind, and a start in /proc is a tick exact.
  constexpr std::chrono::seconds margin{1};
  const model::Container* container = snapshot.find(mount.container);
  if (container != nullptr && container->started != util::WallTime{}) return container->started - margin;
  const auto read = [&](model::Pid pid, attribute::ProcFile file) -> sys::Result<std::string> {
    if (file != attribute::ProcFile::stat) return std::unexpected(sys::Error{"read", "", ENOENT});
    return privilege.read_process_file(pid.value, privilege::ProcessFile::stat);
  };
  const auto start = attribute::glimpse_process(attribute::one_by_one(read), mount.init).start_time;
  return start == util::WallTime{} ? start : start - margin;
}

}  // namespace dropwarden::monitor
