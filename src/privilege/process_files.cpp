// SPDX-License-Identifier: Apache-2.0
#include "process_files.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sched.h>
#include <string_view>
#include <sys/utsname.h>

#include "dropwarden/sys/file.hpp"
#include "dropwarden/sys/proc_stat.hpp"
#include "dropwarden/util/check.hpp"
#include "dropwarden/util/text.hpp"

namespace dropwarden::privilege {
namespace {

constexpr std::size_t max_files = 16;
constexpr std::size_t max_bytes = std::size_t{16} << 20U;  // of all together

const char* name_of(ProcessFile file) {
  constexpr std::array names{"cgroup",    "cmdline", "exe",  "exe",  "ns/uts", "loginuid", "ns/mnt",
                             "mountinfo", "ns/pid",  "root", "stat", "status", "ns/user"};
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
    case ProcessFile::root:
    case ProcessFile::user_namespace:
      return sys::read_link(path);
    case ProcessFile::cmdline:
      return sys::read_file_head(path, std::min(most_bytes, Privilege::max_command_line));
    default:
      return sys::read_file(path, most_bytes);
  }
}

ProcessTexts read_all(const std::string& proc, std::int32_t pid, const std::vector<ProcessFile>& files,
                      std::size_t& left) {
  ProcessTexts answer{.pid = pid, .files = {}};
  answer.files.reserve(files.size());
  for (const ProcessFile file : files) {
    const bool has_room = answer.files.size() < max_files && left > 0;
    const sys::Error too_much{"read", "files of a process", EFBIG};
    answer.files.push_back(has_room ? read(proc, pid, file, left) : std::unexpected(too_much));
    if (answer.files.back()) left -= std::min(left, answer.files.back()->size());
  }
  return answer;
}

const std::string* find_text(const ProcessTexts& answer, const std::vector<ProcessFile>& files,
                             ProcessFile file) {
  const auto found = std::ranges::find(files, file);
  if (found == files.end()) return nullptr;
  const auto& text = answer.files[static_cast<std::size_t>(found - files.begin())];
  return text ? &*text : nullptr;
}

// The fourth field of /proc/PID/stat.
std::int32_t parent_in(std::string_view stat) {
  const auto split = sys::split_proc_stat(stat);
  if (!split) return 0;
  auto rest = split->fields;
  util::take_until(rest, ' ');
  return util::parse_number<std::int32_t>(util::take_until(rest, ' ')).value_or(0);
}

}  // namespace

std::vector<ProcessTexts> read_processes(const std::string& proc, std::int32_t pid,
                                         const std::vector<ProcessFile>& files,
                                         const std::vector<ProcessFile>& of_ancestors) {
  std::size_t left = max_bytes;
  std::vector<ProcessTexts> all{read_all(proc, pid, files, left)};
  const auto* asked = &files;
  while (!of_ancestors.empty() && all.size() <= Privilege::max_ancestors) {
    const auto* const stat = find_text(all.back(), *asked, ProcessFile::stat);
    const auto* const cgroup = find_text(all.back(), *asked, ProcessFile::cgroup);
    const std::int32_t parent = stat != nullptr ? parent_in(*stat) : 0;
    if (parent <= 0 || cgroup == nullptr) break;
    auto next = read_all(proc, parent, of_ancestors, left);
    const auto* const cgroup_of_next = find_text(next, of_ancestors, ProcessFile::cgroup);
    const bool is_last = cgroup_of_next == nullptr || *cgroup_of_next != *cgroup;
    all.push_back(std::move(next));
    asked = &of_ancestors;
    if (is_last) break;
  }
  return all;
}

}  // namespace dropwarden::privilege
