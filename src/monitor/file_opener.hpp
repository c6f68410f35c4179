// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "dropwarden/monitor/watched_mounts.hpp"
#include "dropwarden/mount/host_mounts.hpp"
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/sys/fd.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/sys/file_handle.hpp"

namespace dropwarden::monitor {

// Opens a file of a container where the host has it: in the overlay's upper directory, or through the host's
// own mount of a volume. Such a descriptor pins nothing of the container and may be kept. Owns none. Loop's
// thread only.
class FileOpener {
 public:
  // Where the host has what a container has mounted.
  using FindOnHost = std::function<std::vector<mount::HostPath>(const WatchedMount&, std::string_view path)>;
  // Whether what a path leads to is the file that is meant. Another may lie there: by a race, or since the
  // path is that of a bind mount inside the container.
  using Accept = std::function<bool(const sys::FileStatus& status)>;
  FileOpener(privilege::Privilege& privilege, FindOnHost find_on_host)
      : privilege_(privilege), find_on_host_(std::move(find_on_host)) {}

  // `path` as the container sees it. No descriptor where the host has nothing that `accept` takes.
  sys::Fd open(const WatchedMount& mount, const std::string& path, const Accept& accept) const;
  // The file that `handle` stands for, O_PATH, whatever its names are by now; of the file system that `mount`
  // shows. ESTALE when it is gone.
  sys::Result<sys::Fd> open_by_handle(const privilege::HostMount& mount, const sys::FileHandle& handle) const;
  // Privilege::is_open_for_write.
  sys::Result<bool> is_open_for_write(int file) const { return privilege_.is_open_for_write(file); }

 private:
  sys::Fd open_in_upper(const model::OverlayLayers& layers, const std::string& path,
                        const Accept& accept) const;
  sys::Fd open_in(const std::string& directory, const std::string& relative, const Accept& accept) const;

  privilege::Privilege& privilege_;
  FindOnHost find_on_host_;
};

}  // namespace dropwarden::monitor
