// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/privilege/guard.hpp"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <linux/magic.h>
#include <mutex>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <type_traits>

#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/text.hpp"

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

sys::Result<void> check_handle_mark(int group, std::uint64_t mask, std::uint64_t type) {
  auto checked = check_mark(group, mask, type);
  return checked ? check_handle_group(group) : checked;
}

// The process of `/proc/PID/root`.
std::optional<std::int32_t> process_of(std::string_view path) {
  constexpr std::string_view proc = "/proc/";
  constexpr std::string_view root = "/root";
  if (!path.starts_with(proc) || !path.ends_with(root) || path.size() <= proc.size() + root.size())
    return std::nullopt;
  path.remove_prefix(proc.size());
  path.remove_suffix(root.size());
  return util::parse_number<std::int32_t>(path);
}

template <class Do>
std::invoke_result_t<Do> then(const sys::Result<void>& checked, Do act) {
  if (!checked) return std::unexpected(checked.error());
  return act();
}

class Guarded final : public Privilege {
 public:
  Guarded(std::unique_ptr<Privilege> inner, Grants grants, std::unique_ptr<Places> places)
      : inner_(std::move(inner)), grants_(std::move(grants)), places_(std::move(places)) {
    inner_->set_process_check([this](std::int32_t pid, std::string_view mountinfo) {
      return places_->check_process(pid, mountinfo);
    });
    inner_->set_root_check([this](const ShownRoot& root) { return places_->check_root(root); });
  }

  sys::Result<sys::Fd> open_group(unsigned flags, unsigned event_flags) override {
    return then(check_group_flags(flags, event_flags),
                [&] { return inner_->open_group(flags, event_flags); });
  }

  // An overlay's superblock is one container's; that of another file system is not.
  sys::Result<RootIdentity> mark_file_system(int group, const RootPath& root, std::uint64_t mask,
                                             std::uint64_t allowed_type) override {
    auto checked = check_mark(group, mask, allowed_type);
    if (checked && allowed_type != OVERLAYFS_SUPER_MAGIC)
      checked = refuse("fanotify_mark", "file system of another type");
    if (checked) checked = check_root(root);
    return then(checked, [&] { return inner_->mark_file_system(group, root, mask, allowed_type); });
  }

  std::vector<sys::Result<RootIdentity>> mark_mounts(int group, std::int32_t pid,
                                                     const std::vector<ContainerMount>& mounts,
                                                     std::uint64_t mask) override {
    using Answers = std::vector<sys::Result<RootIdentity>>;
    if (const auto checked = check_group(group, mask); !checked)
      return Answers(mounts.size(), std::unexpected(checked.error()));
    const auto checked = places_->check_mounts(pid, mounts);
    Answers answers;
    std::vector<ContainerMount> allowed;
    for (std::size_t i = 0; i < mounts.size(); ++i) {
      const auto type = checked[i] ? check_type(mounts[i].type_magic) : checked[i];
      answers.push_back(type ? RootIdentity{} : sys::Result<RootIdentity>(std::unexpected(type.error())));
      if (type) allowed.push_back(mounts[i]);
    }
    auto marked = inner_->mark_mounts(group, pid, allowed, mask);
    auto next = marked.begin();
    for (auto& answer : answers) {
      if (answer) answer = std::move(*next++);
    }
    return answers;
  }

  sys::Result<RootIdentity> mark_by_handle(int group, const HostMount& mount,
                                           const HandleMask& mask) override {
    return then(check_handle_mark(group, mask.wanted, mount.type),
                [&] { return inner_->mark_by_handle(group, mount, mask); });
  }

