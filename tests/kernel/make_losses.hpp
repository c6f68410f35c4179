// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <sys/resource.h>
#include <vector>

#include "dropwarden/watch/decoder.hpp"

#include "support/child.hpp"

// Failures, made.
namespace dropwarden::test {

// Filling a queue that takes more would take too long for a test.
inline constexpr std::size_t max_affordable_queue = 65'536;

// `count` new files below `directory`: no two of their events are alike, so none are merged.
void write_files(const std::string& directory, std::size_t count);

// What is queued in a group, each record's file closed before the next is read.
std::vector<watch::RawEvent::Type> read_and_close_all(int group);

// A process that has written `path` and holds a write lease on it (fcntl(2), F_SETLEASE), which it does not
// give up.
class LeaseHolder {
 public:
  explicit LeaseHolder(const std::string& path);
  int pid() const { return child_.pid(); }

 private:
  Child child_;
};

// Leaves this process `free` more descriptors to open, until it is destroyed.
class DescriptorLimit {
 public:
  explicit DescriptorLimit(int free);
  ~DescriptorLimit();
  DescriptorLimit(const DescriptorLimit&) = delete;
  DescriptorLimit& operator=(const DescriptorLimit&) = delete;

 private:
  struct rlimit before_{};
};

}  // namespace dropwarden::test
