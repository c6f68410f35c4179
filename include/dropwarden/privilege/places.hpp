// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/sys/error.hpp"

namespace dropwarden::privilege {

// Where containers keep their files, as the marker finds out for itself. It is what stands between a monitor
// that was taken over and the files of the node: nothing here is taken from what the monitor says. Any
// thread. Each check says nothing, EPERM, or EBUSY where more was asked for that is not there than may be
// looked for: it may be there, and is found when it is asked for once more, later.
class Places {
 public:
  virtual ~Places() = default;

  // That the process has a root directory other than the host's. `is_between_roots` where it has both at `/`.
  virtual sys::Result<void> check_process(std::int32_t pid) = 0;
  // The same by what it shows, so that nothing else is read. Nothing is learned from it.
  virtual sys::Result<void> check_process(std::int32_t pid, std::string_view mountinfo) = 0;
  // That the mounts may be marked of such a process; an answer for each, in their order, so that one which a
  // container takes away meanwhile (ESTALE) keeps no other from being marked. Where a whole file system is to
  // be, it has to be the containers', and none that the host uses.
  virtual std::vector<sys::Result<void>> check_mounts(std::int32_t pid,
                                                      const std::vector<ContainerMount>& mounts) = 0;
  // That the overlay at the root of such a process may be marked. What no mount of the host shows, anybody
  // may have mounted who can make a user namespace: `is_foreign` says why it may hold up who reads of it, or
  // pass for another's. Answers what is proven of it.
  virtual sys::Result<ProvenUpper> check_root(const ShownRoot& root) = 0;
  // That an overlay which is not the host's own root is mounted there on the host.
  virtual sys::Result<void> check_overlay(const std::string& mount_point) = 0;
  // That the path, before anything is opened by it, is of a layer of an overlay, of a mount of the host, or
  // of something else that a container shows.
  virtual sys::Result<void> check_path(const std::string& directory) = 0;
  // That what was opened by it, O_PATH, is a layer or lies in a place. So it has to be with all that is
  // handed over: whoever has a descriptor of a directory opens what is below by rights of his own, without
  // those of the directories above.
  virtual sys::Result<void> check_opened(const std::string& directory, int opened) = 0;
  // The same, or that it is the top of a mount of the host: for who hands nothing over but what lies below
  // and passes itself.
  virtual sys::Result<void> check_top(const std::string& directory, int opened) = 0;
  // That the file lies in a layer or in what a container shows, on a file system that the kernel alone
  // answers for. Asks that file system nothing. It is seen through the mount `mount_id`.
  virtual sys::Result<void> check_file(int file, std::uint64_t mount_id) = 0;
  // The same of what was opened by its name below `directory`, O_PATH.
  virtual sys::Result<void> check_entry(int directory, int entry) = 0;
  // The same as check_file by what is known now: nothing is searched, since most of what a file system tells
  // of is no container's. `is_outside` then, with the path of the file, and with none where the kernel has
  // none: whoever finds that it should be a container's asks for the place, which is looked for.
  virtual sys::Result<void> check_known(int file, std::uint64_t mount_id) = 0;

  // The mountinfo of a process, just read.
  virtual void learn(std::int32_t pid, std::string_view mountinfo) = 0;
  // That `top` was opened by way of the process, O_PATH, and not of another one that had its number a moment
  // ago: check_file is then content with what is opened below it.
  virtual sys::Result<void> admit(std::int32_t pid, int top) = 0;
};

// For what is asked once in a while by somebody who is trusted to ask it.
class AnyPlace : public Places {
 public:
  sys::Result<void> check_process(std::int32_t) override { return {}; }
  sys::Result<void> check_process(std::int32_t, std::string_view) override { return {}; }
  std::vector<sys::Result<void>> check_mounts(std::int32_t,
                                              const std::vector<ContainerMount>& mounts) override {
    return std::vector<sys::Result<void>>(mounts.size());
  }
  sys::Result<ProvenUpper> check_root(const ShownRoot&) override { return std::nullopt; }
  sys::Result<void> check_overlay(const std::string&) override { return {}; }
  sys::Result<void> check_path(const std::string&) override { return {}; }
  sys::Result<void> check_opened(const std::string&, int) override { return {}; }
  sys::Result<void> check_top(const std::string&, int) override { return {}; }
  sys::Result<void> check_file(int, std::uint64_t) override { return {}; }
  sys::Result<void> check_entry(int, int) override { return {}; }
  sys::Result<void> check_known(int, std::uint64_t) override { return {}; }
  void learn(std::int32_t, std::string_view) override {}
  sys::Result<void> admit(std::int32_t, int) override { return {}; }
};

// What a container may have mounted itself, and why, for people, as `object`: no offence.
inline constexpr const char* foreign_overlay = "foreign";
inline bool is_foreign(const sys::Error& error) {
  return error.number == EPERM && error.call == foreign_overlay;
}

// What lies in no place that is known, and its path as `object`: no refusal.
inline constexpr const char* outside_places = "outside";
inline bool is_outside(const sys::Error& error) {
  return error.number == EXDEV && error.call == outside_places;
}

// In the middle of pivot_root(2) a process shows the container's mounts and those of the host, and no answer
// would be right: it is no refusal, and whoever asks once more some milliseconds later has one.
inline constexpr const char* between_roots = "pivot_root";
inline bool is_between_roots(const sys::Error& error) {
  return error.number == EAGAIN && error.call == between_roots;
}

}  // namespace dropwarden::privilege