  sys::Result<void> ignore_mount(int group, const HostMount& mount, std::uint64_t mask) override {
    return then(check_handle_mark(group, mask, mount.type),
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
    auto entry = inner_->open_by_handle(mount, handle);
    if (!entry) return entry;
    const auto checked = places_->check_known(entry->number(), *id);
    if (!checked) return std::unexpected(checked.error());
    return entry;
  }
  // One for each file that is written, so what is known of it is not asked for: it is seen through `mount`.
  sys::Result<sys::Fd> open_file_by_handle(int mount, const sys::FileHandle& handle) override {
    const auto id = sys::read_mount_id(mount);
    if (!id) return std::unexpected(id.error());
    if (!is_remembered(*id)) return refuse("open_by_handle_at", "mount that was not opened for it");
    auto entry = inner_->open_by_handle(mount, handle);
    if (!entry) return entry;
    return then(places_->check_file(entry->number(), *id),
                [&] { return inner_->open_regular_file(entry->number()); });
  }

  sys::Result<UpperEvents> probe_upper_events() override { return inner_->probe_upper_events(); }

  sys::Result<RootIdentity> open_canary(int group, std::uint64_t mask) override {
    return then(check_group(group, mask), [&] { return inner_->open_canary(group, mask); });
  }
  sys::Result<void> write_canary(std::uint64_t number) override { return inner_->write_canary(number); }

  sys::Result<sys::Fd> open_mount(std::int32_t pid, const ContainerMount& mount) override {
    auto checked = check_type(mount.type_magic);
    if (checked) checked = places_->check_process(pid);
    return admitted(pid, then(checked, [&] { return inner_->open_mount(pid, mount); }));
  }

  sys::Result<void> mark_mount_namespace(int group, std::uint64_t mask) override {
    return then(check_group(group, mask), [&] { return inner_->mark_mount_namespace(group, mask); });
  }
  sys::Result<void> mark_mount_namespace_of(int group, std::int32_t pid, std::uint64_t mask) override {
    return then(check_group(group, mask), [&] { return inner_->mark_mount_namespace_of(group, pid, mask); });
  }

  sys::Result<sys::Fd> open_mount_table() override { return inner_->open_mount_table(); }
  sys::Result<std::vector<std::uint64_t>> list_mounts() override { return inner_->list_mounts(); }
  std::vector<sys::Result<std::string>> read_mounts(const std::vector<std::uint64_t>& numbers) override {
    return inner_->read_mounts(numbers);
  }
  std::optional<sys::Error> host_mounts_problem() override { return inner_->host_mounts_problem(); }
  bool sees_all_processes() override { return inner_->sees_all_processes(); }
  sys::Result<std::vector<std::int32_t>> list_processes() override { return inner_->list_processes(); }
  std::vector<ProcessTexts> read_processes(std::int32_t pid, const std::vector<ProcessFile>& files,
                                           const std::vector<ProcessFile>& of_ancestors) override {
    auto all = inner_->read_processes(pid, files, of_ancestors);
    const auto& texts = all.front().files;
    for (std::size_t i = 0; i < std::min(texts.size(), files.size()); ++i) {
      if (texts[i] && files[i] == ProcessFile::mountinfo) places_->learn(pid, *texts[i]);
    }
    return all;
  }
  sys::Result<std::string> read_process_mounts(std::int32_t pid) override {
    auto text = inner_->read_process_mounts(pid);
    if (text) places_->learn(pid, *text);
    return text;
  }
  sys::Result<std::vector<RegistrationFile>> read_registrations() override {
    return inner_->read_registrations();
  }

  // Each step by itself, so that what lies deeper than a path can say is known by the directory. A file of a
  // volume may be reached by a mount of the host that shows more, which is not handed over.
  sys::Result<sys::Fd> open_in_directory(const std::string& directory, const std::string& relative) override {
    const auto top = open_top(directory, Handed::no);
    if (!top) return std::unexpected(top.error());
    const auto entry = open_entry(top->number(), relative);
    if (!entry) return std::unexpected(entry.error());
    const auto status = sys::read_cached_status(entry->number());
    if (!status) return std::unexpected(status.error());
    // It has just been found in a place.
    return S_ISDIR(status->mode) ? inner_->open_directory(entry->number())
                                 : inner_->open_regular_file(entry->number());
  }
  sys::Result<sys::Fd> open_layer(const std::string& directory) override {
    return open_top(directory, Handed::yes);
  }
  sys::Result<sys::Fd> open_entry(int directory, const std::string& name) override {
    auto entry = inner_->open_entry(directory, name);
    if (!entry) return entry;
    const auto checked = places_->check_entry(directory, entry->number());
    if (!checked) return std::unexpected(checked.error());
    return entry;
  }
  std::vector<Way> open_ways(const std::vector<int>& directories, const std::vector<std::string>& names,
                             AttributeSpace space) override {
    std::vector<Way> ways = inner_->open_ways(directories, names, space);
    for (std::size_t i = 0; i < std::min(ways.size(), directories.size()); ++i)
      check_way(directories[i], ways[i]);
    return ways;
  }
  sys::Result<sys::Fd> open_regular_file(int entry) override {
    return then(check_placed(entry), [&] { return inner_->open_regular_file(entry); });
  }
  sys::Result<sys::Fd> open_directory(int entry) override {
    return then(check_placed(entry), [&] { return inner_->open_directory(entry); });
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

 private:
  sys::Result<void> check_root(const RootPath& root) {
    if (const auto* process = std::get_if<ProcessRoot>(&root)) return places_->check_process(process->pid);
    return places_->check_overlay(std::get<MountPoint>(root).path);
  }

  // Where it lies comes first: nothing is asked of a file system before it is known which it is.
  sys::Result<void> check_placed(int file) {
    const auto status = sys::read_cached_status(file);
    if (!status) return std::unexpected(status.error());
    const auto checked = places_->check_file(file, status->mount_id);
    return checked ? check_plain(*status) : checked;
  }

  // A way ends with the first that is in no place: the directories on it are handed over, too.
  void check_way(int directory, Way& way) {
    int above = directory;
    for (std::size_t i = 0; i < way.size() && way[i]; ++i) {
      const int number = way[i]->file.number();
      const auto checked = places_->check_entry(above, number);
      above = number;
      if (checked) continue;
      way.erase(way.begin() + static_cast<std::ptrdiff_t>(i), way.end());
      way.push_back(std::unexpected(checked.error()));
    }
  }

  enum class Handed { no, yes };
  sys::Result<sys::Fd> open_top(const std::string& directory, Handed handed) {
    if (const auto pid = process_of(directory))
      return admitted(*pid,
                      then(places_->check_process(*pid), [&] { return inner_->open_layer(directory); }));
    auto opened = then(places_->check_path(directory), [&] { return inner_->open_layer(directory); });
    if (!opened) return opened;
    const auto checked = handed == Handed::yes ? places_->check_opened(directory, opened->number())
                                               : places_->check_top(directory, opened->number());
    if (!checked) return std::unexpected(checked.error());
    return opened;
  }

  sys::Result<sys::Fd> admitted(std::int32_t pid, sys::Result<sys::Fd> top) {
    if (!top) return top;
    const auto checked = places_->admit(pid, top->number());
    if (!checked) return std::unexpected(checked.error());
    return top;
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

  const std::unique_ptr<Privilege> inner_;
  const Grants grants_;
  const std::unique_ptr<Places> places_;
  std::mutex mutex_;
  std::deque<std::uint64_t> opened_;
};

}  // namespace

std::unique_ptr<Privilege> make_guarded(std::unique_ptr<Privilege> privilege, Grants grants,
                                        std::unique_ptr<Places> places) {
  if (!places) places = std::make_unique<AnyPlace>();
  return std::make_unique<Guarded>(std::move(privilege), std::move(grants), std::move(places));
}

}  // namespace dropwarden::privilege
