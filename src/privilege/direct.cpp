// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <span>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/sys/address.hpp"
#include "dropwarden/sys/fanotify_abi.hpp"
#include "dropwarden/sys/fanotify_group.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/sys/lease.hpp"
#include "dropwarden/sys/mount.hpp"
#include "dropwarden/util/check.hpp"
#include "dropwarden/util/text.hpp"

#include "canary_overlay.hpp"
#include "drop_ins.hpp"
#include "handle_mount.hpp"
#include "host_mounts.hpp"
#include "marks.hpp"
#include "process_files.hpp"
#include "processes.hpp"
#include "registrations.hpp"
#include "upper_probe.hpp"

// Owns nothing between calls, save the canary's overlay. Must not own a descriptor inside a container: it
// would pin the container's mount (EBUSY on removal). Hands groups, tables and files to the caller.
namespace dropwarden::privilege {
namespace {

constexpr std::size_t max_attribute = 4096;  // PATH_MAX: a redirect is the longest

sys::Result<OverlayAttributes> read_overlay_attributes(int entry, AttributeSpace space) {
  const std::string prefix = space == AttributeSpace::user ? "user.overlay." : "trusted.overlay.";
  OverlayAttributes all;
  // Nearly no file has any.
  const auto is_there = sys::may_have_attributes(entry, prefix);
  if (!is_there) return std::unexpected(is_there.error());
  if (!*is_there) return all;
  const std::array wanted{std::pair("metacopy", &all.metacopy), std::pair("opaque", &all.opaque),
                          std::pair("redirect", &all.redirect), std::pair("whiteout", &all.whiteout)};
  for (const auto& [name, attribute] : wanted) {
    auto value = sys::read_attribute(entry, prefix + name, max_attribute);
    if (!value) return std::unexpected(std::move(value.error()));
    *attribute = std::move(*value);
  }
  return all;
}

sys::Result<sys::Fd> open_named(int directory, const std::string& name) {
  return sys::open_beneath(directory, name, O_PATH | O_NOFOLLOW, sys::Mounts::refused);
}

sys::Result<LayerEntry> open_with_attributes(int directory, const std::string& name, AttributeSpace space) {
  auto file = open_named(directory, name);
  if (!file) return std::unexpected(std::move(file.error()));
  auto attributes = read_overlay_attributes(file->number(), space);
  if (!attributes) return std::unexpected(std::move(attributes.error()));
  return LayerEntry{.file = std::move(*file), .attributes = std::move(*attributes)};
}

// No more than `room`.
Privilege::Way open_way(int directory, const std::vector<std::string>& names, AttributeSpace space,
                        std::size_t room) {
  Privilege::Way way;
  for (const std::string& name : names) {
    const sys::Error too_many{"open", name, EMFILE};
    const int base = way.empty() ? directory : way.back()->file.number();
    way.push_back(way.size() < room ? open_with_attributes(base, name, space) : std::unexpected(too_many));
    if (!way.back()) break;
  }
  return way;
}

class Direct final : public Privilege {
 public:
  explicit Direct(Options options)
      : options_(std::move(options)), host_(find_host_mounts(options_.proc, options_.host_process)) {
    if (!options_.is_prepared) return;
    canary_.prepare(options_.proc);
    upper_events_ = privilege::probe_upper_events(options_.proc);
  }

  void set_process_check(ProcessCheck check) override { check_ = std::move(check); }
  void set_root_check(RootCheck check) override { check_root_ = std::move(check); }

  sys::Result<sys::Fd> open_group(unsigned flags, unsigned event_flags) override {
    return sys::open_fanotify_group(flags, event_flags);
  }

  sys::Result<RootIdentity> mark_file_system(int group, const RootPath& root, std::uint64_t mask,
                                             std::uint64_t allowed_type) override {
    if (const auto* process = std::get_if<ProcessRoot>(&root))
      return privilege::mark_file_system(group, marked_process(process->pid), mask, allowed_type);
    return privilege::mark_file_system(group, host_path(std::get<MountPoint>(root).path), mask, allowed_type);
  }

  std::vector<sys::Result<RootIdentity>> mark_mounts(int group, std::int32_t pid,
                                                     const std::vector<ContainerMount>& mounts,
                                                     std::uint64_t mask) override {
    return privilege::mark_mounts(group, marked_process(pid), mounts, mask);
  }

