// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "dropwarden/sys/fd.hpp"

namespace dropwarden::test {

// One end of the line between a test and its child process. Each `tell` is heard once.
class Line {
 public:
  explicit Line(sys::Fd end) : end_(std::move(end)) {}
  void tell(std::string_view word = "go");
  // Throws when the other side has gone, or says nothing for 20 s.
  std::string hear();

 private:
  sys::Fd end_;
};

// A forked process that runs `body` and leaves with 0, or says on stderr what it threw and leaves with 1.
// Killed and reaped by the destructor. `body` must not use gtest.
class Child {
 public:
  explicit Child(const std::function<void(Line&)>& body);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  int pid() const { return pid_; }
  Line& line() { return line_; }
  void kill(int signal);
  // True when it left by itself with 0. Waits; the body has an end.
  bool wait();

 private:
  int pid_ = -1;
  Line line_;
};

// Runs `body` in a child and waits: true when it went well.
bool run_in_child(const std::function<void()>& body);

// Throws sys::SystemError with errno unless `holds`. For bodies of children.
void require(bool holds, const char* call);

}  // namespace dropwarden::test
