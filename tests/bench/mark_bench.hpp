// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "dropwarden/sys/fd.hpp"

#include "support/child.hpp"

namespace dropwarden::test {

// An fanotify group and a thread that reads it as the monitor does: 64 bytes of each file.
class MarkedGroup {
 public:
  MarkedGroup();
  ~MarkedGroup();
  MarkedGroup(const MarkedGroup&) = delete;
  MarkedGroup& operator=(const MarkedGroup&) = delete;

  // fanotify_mark(2) with FAN_CLOSE_WRITE. Throws sys::SystemError.
  void mark(unsigned flags, const std::string& path) const;
  // Stops reading, once the queue is empty. How many events there were, and what reading them cost.
  void stop();
  std::uint64_t events() const { return events_; }
  double cpu_microseconds() const { return cpu_microseconds_; }

 private:
  void read_on();

  sys::Fd group_;
  std::atomic<bool> is_stopping_ = false;
  std::uint64_t events_ = 0;
  double cpu_microseconds_ = 0;
  std::thread reader_;
};

// A process that creates, writes and closes files in a directory on demand, in the place that `enter` took it
// to.
class Writer {
 public:
  Writer(const std::function<void()>& enter, const std::string& directory);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  int pid() const { return child_.pid(); }
  // Writes so many files. Microseconds of CPU time for one.
  double write(unsigned files);

 private:
  Child child_;
};

// CPU time so far, in microseconds: of this thread; of this process and the children that it has waited for.
double cpu_of_thread();
double cpu_of_process();

double median(std::vector<double> values);

}  // namespace dropwarden::test