  sys::Result<RootIdentity> mark_by_handle(int group, const HostMount& mount,
                                           const HandleMask& mask) override {
    return privilege::mark_by_handle(group, host_path(mount.path), mount, mask);
  }

  sys::Result<void> ignore_mount(int group, const HostMount& mount, std::uint64_t mask) override {
    return privilege::ignore_mount(group, host_path(mount.path), mount, mask);
  }

  sys::Result<sys::Fd> open_handle_mount(const HostMount& mount) override {
    return privilege::open_handle_mount(host_path(mount.path), mount);
  }

  sys::Result<sys::Fd> open_by_handle(int mount, const sys::FileHandle& handle) override {
    return sys::open_by_handle(mount, handle, O_PATH);
  }

  sys::Result<UpperEvents> probe_upper_events() override {
    return upper_events_ ? *upper_events_ : privilege::probe_upper_events(options_.proc);
  }

  sys::Result<RootIdentity> open_canary(int group, std::uint64_t mask) override {
    return canary_.open(group, mask, options_.proc);
  }

  sys::Result<void> write_canary(std::uint64_t number) override { return canary_.write(number); }

  sys::Result<sys::Fd> open_mount(std::int32_t pid, const ContainerMount& mount) override {
    return privilege::open_mount(marked_process(pid), mount);
  }

  sys::Result<void> mark_mount_namespace(int group, std::uint64_t mask) override {
    return mark_namespace(group, host_.process + "/ns/mnt", mask);
  }

  sys::Result<void> mark_mount_namespace_of(int group, std::int32_t pid, std::uint64_t mask) override {
    return mark_namespace(group, options_.proc + "/" + std::to_string(pid) + "/ns/mnt", mask);
  }

  sys::Result<sys::Fd> open_mount_table() override {
    return sys::open_path(host_.process + "/mountinfo", O_RDONLY);
  }

  sys::Result<std::vector<std::uint64_t>> list_mounts() override {
    const auto name_space = host_name_space();
    if (!name_space) return std::unexpected(name_space.error());
    return sys::list_mounts(*name_space);
  }

  std::vector<sys::Result<std::string>> read_mounts(const std::vector<std::uint64_t>& numbers) override {
    constexpr std::size_t most_bytes = std::size_t{8} << 20U;
    const auto name_space = host_name_space();
    std::vector<sys::Result<std::string>> answers;
    std::size_t bytes = 0;
    for (const std::uint64_t number : numbers) {
      if (!name_space) {
        answers.emplace_back(std::unexpected(name_space.error()));
      } else if (answers.size() >= max_mounts_at_once || bytes > most_bytes) {
        answers.emplace_back(std::unexpected(sys::Error{"statmount", "", EMFILE}));
      } else {
        answers.push_back(sys::read_mount(number, *name_space));
        if (answers.back()) bytes += answers.back()->size();
      }
    }
    return answers;
  }

  std::optional<sys::Error> host_mounts_problem() override { return host_.problem; }

  bool sees_all_processes() override { return is_in_first_pid_namespace(options_.proc); }

  sys::Result<std::vector<std::int32_t>> list_processes() override {
    return privilege::list_processes(options_.proc);
  }

  std::vector<ProcessTexts> read_processes(std::int32_t pid, const std::vector<ProcessFile>& files,
                                           const std::vector<ProcessFile>& of_ancestors) override {
    return privilege::read_processes(options_.proc, pid, files, of_ancestors);
  }

  sys::Result<std::string> read_process_mounts(std::int32_t pid) override {
    return sys::read_file_head(options_.proc + "/" + std::to_string(pid) + "/mountinfo", max_mounts_bytes);
  }

  sys::Result<std::vector<RegistrationFile>> read_registrations() override {
    return privilege::read_registrations((host_.root.empty() ? options_.proc : host_.root + "/proc") +
                                         "/sys/fs/binfmt_misc");
  }

  sys::Result<sys::Fd> open_in_directory(const std::string& directory, const std::string& relative) override {
    auto base = sys::open_path(host_path(directory), O_PATH | O_DIRECTORY);
    if (!base) return std::unexpected(std::move(base.error()));
    // To open a device node has effects of its own: what it is is asked before.
    const auto entry = sys::open_beneath(base->number(), relative, O_PATH);
    if (!entry) return std::unexpected(entry.error());
    const auto shape = sys::read_shape(entry->number());
    if (!shape) return std::unexpected(shape.error());
    if (!S_ISREG(shape->mode) && !S_ISDIR(shape->mode))
      return std::unexpected(sys::Error{"open", "neither file nor directory", EINVAL});
    return sys::reopen(entry->number(), O_RDONLY | O_NONBLOCK | O_NOCTTY);
  }

