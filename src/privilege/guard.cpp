// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/privilege/guard.hpp"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <mutex>
#include <set>
#include <type_traits>

#include "dropwarden/sys/file.hpp"

#include "checks.hpp"
#include "relay.hpp"

// Owns the implementation that it stands before, and what it remembers of its answers.
namespace dropwarden::privilege {
namespace {

constexpr std::size_t most_mounts = 256;  // by which handles may be opened: the newest

std::unexpected<sys::Error> refuse(const char* call, std::string object) {
  return std::unexpected(sys::Error{call, std::move(object), EPERM});
}

sys::Result<void> check_mark(int group, std::uint64_t mask, std::uint64_t type) {
  auto checked = check_group(group, mask);
  return checked ? check_type(type) : checked;
}

template <class Do>
std::invoke_result_t<Do> then(const sys::Result<void>& checked, Do act) {
  if (!checked) return std::unexpected(checked.error());
  return act();
}

class Guarded final : public Privilege {
 public:
  Guarded(std::unique_ptr<Privilege> inner, Grants grants)
      : inner_(std::move(inner)), grants_(std::move(grants)) {}

  sys::Result<sys::Fd> open_group(unsigned flags, unsigned event_flags) override {
    return then(check_group_flags(flags, event_flags),
                [&] { return inner_->open_group(flags, event_flags); });
  }

  sys::Result<RootIdentity> mark_file_system(int group, const RootPath& root, std::uint64_t mask,
                                             std::uint64_t allowed_type) override {
    return then(check_mark(group, mask, allowed_type),
                [&] { return inner_->mark_file_system(group, root, mask, allowed_type); });
  }

  std::vector<sys::Result<RootIdentity>> mark_mounts(int group, std::int32_t pid,
                                                     const std::vector<ContainerMount>& mounts,
                                                     std::uint64_t mask) override {
    auto checked = check_group(group, mask);
    for (const ContainerMount& mount : mounts) {
      if (checked) checked = check_type(mount.type_magic);
    }
    using Answers = std::vector<sys::Result<RootIdentity>>;
    if (!checked) return Answers(mounts.size(), std::unexpected(checked.error()));
    return inner_->mark_mounts(group, pid, mounts, mask);
  }

  sys::Result<RootIdentity> mark_by_handle(int group, const HostMount& mount,
                                           const HandleMask& mask) override {
    return then(check_mark(group, mask.wanted, mount.type),
                [&] { return inner_->mark_by_handle(group, mount, mask); });
  }

  sys::Result<void> ignore_mount(int group, const HostMount& mount, std::uint64_t mask) override {
    return then(check_mark(group, mask, mount.type),
                [&] { return inner_->ignore_mount(group, mount, mask); });
  }

  sys::Result<sys::Fd> open_handle_mount(const HostMount& mount) override {
    auto opened = then(check_type(mount.type), [&] { return inner_->open_handle_mount(mount); });
    if (opened) remember(mount.mount_id);
    return opened;
  }

  sys::Result<sys::Fd> open_by_handle(int mount, const sys::FileHandle& handle) override {
    // Asks no file system: which it is is not known yet.
    const auto id = sys::read_mount_id(mount);
    if (!id) return std::unexpected(id.error());
    if (!is_remembered(*id)) return refuse("open_by_handle_at", "mount that was not opened for it");
    return inner_->open_by_handle(mount, handle);
  }

  sys::Result<UpperEvents> probe_upper_events() override { return inner_->probe_upper_events(); }

  sys::Result<RootIdentity> open_canary(int group, std::uint64_t mask) override {
    return then(check_group(group, mask), [&] { return inner_->open_canary(group, mask); });
  }
  sys::Result<void> write_canary(std::uint64_t number) override { return inner_->write_canary(number); }

  sys::Result<sys::Fd> open_mount(std::int32_t pid, const ContainerMount& mount) override {
    return then(check_type(mount.type_magic), [&] { return inner_->open_mount(pid, mount); });
  }

  sys::Result<void> mark_mount_namespace(int group, std::uint64_t mask) override {
    return then(check_group(group, mask), [&] { return inner_->mark_mount_namespace(group, mask); });
  }
  sys::Result<void> mark_mount_namespace_of(int group, std::int32_t pid, std::uint64_t mask) override {
    return then(check_group(group, mask), [&] { return inner_->mark_mount_namespace_of(group, pid, mask); });
  }

  sys::Result<sys::Fd> open_mount_table() override { return inner_->open_mount_table(); }
  std::optional<sys::Error> host_mounts_problem() override { return inner_->host_mounts_problem(); }
  bool sees_all_processes() override { return inner_->sees_all_processes(); }
  sys::Result<std::vector<std::int32_t>> list_processes() override { return inner_->list_processes(); }
  std::vector<ProcessTexts> read_processes(std::int32_t pid, const std::vector<ProcessFile>& files,
                                           const std::vector<ProcessFile>& of_ancestors) override {
    return inner_->read_processes(pid, files, of_ancestors);
  }
  sys::Result<std::string> read_process_mounts(std::int32_t pid) override {
    return inner_->read_process_mounts(pid);
  }
  sys::Result<std::vector<RegistrationFile>> read_registrations() override {
    return inner_->read_registrations();
  }

