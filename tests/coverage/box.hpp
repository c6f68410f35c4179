// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/child.hpp"

namespace dropwarden::test {

// A program of the image that is linked with the C library, which sleeps for as long as its argument says;
// and the loader of this machine, which is in the image too.
inline constexpr const char* dynamic_program = "/usr/bin/sleep";
std::string dynamic_loader();
std::string c_library();

struct BoxPlace {
  std::string directory;  // on the file system that holds the layers and the named volume
  std::string elsewhere;  // a directory on another one: what is bound as a volume
  std::string cgroup;     // below which the container has its own, `/name`
  std::string image{};    // the files of the image; without it they are made, in `directory`
};

// A container without a runtime, made as runtimes make theirs: an overlay mounted on the host, a first
// process in namespaces of its own for mounts and process IDs, with that overlay for its root (pivot_root(2))
// and a cgroup that is named as docker's containers are. So it is the same in a virtual machine that has no
// runtime.
//
// In it: busybox with its applets, ls(1) and a dynamic program, unless the image is given; /proc and /dev;
// the places `rootfs`, `named`, `bind` and `shm` (see `places`). Everything goes with this object.
class Box {
 public:
  explicit Box(BoxPlace place);
  ~Box();
  Box(const Box&) = delete;
  Box& operator=(const Box&) = delete;

  const std::string& id() const { return id_; }
  // Into which the image's files are put before `start`.
  std::string lower() const { return place_.image.empty() ? place_.directory + "/lower" : place_.image; }
  std::string upper() const { return place_.directory + "/upper"; }
  std::string merged() const { return place_.directory + "/merged"; }
  const std::string& elsewhere() const { return place_.elsewhere; }

  enum class Gate { before_its_root, between_roots };
  // The first process stays on the host's root until there is a file of that name, or has both.
  void set_gate(const std::string& file, Gate gate = Gate::before_its_root) {
    gate_ = file;
    where_ = gate;
  }
  // Mounts and starts it. Throws sys::SystemError.
  void start();
  // Of the host's number space.
  int first_process() const { return first_process_; }

  // Runs `body` as a process of the container, to its end. Throws std::runtime_error, or UnsupportedHere.
  void run(const std::function<void()>& body) const;
  // The calling process becomes one of the container's cgroup.
  void join_cgroup() const;

  // Kills all processes and waits until they have ended; the overlay stays mounted on the host.
  void end_processes();

 private:
  void fill_image() const;
  void copy_with_libraries(const std::string& program) const;
  void make_mounts() const;
  void become_first_process(Line& line) const;

  BoxPlace place_;
  std::string id_;
  std::string cgroup_;
  std::string gate_;
  Gate where_ = Gate::before_its_root;
  std::unique_ptr<Child> keeper_;  // the parent of the first process
  int first_process_ = 0;
};

// What this kernel or file system does not have: the text says what.
struct UnsupportedHere : std::runtime_error {
  using std::runtime_error::runtime_error;
};
// Runs `body` in a child process to its end, and throws what it threw as one of the two.
void run_apart(const std::function<void()>& body);

// A directory of the container on each kind of file system that it has.
struct Place {
  const char* name;  // as in the table of expectations
  const char* path;  // in the container
};
inline constexpr Place places[] = {
    {"rootfs", "/c"}, {"named", "/named"}, {"bind", "/bind"}, {"shm", "/dev/shm"}};

}  // namespace dropwarden::test
