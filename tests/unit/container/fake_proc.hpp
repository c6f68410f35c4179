// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include "dropwarden/container/process_scan.hpp"
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/sys/error.hpp"

namespace dropwarden::container {

// What the files of one process say; nothing where it has ended before they were read.
struct FakeProcess {
  std::optional<std::string> cgroup = "/";  // on the unified line
  std::string name = "sh";
  std::string namespace_pids = "9";  // after `NSpid:`
  std::optional<std::uint64_t> start_time = 1;
};

// A tree of files that looks like /proc, read by the real reader.
class FakeProc {
 public:
  FakeProc() {
    std::string name = (std::filesystem::temp_directory_path() / "dropwarden-proc-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw sys::SystemError(sys::last_error("mkdtemp", name));
    root_ = name;
    std::filesystem::create_directory(root_ / "sys");
    privilege_ = privilege::make_direct({.proc = root_.string()});
  }
  FakeProc(const FakeProc&) = delete;
  FakeProc& operator=(const FakeProc&) = delete;
  ~FakeProc() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }

  // Adds the process, or replaces it.
  void add(std::int32_t pid, const FakeProcess& process) {
    const auto directory = root_ / std::to_string(pid);
    std::filesystem::remove_all(directory);
    std::filesystem::create_directory(directory);
    if (process.cgroup) std::ofstream(directory / "cgroup") << "0::" << *process.cgroup << '\n';
    std::ofstream(directory / "status") << "Name:\tsh\nNSpid:\t" << process.namespace_pids << "\nNSsid:\t1\n";
    if (!process.start_time) return;
    std::ofstream(directory / "stat")
        << pid << " (" << process.name << ") S 1 1 1 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 "
        << *process.start_time << " 2494464 100\n";
  }
  void remove(std::int32_t pid) { std::filesystem::remove_all(root_ / std::to_string(pid)); }

  ProcessReader reader() const {
    return {.list =
                [privilege = privilege_] {
                  auto pids = list_processes(*privilege);
                  if (pids) std::ranges::sort(*pids);  // as procfs lists them
                  return pids;
                },
            .read =
                [privilege = privilege_](model::Pid pid, privilege::ProcessFile file) {
                  return privilege->read_process_file(pid.value, file);
                }};
  }

 private:
  std::filesystem::path root_;
  std::shared_ptr<privilege::Privilege> privilege_;
};

}  // namespace dropwarden::container
