// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dropwarden/layer/readable_mounts.hpp"
#include "dropwarden/layer/scanner.hpp"
#include "dropwarden/monitor/watched_mounts.hpp"
#include "dropwarden/mount/host_mounts.hpp"
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"

#include "sighting.hpp"

namespace dropwarden::monitor {

// The files of one mount of a container, to be read from the host: the upper directory of an overlay; of
// another mount, its directory by a mount of the host that shows it, or else through the root of the
// container's first process. Owns nothing. Any one thread.
class MountTree {
 public:
  // `host`: where the host has the mount, HostMounts::find. `readable` of the host's table.
  MountTree(privilege::Privilege& privilege, WatchedMount mount, std::vector<mount::HostPath> host,
            std::shared_ptr<const layer::ReadableMounts> readable)
      : privilege_(privilege),
        mount_(std::move(mount)),
        host_(std::move(host)),
        readable_(std::move(readable)) {}

  const WatchedMount& mount() const { return mount_; }
  const std::shared_ptr<const layer::ReadableMounts>& readable() const { return readable_; }

  // The top, for layer::Scanner: O_PATH. It pins the file system, and the container's mount where the host
  // has none: for a moment. ENOENT, ESRCH or ESTALE when it is not there any more, ENOTSUP when it is on a
  // file system that is not read: one that may not answer.
  sys::Result<sys::Fd> open();

  // `path`, as a scan of the top has it, as the container names it.
  std::string in_container(std::string_view path) const;

  // Inode and device as the container sees them, where that is not what the top shows: through the overlay,
  // which is opened for a look at the one name. Nothing where it cannot be told, or the name leads to another
  // file by now.
  std::optional<Located::Numbers> numbers(const layer::ScannedFile& file);

 private:
  sys::Result<sys::Fd> open_container_mount();
  sys::Result<sys::Fd> open_on_host(const mount::HostPath& place);

  privilege::Privilege& privilege_;
  WatchedMount mount_;
  std::vector<mount::HostPath> host_;
  std::shared_ptr<const layer::ReadableMounts> readable_;
};

}  // namespace dropwarden::monitor
