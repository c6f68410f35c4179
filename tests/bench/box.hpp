// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "support/child.hpp"

namespace dropwarden::test {

// What is done in a container, and how often one of its operations is done in a run.
struct Job {
  std::string name;
  std::string operation;                    // what one is: `create`, `build`
  std::uint64_t operations = 1;             // of a run
  std::function<void()> prepare;            // not measured, before each run; may be empty
  std::function<void(std::uint64_t)> body;  // does so many
};

// What a run of a job took, in microseconds: processor time of the container's processes, and wall time.
struct Spent {
  double cpu = 0;
  double wall = 0;
};

// A container as far as a monitor can tell: an overlay of which the files of this host are the lowest layer,
// with its upper layer in a tmpfs, and a process in it, in a cgroup named as one of docker's. In it stand
// /proc, a few devices, and an empty directory /job. Needs root. What `enter` of more boxes makes has its
// own number.
class Box {
 public:
  // `directory` is empty, in a tmpfs. With `layers` more than 1, so many layers lie below in all, each but
  // the lowest with one file. Throws sys::SystemError.
  Box(const std::string& directory, const std::vector<Job>& jobs, unsigned number = 0, unsigned layers = 1);
  ~Box();
  Box(const Box&) = delete;
  Box& operator=(const Box&) = delete;

  const std::string& merged() const { return merged_; }
  std::string upper() const { return directory_ + "/upper"; }
  int pid() const { return child_->pid(); }

  // The job with this place in `jobs`. Throws when it fails in there.
  void prepare(std::size_t job);
  Spent run(std::size_t job);

 private:
  void mount(unsigned layers) const;
  void join_cgroup(unsigned number);

  const std::string directory_;
  const std::string merged_;
  std::vector<std::string> cgroups_;
  std::unique_ptr<Child> child_;
};

// Puts a process into cgroups named as those of a container of docker's with this number, in all hierarchies
// that there are. Returns their directories.
std::vector<std::string> make_docker_cgroups(int process, unsigned number);
void remove_docker_cgroups(const std::vector<std::string>& cgroups);

// Runs a program, looked up in the usual places, with its output thrown away, and waits for it. Throws
// std::runtime_error when it fails.
void run_program(const std::vector<std::string>& arguments);
// Whether it succeeds.
bool run_is_possible(const std::vector<std::string>& arguments);

}  // namespace dropwarden::test
