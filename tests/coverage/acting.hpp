// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "dropwarden/sys/fd.hpp"

// What methods are made of. All throw sys::SystemError.
namespace dropwarden::test {

// Read and write, mode 0755; created where it is not there.
sys::Fd create(const std::string& path, int flags = 0);
sys::Fd open_existing(const std::string& path, int flags);

// In one write(2) each; all of it.
void write_all(int file, std::string_view bytes);
void write_at(int file, std::string_view bytes, long offset);

// Creates or truncates, writes all, closes.
void put(const std::string& path, std::string_view bytes, unsigned mode = 0755);

// A whole file in the memory of this process alone, from the start.
sys::Fd hold_in_memory(std::string_view bytes);

// A pipe with `bytes` in it.
struct Pipe {
  Pipe();
  sys::Fd reader;
  sys::Fd writer;
};

// Memory of one file page, writable and shared; unmapped by the destructor unless it was left.
class SharedMapping {
 public:
  explicit SharedMapping(int file);
  ~SharedMapping();
  SharedMapping(const SharedMapping&) = delete;
  SharedMapping& operator=(const SharedMapping&) = delete;
  void store(std::string_view bytes);
  void leave() { memory_ = nullptr; }  // to the end of the process

 private:
  void* memory_;
};

// Runs a program to its end, whatever that is, with nothing on standard input, output and error.
void execute(const std::vector<std::string>& arguments);

// Runs a script with /bin/sh; what it prints goes to `output`, or to nobody. Throws when it fails.
void run_shell(const std::string& script, const std::string& output = "/dev/null");

// A process that runs `body` and then stays as long as the container does; returns when `body` has.
void stay(const std::function<void()>& body);

// So long that an event which a call caused has been read before the next call.
void let_be_seen();

}  // namespace dropwarden::test
