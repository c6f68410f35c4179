// SPDX-License-Identifier: Apache-2.0
#include "process_files.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sched.h>
#include <sys/utsname.h>

#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/check.hpp"

namespace dropwarden::privilege {
namespace {

constexpr std::size_t max_files = 16;
constexpr std::size_t max_bytes = std::size_t{16} << 20U;  // of all together

const char* name_of(ProcessFile file) {
  constexpr std::array names{"cgroup", "cmdline",   "exe",    "exe",  "ns/uts", "loginuid",
                             "ns/mnt", "mountinfo", "ns/pid", "stat", "status"};
  return names.at(static_cast<std::size_t>(file));
}

// Without asking the file system there, which may be one that nobody answers for.
sys::Result<std::string> read_file_identity(const std::string& link) {
  const auto opened = sys::open_path(link, O_PATH);
  if (!opened) return std::unexpected(opened.error());
  const auto status = sys::read_cached_status(opened->number());
  if (!status) return std::unexpected(status.error());
  return std::to_string(status->device_major) + ":" + std::to_string(status->device_minor) + ":" +
         std::to_string(status->inode);
}

sys::Result<std::string> read_own_host_name() {
  struct utsname names{};
  if (::uname(&names) != 0) return sys::unexpected_errno("uname");
  return std::string(static_cast<const char*>(names.nodename));
}

sys::Result<std::string> read_host_name(const std::string& proc, const std::string& path) {
  auto own = sys::open_path(proc + "/thread-self/ns/uts", O_RDONLY);
  if (!own) return std::unexpected(std::move(own.error()));
  auto wanted = sys::open_path(path, O_RDONLY);
  if (!wanted) return std::unexpected(std::move(wanted.error()));
  // Of this thread alone: to the kernel namespaces belong to the thread. First the way back is tried.
  if (::setns(own->number(), CLONE_NEWUTS) != 0) return sys::unexpected_errno("setns", "own UTS namespace");
  if (::setns(wanted->number(), CLONE_NEWUTS) != 0) return sys::unexpected_errno("setns", path);
  auto name = read_own_host_name();
  util::check(::setns(own->number(), CLONE_NEWUTS) == 0, "a thread is left in a container's namespace");
  return name;
}

sys::Result<std::string> read(const std::string& proc, std::int32_t pid, ProcessFile file,
                              std::size_t most_bytes) {
  const std::string path = proc + "/" + std::to_string(pid) + "/" + name_of(file);
  switch (file) {
    case ProcessFile::exe_identity:
      return read_file_identity(path);
    case ProcessFile::host_name:
      return read_host_name(proc, path);
    case ProcessFile::exe:
    case ProcessFile::mount_namespace:
    case ProcessFile::pid_namespace:
      return sys::read_link(path);
    case ProcessFile::cmdline:
      return sys::read_file_head(path, std::min(most_bytes, Privilege::max_command_line));
    default:
      return sys::read_file(path, most_bytes);
  }
}

}  // namespace

std::vector<sys::Result<std::string>> read_process_files(const std::string& proc, std::int32_t pid,
                                                         const std::vector<ProcessFile>& files) {
  std::vector<sys::Result<std::string>> answers;
  answers.reserve(files.size());
  std::size_t left = max_bytes;
  for (const ProcessFile file : files) {
    const bool has_room = answers.size() < max_files && left > 0;
    const sys::Error too_much{"read", "files of a process", EFBIG};
    answers.push_back(has_room ? read(proc, pid, file, left) : std::unexpected(too_much));
    if (answers.back()) left -= std::min(left, answers.back()->size());
  }
  return answers;
}

}  // namespace dropwarden::privilege
