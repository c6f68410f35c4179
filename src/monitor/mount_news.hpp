// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "dropwarden/model/ids.hpp"
#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"

namespace dropwarden::monitor {

// Tells that something was mounted, moved or unmounted in the mount namespaces that its group marks
// (FAN_REPORT_MNT, fanotify_init(2), Linux 6.15). Owns the group, which pins nothing of a namespace and loses
// its mark with it. Loop's thread only.
class MountNews {
 public:
  // `mounters` are those who did it, as they are known to the kernel: they may be gone. Empty when records
  // were lost: it may be anybody, in any namespace. May call `stop`.
  using OnNews = std::function<void(const std::vector<model::Pid>& mounters)>;
  // `group` is non-blocking and of FAN_REPORT_MNT. `on_failure`: it cannot be read any more, and tells no
  // more. Throws boost::system::system_error when it cannot be polled. The loop outlives this object.
  MountNews(boost::asio::io_context& loop, sys::Fd group, OnNews on_news,
            std::function<void(const sys::Error&)> on_failure);
  ~MountNews();
  MountNews(const MountNews&) = delete;
  MountNews& operator=(const MountNews&) = delete;

  void start();
  void stop();
  // For marks; -1 once stopped.
  int descriptor() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace dropwarden::monitor
