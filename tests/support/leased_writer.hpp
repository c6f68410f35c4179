// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "support/child.hpp"
#include "support/daemon.hpp"

namespace dropwarden::test {

// A process that closes a program it has written and takes a lease on it (F_SETLEASE, fcntl(2)) before the
// daemon, which is stopped meanwhile, gets to the event of that close: so that the kernel cannot open the
// file for it.
class LeasedWriter {
 public:
  // `prepare` is what the process does before it writes. The daemon goes on once the lease is held.
  LeasedWriter(const Daemon& daemon, const std::string& file, const std::function<void()>& prepare = {});
  // Lets the lease go; whether all went well.
  bool end();

 private:
  Child child_;
};

}  // namespace dropwarden::test
