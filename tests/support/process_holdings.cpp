// SPDX-License-Identifier: Apache-2.0
#include "process_holdings.hpp"

#include <algorithm>
#include <filesystem>
#include <string>

#include <fmt/format.h>

#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/text.hpp"

namespace dropwarden::test {
namespace {

namespace fs = std::filesystem;

template <class Visit>
void for_each_entry(pid_t pid, const char* directory, Visit visit) {
  std::error_code gone;
  for (fs::directory_iterator at(fmt::format("/proc/{}/{}", pid, directory), gone), end; !gone && at != end;
       at.increment(gone))
    visit(at->path().string());
}

std::size_t count_entries(pid_t pid, const char* directory) {
  std::size_t count = 0;
  for_each_entry(pid, directory, [&](const std::string&) { ++count; });
  return count;
}

}  // namespace

std::uint64_t anonymous_memory(pid_t pid) {
  const auto status = sys::read_file(fmt::format("/proc/{}/status", pid), 1U << 16U).value_or("");
  for (auto line : util::split(status, '\n')) {
    if (util::take_until(line, ':') == "RssAnon")
      return util::parse_number<std::uint64_t>(util::take_until(line = util::trim(line), ' ')).value_or(0) *
             1024;
  }
  return 0;
}

std::size_t count_descriptors(pid_t pid) {
  return count_entries(pid, "fd");
}

std::vector<std::string> list_descriptors(pid_t pid) {
  std::vector<std::string> targets;
  for_each_entry(pid, "fd", [&](const std::string& file) {
    std::error_code gone;
    targets.push_back(fs::read_symlink(file, gone).string());
  });
  std::ranges::sort(targets);
  return targets;
}

std::size_t count_threads(pid_t pid) {
  return count_entries(pid, "task");
}

std::size_t count_marks(pid_t pid) {
  std::size_t count = 0;
  for_each_entry(pid, "fdinfo", [&](const std::string& file) {
    const auto text = sys::read_file(file, std::size_t{64} << 20U).value_or("");
    for (const auto line : util::split(text, '\n'))
      count += line.starts_with("fanotify mnt_id:") || line.starts_with("fanotify sdev:") ? 1U : 0U;
  });
  return count;
}

}  // namespace dropwarden::test