  sys::Result<sys::Fd> open_in_directory(const std::string& directory, const std::string& relative) override {
    auto opened = inner_->open_in_directory(directory, relative);
    return opened ? plain(std::move(*opened)) : std::move(opened);
  }
  std::vector<sys::Result<sys::Fd>> open_layers(const std::vector<std::string>& directories) override {
    return inner_->open_layers(directories);
  }
  sys::Result<sys::Fd> open_entry(int directory, const std::string& name) override {
    return inner_->open_entry(directory, name);
  }
  std::vector<Way> open_ways(const std::vector<int>& directories, const std::vector<std::string>& names,
                             AttributeSpace space) override {
    return inner_->open_ways(directories, names, space);
  }
  sys::Result<sys::Fd> open_regular_file(int entry) override {
    return then(check_plain(entry), [&] { return inner_->open_regular_file(entry); });
  }
  sys::Result<sys::Fd> open_directory(int entry) override {
    return then(check_plain(entry), [&] { return inner_->open_directory(entry); });
  }
  sys::Result<bool> is_open_for_write(int file) override {
    return then(check_plain(file), [&] { return inner_->is_open_for_write(file); });
  }
  sys::Result<std::vector<RegistrationFile>> read_drop_ins() override { return inner_->read_drop_ins(); }

  sys::Result<sys::Fd> open_configuration() override { return inner_->open_configuration(); }
  sys::Result<sys::Fd> open_output_input(const std::string& path) override {
    if (std::ranges::find(grants_.outputs.readable, path) == grants_.outputs.readable.end())
      return refuse("open", path);
    return inner_->open_output_input(path);
  }

  sys::Result<sys::Fd> connect_unix(const std::string& path) override {
    const auto grant = std::ranges::find(grants_.runtimes, path, &RuntimeGrant::socket);
    if (grant == grants_.runtimes.end()) return refuse("connect", path);
    auto runtime = inner_->connect_unix(path);
    if (!runtime) return runtime;
    std::unique_ptr<RequestFilter> filter;
    if (grant->protocol == RuntimeProtocol::docker)
      filter = std::make_unique<HttpRequestFilter>();
    else
      filter = std::make_unique<GrpcRequestFilter>();
    return relay(std::move(*runtime), std::move(filter));
  }

  sys::Result<void> mount_tmpfs(const std::string& mount_point) override {
    return made(mount_point, then(check_beneath(grants_.own_directory, mount_point),
                                  [&] { return inner_->mount_tmpfs(mount_point); }));
  }
  sys::Result<void> mount_overlay(const OverlayDirectories& directories,
                                  const std::string& mount_point) override {
    auto checked = check_beneath(grants_.own_directory, mount_point);
    for (const std::string* path : {&directories.lower, &directories.upper, &directories.work}) {
      if (checked) checked = check_beneath(grants_.own_directory, *path);
      if (checked && path->find_first_of(",:\\") != std::string::npos) checked = refuse("mount", *path);
    }
    return made(mount_point, then(checked, [&] { return inner_->mount_overlay(directories, mount_point); }));
  }
  sys::Result<void> unmount(const std::string& mount_point) override {
    {
      const std::lock_guard lock(mutex_);
      if (made_.erase(mount_point) == 0) return refuse("umount2", mount_point);
    }
    return inner_->unmount(mount_point);
  }

 private:
  static sys::Result<sys::Fd> plain(sys::Fd file) {
    const auto checked = check_plain(file.number());
    if (!checked) return std::unexpected(checked.error());
    return file;
  }

  void remember(std::uint64_t mount) {
    const std::lock_guard lock(mutex_);
    if (std::ranges::find(opened_, mount) != opened_.end()) return;
    opened_.push_back(mount);
    if (opened_.size() > most_mounts) opened_.pop_front();
  }
  bool is_remembered(std::uint64_t mount) {
    const std::lock_guard lock(mutex_);
    return std::ranges::find(opened_, mount) != opened_.end();
  }

  sys::Result<void> made(const std::string& mount_point, sys::Result<void> result) {
    const std::lock_guard lock(mutex_);
    if (result) made_.insert(mount_point);
    return result;
  }

  const std::unique_ptr<Privilege> inner_;
  const Grants grants_;
  std::mutex mutex_;
  std::deque<std::uint64_t> opened_;
  std::set<std::string> made_;
};

}  // namespace

std::unique_ptr<Privilege> make_guarded(std::unique_ptr<Privilege> privilege, Grants grants) {
  return std::make_unique<Guarded>(std::move(privilege), std::move(grants));
}

}  // namespace dropwarden::privilege