  sys::Result<sys::Fd> open_layer(const std::string& directory) override {
    if (!directory.starts_with('/')) return std::unexpected(sys::Error{"open", directory, EINVAL});
    return sys::open_path(host_path(directory), O_PATH | O_DIRECTORY);
  }

  sys::Result<sys::Fd> open_entry(int directory, const std::string& name) override {
    return open_named(directory, name);
  }

  std::vector<Way> open_ways(const std::vector<int>& directories, const std::vector<std::string>& names,
                             AttributeSpace space) override {
    std::vector<Way> ways;
    std::size_t left = max_opened;
    for (const int directory : directories) {
      ways.push_back(open_way(directory, names, space, left));
      left -= static_cast<std::size_t>(
          std::ranges::count_if(ways.back(), [](const auto& e) { return e.has_value(); }));
    }
    return ways;
  }

  sys::Result<sys::Fd> open_regular_file(int entry) override {
    const auto status = sys::read_status(entry);
    if (!status) return std::unexpected(status.error());
    if (!S_ISREG(status->mode)) return std::unexpected(sys::Error{"open", "not a regular file", EINVAL});
    return sys::reopen(entry, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  }

  sys::Result<sys::Fd> open_directory(int entry) override {
    return sys::reopen(entry, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
  }

  sys::Result<bool> is_open_for_write(int file) override { return sys::is_open_for_write(file); }

  sys::Result<std::vector<RegistrationFile>> read_drop_ins() override {
    return privilege::read_drop_ins(options_.configuration);
  }

  sys::Result<sys::Fd> open_configuration() override {
    return sys::open_path(options_.configuration, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  }

  sys::Result<sys::Fd> open_output_input(const std::string& path) override {
    auto opened = sys::open_path(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (!opened) return opened;
    const auto status = sys::read_status(opened->number());
    if (!status) return std::unexpected(status.error());
    if (!S_ISREG(status->mode)) return std::unexpected(sys::Error{"open", path, EINVAL});
    return opened;
  }

  sys::Result<sys::Fd> connect_unix(const std::string& path) override {
    const auto address = sys::unix_address(path, "connect");
    if (!address) return std::unexpected(address.error());
    sys::Fd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!socket) return sys::unexpected_errno("socket");
    // A unix socket connects at once or fails: EAGAIN means a full backlog, see unix(7).
    if (::connect(socket.number(), address->begin(), address->size) != 0)
      return sys::unexpected_errno("connect", path);
    return socket;
  }

 private:
  // For listmount(2) and statmount(2): 0 for our own.
  sys::Result<std::uint64_t> host_name_space() const {
    if (host_.process == options_.proc + "/self") return 0;
    return sys::read_mount_namespace(host_.process + "/ns/mnt");
  }

  static sys::Result<void> mark_namespace(int group, const std::string& path, std::uint64_t mask) {
    auto name_space = sys::open_path(path, O_RDONLY);
    if (!name_space) return std::unexpected(std::move(name_space.error()));
    constexpr unsigned flags = FAN_MARK_ADD | sys::fanotify_abi::mark_mount_namespace;
    if (::fanotify_mark(group, flags, mask, name_space->number(), nullptr) != 0) {
      return sys::unexpected_errno("fanotify_mark", path);
    }
    return {};
  }

  MarkedProcess marked_process(std::int32_t pid) const {
    MarkedProcess process{
        .directory = options_.proc + "/" + std::to_string(pid), .check = {}, .check_root = check_root_};
    if (check_) process.check = [this, pid](std::string_view mountinfo) { return check_(pid, mountinfo); };
    return process;
  }

  // A path of the host's mount table, as it can be reached from here.
  std::string host_path(const std::string& path) const { return host_.root + path; }

  const Options options_;
  const HostMounts host_;
  ProcessCheck check_;
  RootCheck check_root_;
  CanaryOverlay canary_;
  std::optional<sys::Result<UpperEvents>> upper_events_;
};

}  // namespace

std::unique_ptr<Privilege> make_direct(Options options) {
  return std::make_unique<Direct>(std::move(options));
}

}  // namespace dropwarden::privilege
