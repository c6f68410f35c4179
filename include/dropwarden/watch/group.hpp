// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include <boost/asio/io_context.hpp>

#include "dropwarden/model/disposition.hpp"
#include "dropwarden/model/ids.hpp"
#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"

namespace dropwarden::watch {

// A file that was written and closed, or is being executed. Owns the event's descriptor, which pins the
// container's mount: close it at once.
struct FileEvent {
  sys::Fd file;
  model::Pid pid;          // who closed it last, which is not proof of who wrote it; or who executes it
  std::uint64_t mask = 0;  // FAN_CLOSE_WRITE, FAN_OPEN_EXEC or both
  std::uint64_t read = 0;  // which read(2) of the group brought it, from 1
};

// Whether it was closed after writing, and not only executed.
bool is_written(const FileEvent& event);
// Whether it is being executed. Both are true of one record where a process closed a file and executed it
// before the record was read: the kernel merges them.
bool is_executed(const FileEvent& event);

// Reads one fanotify group on the loop and hands each record on. Owns the group's descriptor and, until
// handed on, each event's; must not keep one. A read takes a bounded number of records, hence of descriptors,
// and after a bounded number of reads, or a time that is bounded by that of one record, the rest of the loop
// has its turn.
class Group {
 public:
  // Called on the loop's thread; may call `stop` and may destroy the group; must not throw. Every record of
  // the group arrives in `on_file` or `on_loss`.
  struct Handler {
    std::function<void(FileEvent)> on_file;
    // A loss record. `pid` is 0 when the kernel does not say; `error` an errno or 0.
    std::function<void(model::Loss, model::Pid pid, int error)> on_loss;
    // Reading failed in a way that ends the group: not monitoring any more.
    std::function<void(sys::Error)> on_failure;
  };
  // `group` is non-blocking and in descriptor mode; `has_fd_error` says whether it was opened with
  // FAN_REPORT_FD_ERROR. Without that flag a record whose file cannot be opened vanishes: it is inferred from
  // the size of the queue, and its pid is not known. Throws boost::system::system_error when `group` cannot
  // be polled. The loop outlives the group.
  Group(boost::asio::io_context& loop, sys::Fd group, bool has_fd_error, Handler handler);
  ~Group();
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  void start();
  // Cancels the wait, hands on what is queued now and closes the group, which removes its marks. From within
  // a callback it returns at once, and the rest is handed on after that callback. The destructor closes
  // without handing on.
  void stop();
  // For marks; -1 once stopped.
  int descriptor() const;
  // How many turns of reading there were, and the bytes that wait in the kernel now: where the latter are not
  // 0 and the former stays, nobody reads.
  std::uint64_t reads() const;
  std::size_t queued_bytes() const;
  // Whether more waits than one read takes, here or in the kernel, whose queue has an end.
  bool is_behind() const;
  // Reads what is queued, though the kernel did not say that there is something.
  void read_now();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace dropwarden::watch
