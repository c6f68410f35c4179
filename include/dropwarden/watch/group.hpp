// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include <boost/asio/io_context.hpp>

#include "dropwarden/model/disposition.hpp"
#include "dropwarden/model/ids.hpp"
#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"

namespace dropwarden::watch {

// A file that was written and closed. Owns the event's descriptor, which pins the container's mount: close it at once.
struct FileEvent {
  sys::Fd file;
  model::Pid pid;  // who closed it last: not proof of who wrote it
};

// Reads one fanotify group on the loop and hands each record on. Owns the group's descriptor and, until handed on, each
// event's; must not keep one.
class Group {
 public:
  struct Handler {
    std::function<void(FileEvent)> on_file;
    // A loss record. `pid` is 0 when the kernel does not say; `error` an errno or 0.
    std::function<void(model::Loss, model::Pid pid, int error)> on_loss;
    // Reading failed in a way that ends the group: not monitoring any more.
    std::function<void(sys::Error)> on_failure;
  };
  Group(boost::asio::io_context& loop, sys::Fd group, bool has_fd_error, Handler handler);
  ~Group();
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  void start();
  // Cancels the wait, then drains what is queued (an unread record would pin mounts until the group is closed).
  void stop();
  // For marks.
  int descriptor() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace dropwarden::watch
