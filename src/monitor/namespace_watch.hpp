// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "dropwarden/container/cgroup_path.hpp"
#include "dropwarden/container/process_scan.hpp"
#include "dropwarden/model/ids.hpp"
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/watch/features.hpp"

#include "mount_news.hpp"
#include "namespace_scan.hpp"
#include "volume_keeper.hpp"

namespace dropwarden::monitor {

// Finds what containers mount after their start, and where else than in their first process's mount
// namespace: at once where the kernel tells of mounts (FAN_REPORT_MNT, Linux 6.15), else by looking again and
// again, at a pace that the machine can bear (`rest_after`). Loop's thread only.
class NamespaceWatch {
 public:
  using Clock = std::chrono::steady_clock;
  // `volumes` outlives it. `believes`: of whose processes the namespaces are, see NamespaceScan. `on_due`:
  // `VolumeKeeper::next` may be sooner than it was. Called amid the reading of events, so it must not do what
  // is due: a container chooses how much that is, and how often.
  NamespaceWatch(boost::asio::io_context& loop, privilege::Privilege& privilege,
                 const watch::Features& features, VolumeKeeper& volumes, NamespaceScan::Believes believes,
                 std::function<void()> on_due);

  void start();
  void stop();

  // This process executes a program of a container: it may be in a namespace that was not seen yet.
  void look_at(model::Pid pid);

 private:
  void open_news();
  bool watch(model::Pid pid);
  void on_news(const std::vector<model::Pid>& mounters);
  void look_again();
  void take_turn();
  void rest();
  NamespaceScan make_scan() const;

  boost::asio::io_context& loop_;
  privilege::Privilege& privilege_;
  VolumeKeeper& volumes_;
  NamespaceScan::Believes believes_;
  std::function<void()> on_due_;
  std::vector<container::CgroupOwner> enclosing_;
  std::optional<MountNews> news_;
  boost::asio::steady_timer pause_;
  std::optional<NamespaceScan> scan_;  // under way
  std::chrono::nanoseconds spent_{};   // processor time, on the one under way
};

}  // namespace dropwarden::monitor
