// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dropwarden/privilege/privilege.hpp"

namespace dropwarden::monitor {

// Does nothing for nobody: EPERM. A test says what it lets through by what it overrides.
class RefusingPrivilege : public privilege::Privilege {
 public:
  sys::Result<sys::Fd> open_group(unsigned, unsigned) override { return refused(); }
  sys::Result<privilege::RootIdentity> mark_file_system(int, const privilege::RootPath&, std::uint64_t,
                                                        std::uint64_t) override {
    return refused();
  }
  std::vector<sys::Result<privilege::RootIdentity>> mark_mounts(
      int, std::int32_t, const std::vector<privilege::ContainerMount>& mounts, std::uint64_t) override {
    return {mounts.size(), refused()};
  }
  sys::Result<privilege::RootIdentity> mark_by_handle(int, const privilege::HostMount&,
                                                      const privilege::HandleMask&) override {
    return refused();
  }
  sys::Result<void> ignore_mount(int, const privilege::HostMount&, std::uint64_t) override {
    return refused();
  }
  sys::Result<sys::Fd> open_handle_mount(const privilege::HostMount&) override { return refused(); }
  sys::Result<sys::Fd> open_by_handle(int, const sys::FileHandle&) override { return refused(); }
  sys::Result<privilege::UpperEvents> probe_upper_events() override { return refused(); }
  sys::Result<privilege::RootIdentity> open_canary(int, std::uint64_t) override { return refused(); }
  sys::Result<void> write_canary(std::uint64_t) override { return refused(); }
  sys::Result<sys::Fd> open_mount(std::int32_t, const privilege::ContainerMount&) override {
    return refused();
  }
  sys::Result<void> mark_mount_namespace(int, std::uint64_t) override { return refused(); }
  sys::Result<void> mark_mount_namespace_of(int, std::int32_t, std::uint64_t) override { return refused(); }
  sys::Result<sys::Fd> open_mount_table() override { return refused(); }
  sys::Result<std::vector<std::uint64_t>> list_mounts() override { return refused(); }
  std::vector<sys::Result<std::string>> read_mounts(const std::vector<std::uint64_t>& numbers) override {
    return {numbers.size(), refused()};
  }
  std::optional<sys::Error> host_mounts_problem() override { return refused().error(); }
  bool sees_all_processes() override { return false; }
  sys::Result<std::vector<std::int32_t>> list_processes() override { return refused(); }
  std::vector<privilege::ProcessTexts> read_processes(std::int32_t pid,
                                                      const std::vector<privilege::ProcessFile>& files,
                                                      const std::vector<privilege::ProcessFile>&) override {
    return {{.pid = pid, .files = {files.size(), refused()}}};
  }
  sys::Result<std::string> read_process_mounts(std::int32_t) override { return refused(); }
  sys::Result<std::vector<privilege::RegistrationFile>> read_registrations() override { return refused(); }
  sys::Result<sys::Fd> open_in_directory(const std::string&, const std::string&) override {
    return refused();
  }
  sys::Result<sys::Fd> open_layer(const std::string&) override { return refused(); }
  sys::Result<sys::Fd> open_entry(int, const std::string&) override { return refused(); }
  std::vector<Way> open_ways(const std::vector<int>& directories, const std::vector<std::string>&,
                             privilege::AttributeSpace) override {
    return std::vector<Way>(directories.size());
  }
  sys::Result<sys::Fd> open_regular_file(int) override { return refused(); }
  sys::Result<sys::Fd> open_directory(int) override { return refused(); }
  sys::Result<bool> is_open_for_write(int) override { return refused(); }
  sys::Result<sys::Fd> open_configuration() override { return refused(); }
  sys::Result<std::vector<privilege::RegistrationFile>> read_drop_ins() override { return refused(); }
  sys::Result<sys::Fd> open_output_input(const std::string&) override { return refused(); }
  sys::Result<sys::Fd> connect_unix(const std::string&) override { return refused(); }

 private:
  static std::unexpected<sys::Error> refused() {
    return std::unexpected(sys::Error{"privilege", "of a test", EPERM});
  }
};

}  // namespace dropwarden::monitor
