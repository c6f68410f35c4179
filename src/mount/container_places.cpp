// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/mount/container_places.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <sys/stat.h>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "dropwarden/mount/file_system.hpp"
#include "dropwarden/mount/table.hpp"
#include "dropwarden/mount/table_reader.hpp"
#include "dropwarden/sys/clock.hpp"
#include "dropwarden/sys/descriptor.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/sys/mount.hpp"
#include "dropwarden/util/text.hpp"

#include "approved_objects.hpp"
#include "hidden_overlay.hpp"
#include "host_table.hpp"
#include "layer_names.hpp"
#include "path.hpp"
#include "patient_mutex.hpp"
#include "place_set.hpp"
#include "search_budget.hpp"
#include "teller.hpp"

// Owns a descriptor of the host's mount table, to see it change. Holds no lock while a path is opened, which
// may hang: the other lanes go on.
namespace dropwarden::mount {
namespace {

using namespace std::chrono_literals;
using Clock = PlaceSet::Clock;

constexpr std::size_t max_admitted = 256;
constexpr std::size_t max_namespaces = 4096;
constexpr std::size_t max_roots = 4;     // one upon the other, of one process
constexpr std::size_t max_shown = 4096;  // places of one process
constexpr auto keep_gone = 2min;
constexpr auto keep_learned = 10s;
// What lies too deep for its path to be told: a walk has fewer directories and files at hand.
constexpr std::size_t deep_objects = 8192;
// From a directory up to one whose path is told: 4096 bytes less 8 names of 255, so that a layer is not
// passed by whose own path has less than 2 KiB.
constexpr unsigned levels_at_once = 8;
constexpr unsigned most_levels = 16384;

std::unexpected<sys::Error> refuse(const char* call, std::string object) {
  return std::unexpected(sys::Error{call, std::move(object), EPERM});
}

bool is_read_only(const model::Mount& mount) {
  std::string_view options = mount.options;
  return util::take_until(options, ',') == "ro";
}

class ContainerPlaces final : public privilege::Places {
 public:
  ContainerPlaces(privilege::Privilege& direct, std::string proc, const SearchLimits& limits)
      : direct_(direct), proc_(std::move(proc)), budget_(limits.share, limits.most) {
    changes_ = sys::value_or_throw(direct_.open_mount_table());
    own_users_ = sys::read_link(proc_ + "/self/ns/user").value_or("");
    const std::lock_guard lock(mutex_);
    read_host();
  }

  sys::Result<void> check_process(std::int32_t pid) override {
    const auto table = read_table_of(pid);
    if (!table) return std::unexpected(table.error());
    return learn_from(pid, *table);
  }

  sys::Result<void> check_process(std::int32_t pid, std::string_view mountinfo) override {
    return check_roots(pid, parse_mountinfo(roots_of(mountinfo)), *host());
  }

  std::vector<sys::Result<void>> check_mounts(std::int32_t pid,
                                              const std::vector<privilege::ContainerMount>& mounts) override {
    const auto table = read_table_of(pid);
    auto checked = table ? learn_from(pid, *table) : std::unexpected(table.error());
    std::vector<sys::Result<void>> answers(mounts.size(), checked);
    if (!checked) return answers;
    std::unordered_map<std::uint64_t, const model::Mount*> by_id;
    for (const model::Mount& mount : *table) by_id.emplace(mount.id.value, &mount);
    const auto now = host();
    for (std::size_t i = 0; i < mounts.size(); ++i) {
      if (!mounts[i].is_whole_file_system && mounts[i].type != "overlay") continue;
      const auto shown = by_id.find(mounts[i].mount_id);
      if (shown == by_id.end())
        answers[i] = std::unexpected(sys::Error{"fanotify_mark", mounts[i].path, ESTALE});
      else if (is_refused(mounts[i], *shown->second, *now))
        answers[i] = refuse("fanotify_mark", mounts[i].path);
    }
    return answers;
  }

  sys::Result<privilege::ProvenUpper> check_root(const privilege::ShownRoot& root) override {
    const auto id = sys::read_mount_id(root.top);
    if (!id) return std::unexpected(id.error());
    const auto roots = parse_mountinfo(roots_of(root.mountinfo));
    const auto shown = std::ranges::find(roots, model::MountId{*id}, &model::Mount::id);
    if (shown == roots.end()) return std::unexpected(sys::Error{"fanotify_mark", "/", ESTALE});
    if (shown->file_system != "overlay") return std::unexpected(sys::Error{"fanotify_mark", "/", ENOTSUP});
    const auto table = host();
    // A host that lives on an overlay itself.
    if (table->mounts().is_root_device(shown->device)) return refuse("fanotify_mark", "/");
    if (table->mounts().has_overlay(shown->device)) return read_shown_upper(*shown, *table, direct_);
    return check_hidden_overlay({.mount = *shown,
                                 .top = root.top,
                                 .is_of_other_users = root.user_namespace != own_users_,
                                 .mask = root.mask,
                                 .has_host = !direct_.host_mounts_problem()},
                                *table, direct_);
  }

  sys::Result<void> check_overlay(const std::string& mount_point) override {
    const auto table = host();
    const auto is_there = [&](const model::Mount& mount) {
      return mount.mount_point == mount_point && table->is_container_overlay(mount);
    };
    // A runtime has mounts that are gone at once, so this is no offence.
    if (!std::ranges::any_of(table->mounts().table(), is_there))
      return std::unexpected(sys::Error{"fanotify_mark", mount_point, ENOENT});
    return {};
  }

  sys::Result<void> check_path(const std::string& directory) override {
    // With the table at hand, since what is opened is looked at again.
    if (is_known_path(directory, *host(keep_table))) return {};
    return look_for([&] { return is_known_path(directory, *host()); }, directory);
  }

  sys::Result<void> check_opened(const std::string& directory, int opened) override {
    if (is_layer(directory)) {
      const auto teller = teller_of(directory, opened);
      if (!teller) return refuse("open", directory);
      add_place(opened, *teller);
      return {};
    }
    const auto id = sys::read_mount_id(opened);
    if (!id) return std::unexpected(id.error());
    return check_file(opened, *id);
  }

  sys::Result<void> check_top(const std::string& directory, int opened) override {
    const auto status = sys::read_cached_status(opened);
    if (!status) return std::unexpected(status.error());
    const bool is_mount = status->is_mount_root && host()->find(status->mount_id) != nullptr;
    return is_mount && !is_layer(directory) ? sys::Result<void>{} : check_opened(directory, opened);
  }

  sys::Result<void> check_file(int file, std::uint64_t mount_id) override {
    return check_named(file, mount_id, sys::read_descriptor_path(file));
  }

  sys::Result<void> check_entry(int directory, int entry) override {
    const auto status = sys::read_cached_status(entry);
    if (!status) return std::unexpected(status.error());
    const auto path = sys::read_descriptor_path(entry);
    const bool is_deep = !path && path.error().number == ENAMETOOLONG;
    if (!is_deep) return check_named(entry, status->mount_id, path);
    const auto above = sys::read_mount_id(directory);
    if (!above) return std::unexpected(above.error());
    auto checked = check_file(directory, *above);
    if (checked) approve(*status);
    return checked;
  }

  sys::Result<void> check_known(int file, std::uint64_t mount_id) override {
    const auto path = sys::read_descriptor_path(file);
    if (is_plainly_known(mount_id, path)) return {};
    const bool is_nameless = path && *path == "/" && !is_directory(file);
    if (!is_nameless && is_known(file, mount_id, path)) return {};
    const std::string object = path && !is_nameless ? *path : std::string();
    return std::unexpected(sys::Error{privilege::outside_places, object, EXDEV});
  }

  void learn(std::int32_t pid, std::string_view mountinfo) override {
    // The monitor reads it for each finding, and it is mostly the same. Where two texts had one number, the
    // second would be learned from once something in it is missed.
    const auto number = std::hash<std::string_view>{}(mountinfo);
    const auto now = Clock::now();
    {
      const std::lock_guard lock(mutex_);
      const auto known = learned_.find(number);
      if (known != learned_.end() && now - known->second < keep_learned) return;
      if (learned_.size() >= max_namespaces) learned_.clear();
      learned_.insert_or_assign(number, now);
    }
    static_cast<void>(learn_from(pid, parse_mountinfo(mountinfo)));
  }

  sys::Result<void> admit(std::int32_t pid, int top) override {
    const auto id = sys::read_mount_id(top);
    if (!id) return std::unexpected(id.error());
    const auto text = direct_.read_process_mounts(pid);
    if (!text) return std::unexpected(text.error());
    auto checked = check_shown(pid, *text, *id);
    if (!checked) return checked;
    const std::lock_guard lock(mutex_);
    if (std::ranges::find(admitted_, *id) != admitted_.end()) return {};
    admitted_.push_back(*id);
    if (admitted_.size() > max_admitted) admitted_.pop_front();
    return {};
  }

 private:
  // What a path of a layer has led to, and by whose word it is one.
  struct Resolved {
    model::Device device;
    std::string inside;
    Teller teller;
  };

  sys::Result<std::vector<model::Mount>> read_table_of(std::int32_t pid) {
    const auto text = direct_.read_process_mounts(pid);
    if (!text) return std::unexpected(text.error());
    return parse_mountinfo(*text);
  }

  // An overlay that is no mount of the host's may have any layers.
  static bool is_refused(const privilege::ContainerMount& wanted, const model::Mount& shown,
                         const HostTable& host) {
    if (shown.file_system == "overlay" && !host.mounts().has_overlay(shown.device)) return true;
    return wanted.is_whole_file_system && is_hosts(shown, host);
  }

  // A file system that the host uses, too.
  static bool is_hosts(const model::Mount& mount, const HostTable& host) {
    if (mount.file_system == "overlay") return host.mounts().is_root_device(mount.device);
    return host.mounts().is_used_by_host(mount.device);
  }

  // The host's table as it is now, or was not longer than `age` ago.
  std::shared_ptr<const HostTable> host(Clock::duration age = {}) {
    const auto now = Clock::now();
    const std::lock_guard lock(mutex_);
    if (now - asked_ < age) return host_;
    const auto has_changed = sys::take_urgent(changes_.number());
    if (!has_changed || *has_changed || is_due(now)) read_host();
    asked_ = now;
    return host_;
  }

  bool is_due(Clock::time_point now) const { return reader_.due() && *reader_.due() <= now; }

  // With the lock. A table that cannot be read stays what it was.
  void read_host() {
    auto table = reader_.read(changes_.number(), Clock::now());
    if (!table || (host_ && !reader_.is_news())) return;
    const auto now = Clock::now();
    const auto before =
        std::exchange(host_, std::make_shared<const HostTable>(std::move(*table), host_.get()));
    // Those that have gone were there until now.
    if (before) see(*before, now, host_.get());
    see(*host_, now);
    is_resolved_ = false;
    learned_.clear();
    layers_.expire(now - keep_gone);
    std::erase_if(resolved_,
                  [&](const auto& entry) { return !layers_.contains(entry.first, entry.second.teller); });
    places_.expire(now - keep_gone);
  }

  // Without those that `other` has as well.
  void see(const HostTable& host, Clock::time_point now, const HostTable* other = nullptr) {
    for (const auto& [id, layers] : host.layers()) {
      if (other != nullptr && other->has_same_layers(id, layers)) continue;
      for (const std::string& layer : *layers) add_layer(layer, Teller{}, now);
    }
  }

  bool is_layer(const std::string& directory) {
    const std::lock_guard lock(mutex_);
    return layers_.contains(directory);
  }

  std::optional<Teller> teller_of(const std::string& layer, int opened) {
    const auto status = sys::read_cached_status(opened);
    const std::lock_guard lock(mutex_);
    return layers_.find(layer, status ? std::optional(status->uid) : std::nullopt);
  }

  bool is_known_path(const std::string& directory, const HostTable& table) {
    if (!directory.starts_with('/')) return true;  // no path at all: whoever opens it says so
    if (is_layer(directory)) return true;
    const auto& mounts = table.mounts().table();
    const auto at = std::ranges::find(mounts, directory, &model::Mount::mount_point);
    if (at != mounts.end()) return true;
    if ((directory + "/").find("/../") != std::string::npos) return false;
    const model::Mount* nearest = table.nearest(directory);
    const auto inside = nearest == nullptr ? std::nullopt : path_in_file_system(*nearest, directory);
    const std::lock_guard lock(mutex_);
    return inside && places_.contains(nearest->device, *inside);
  }

  // By far most are files of layers, one for each that is written: to them the table at hand will do, since
  // no mount of another file system can have come to lie there by way of a container.
  bool is_plainly_known(std::uint64_t mount_id, const sys::Result<std::string>& path) {
    const auto table = host(keep_table);
    const model::Mount* mount = table->find(mount_id);
    const bool is_plain =
        mount != nullptr && has_local_files(mount->file_system) && mount->file_system != "overlay";
    return is_plain && path && is_in_place(*mount, *path);
  }

  sys::Result<void> check_named(int file, std::uint64_t mount_id, const sys::Result<std::string>& path) {
    if (is_plainly_known(mount_id, path)) return {};
    // Whoever searched all tables for a file that has no name would find none.
    if (path && *path == "/" && is_file(file)) return refuse("open", "a file that has no name");
    return look_for([&] { return is_known(file, mount_id, path); }, "a file that is no container's");
  }

  static bool is_file(int file) {
    const auto status = sys::read_cached_status(file);
    return status && S_ISREG(status->mode);
  }
  static bool is_directory(int file) {
    const auto status = sys::read_cached_status(file);
    return status && S_ISDIR(status->mode);
  }

  bool is_known(int file, std::uint64_t mount_id, const sys::Result<std::string>& path) {
    const auto table = host();
    const model::Mount* mount = table->find(mount_id);
    if (mount == nullptr) {
      const std::lock_guard lock(mutex_);
      return std::ranges::find(admitted_, mount_id) != admitted_.end();
    }
    if (!has_local_files(mount->file_system)) return false;
    if (table->is_container_overlay(*mount)) return true;
    if (path) return is_in_place(*mount, *path);
    return path.error().number == ENAMETOOLONG && is_deep_in_place(file, *mount);
  }

  bool is_in_place(const model::Mount& mount, const std::string& path) {
    const auto inside = path_in_file_system(mount, path);
    const std::lock_guard lock(mutex_);
    return inside && places_.contains(mount.device, *inside);
  }

  // The kernel tells no path of more than 4096 bytes (d_path), and a container makes deeper ones. What was
  // opened below an approved directory is remembered; a directory also says itself what it lies below.
  bool is_deep_in_place(int file, const model::Mount& mount) {
    const auto status = sys::read_cached_status(file);
    if (!status) return false;
    {
      const std::lock_guard lock(mutex_);
      if (approved_.contains(key_of(*status))) return true;
    }
    if (!S_ISDIR(status->mode)) return false;
    sys::Fd above;
    for (unsigned levels = 0; levels < most_levels; levels += levels_at_once) {
      auto next = sys::open_above(above ? above.number() : file, levels_at_once);
      if (!next) return false;
      above = std::move(*next);
      const auto id = sys::read_mount_id(above.number());
      if (!id || *id != mount.id.value) return false;
      const auto path = sys::read_descriptor_path(above.number());
      if (!path && path.error().number == ENAMETOOLONG) continue;
      if (!path || !is_in_place(mount, *path)) return false;
      approve(*status);
      return true;
    }
    return false;
  }

  static ObjectKey key_of(const sys::FileStatus& status) {
    return {.mount_id = status.mount_id,
            .device = {status.device_major, status.device_minor},
            .inode = status.inode};
  }
  void approve(const sys::FileStatus& status) {
    const std::lock_guard lock(mutex_);
    approved_.add(key_of(status));
  }

  // What was opened is a layer: whatever its path went through.
  void add_place(int opened, const Teller& teller, const std::string& name = {}) {
    const auto id = sys::read_mount_id(opened);
    const auto path = sys::read_descriptor_path(opened);
    if (!id || !path) return;
    auto table = host(keep_table);
    if (table->find(*id) == nullptr) table = host();
    const model::Mount* mount = table->find(*id);
    auto inside = mount == nullptr ? std::nullopt : path_in_file_system(*mount, *path);
    if (!inside) return;
    const std::lock_guard lock(mutex_);
    if (!name.empty()) resolved_.insert_or_assign(name, Resolved{mount->device, *inside, teller});
    places_.add(mount->device, std::move(*inside), Clock::now(), teller);
  }

  // A container can have thousands of mounts, so of the others nothing but the ID is looked at.
  sys::Result<void> check_shown(std::int32_t pid, std::string_view mountinfo, std::uint64_t mount_id) {
    auto checked = check_process(pid, mountinfo);
    if (!checked || shows(mountinfo, mount_id)) return checked;
    return std::unexpected(sys::Error{"open", "mount of process " + std::to_string(pid), ESTALE});
  }

  static bool shows(std::string_view mountinfo, std::uint64_t mount_id) {
    return std::ranges::any_of(util::split(mountinfo, '\n'), [&](std::string_view line) {
      return util::parse_number<std::uint64_t>(util::take_until(line, ' ')) == mount_id;
    });
  }

  // The lines of mounts at `/`.
  static std::string roots_of(std::string_view mountinfo) {
    std::string roots;
    for (const std::string_view line : util::split(mountinfo, '\n')) {
      std::string_view rest = line;
      for (int before = 0; before < 4; ++before) util::take_until(rest, ' ');
      if (util::take_until(rest, ' ') == "/") roots.append(line) += '\n';
    }
    return roots;
  }

  // Of all mounts at `/`, none may be the host's: pivot_root(2) leaves the old root there until it is
  // unmounted, and all mounts of the host with it, in whatever order the table has them.
  static sys::Result<void> check_roots(std::int32_t pid, const std::vector<model::Mount>& mounts,
                                       const HostTable& host) {
    std::size_t own = 0;
    std::size_t of_host = 0;
    for (const model::Mount& mount : mounts) {
      if (mount.mount_point != "/") continue;
      ++(host.mounts().is_host_root(mount) ? of_host : own);
    }
    if (own == 0) return refuse("open", "root of process " + std::to_string(pid));
    if (of_host == 0) return {};
    return std::unexpected(sys::Error{privilege::between_roots, "process " + std::to_string(pid), EAGAIN});
  }

  // Not from a process that has the host's root, or none that can be seen.
  sys::Result<void> learn_from(std::int32_t pid, const std::vector<model::Mount>& mounts) {
    const auto table = host();
    auto checked = check_roots(pid, mounts, *table);
    if (!checked) return checked;
    const auto is_hidden = [&](const model::Mount& mount) {
      return mount.mount_point == "/" && mount.file_system == "overlay" &&
             !table->mounts().has_overlay(mount.device);
    };
    const Teller teller = teller_in(pid);
    const auto now = Clock::now();
    std::size_t hidden = 0;
    std::size_t shown = 0;
    const std::lock_guard lock(mutex_);
    for (const model::Mount& mount : mounts) {
      // What no mount of the host shows cannot be reached by one: it is admitted by itself.
      const bool is_of_use = table->has_device(mount.device) && has_local_files(mount.file_system);
      const bool is_shown = !is_read_only(mount) || mount.mount_point == "/";
      if (is_of_use && is_shown && shown < max_shown &&
          places_.add_outermost(mount.device, mount.root, now, teller))
        ++shown;
      if (is_hidden(mount) && ++hidden <= max_roots) add_layers(mount, teller, now);
    }
    return {};
  }

  // With the lock.
  void add_layers(const model::Mount& overlay, const Teller& teller, Clock::time_point now) {
    if (teller.kind == Teller::Kind::name_space) return;  // its word is no good
    const auto layers = parse_overlay_layers(overlay);
    if (!layers) return;
    for (const std::string& lower : layers->lowerdirs) add_layer(lower, teller, now);
    add_layer(layers->upperdir, teller, now);
  }

  void add_layer(const std::string& path, const Teller& teller, Clock::time_point now) {
    if (path.empty()) return;
    if (layers_.add(path, teller, now)) is_resolved_ = false;
    const auto known = resolved_.find(path);
    if (known == resolved_.end()) return;
    Resolved& resolved = known->second;
    // Whoever names the layer of another does not keep it when that one has gone.
    if (teller != resolved.teller && !teller.is_trusted()) return;
    resolved.teller = std::min(resolved.teller, teller);
    places_.add(resolved.device, resolved.inside, now, teller);
  }

  // A layer that a process tells of is one where that is in our user namespace, or where it belongs to the
  // user who made the process's own.
  Teller teller_in(std::int32_t pid) const {
    const std::string path = proc_ + "/" + std::to_string(pid) + "/ns/user";
    const auto users = sys::read_link(path);
    if (users && *users == own_users_) return {.kind = Teller::Kind::own_users};
    const auto owner = sys::read_namespace_owner(path);
    if (users && owner && *owner != 0) return {.kind = Teller::Kind::user, .number = *owner};
    std::string_view number = users ? std::string_view(*users) : std::string_view();
    util::take_until(number, '[');
    return {.kind = Teller::Kind::name_space,
            .number = util::parse_number<std::uint64_t>(util::take_until(number, ']')).value_or(0)};
  }

  // What is not there is looked for where nobody told of it: after a start, that is all. Whoever asks without
  // end for what is nowhere takes no more of the processor than the share of these searches.
  sys::Result<void> look_for(const std::function<bool()>& is_there, const std::string& object) {
    if (is_there()) return {};
    const auto missed = Clock::now();
    const std::unique_lock searching(searching_, keep_short);
    if (!searching) return std::unexpected(sys::Error{"open", object, EBUSY});
    if (searched_ < missed) {
      if (!budget_.is_left(Clock::now())) return std::unexpected(sys::Error{"open", object, EBUSY});
      const auto before = sys::read_thread_time();
      search(is_there);
      budget_.spend(sys::read_thread_time() - before);
    }
    return is_there() ? sys::Result<void>{} : refuse("open", object);
  }

  void search(const std::function<bool()>& is_there) {
    resolve_layers();
    if (is_there()) return;
    const auto begun = Clock::now();
    learn_all();
    resolve_layers();
    searched_ = begun;
  }

  // Overlays name their layers by paths of their own, by links for instance.
  void resolve_layers() {
    const auto table = host();
    std::vector<std::string> pending;
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(is_resolved_, true)) return;
      pending = layers_.paths();
      std::erase_if(pending, [&](const std::string& path) { return resolved_.contains(path); });
    }
    for (const std::string& path : pending) {
      // A server may answer there that never does.
      const model::Mount* nearest = table->nearest(path);
      if (nearest == nullptr || !is_safe_to_cross(nearest->file_system)) continue;
      const auto opened = direct_.open_layer(path);
      const auto teller = opened ? teller_of(path, opened->number()) : std::nullopt;
      if (teller) add_place(opened->number(), *teller, path);
    }
  }

  void learn_all() {
    const auto processes = direct_.list_processes();
    if (!processes) return;
    std::unordered_set<std::string> seen;
    for (const std::int32_t pid : *processes) {
      auto name_space = direct_.read_process_file(pid, privilege::ProcessFile::mount_namespace);
      if (!name_space || seen.size() >= max_namespaces || !seen.insert(std::move(*name_space)).second)
        continue;
      if (const auto table = read_table_of(pid)) static_cast<void>(learn_from(pid, *table));
    }
  }

  static constexpr auto keep_short = 2s;    // who waits for a search that hangs
  static constexpr auto keep_table = 50ms;  // before the table is asked for changes, for what is found in it

  privilege::Privilege& direct_;
  const std::string proc_;
  sys::Fd changes_;
  std::string own_users_;

  PatientMutex searching_;
  // Both with `searching_`.
  Clock::time_point searched_{};  // when the last search among all processes began
  SearchBudget budget_;

  std::mutex mutex_;  // of all below
  TableReader reader_{direct_};
  std::shared_ptr<const HostTable> host_;
  Clock::time_point asked_{};  // when the table was asked for changes last
  bool is_resolved_ = false;
  LayerNames layers_;
  std::unordered_map<std::string, Resolved> resolved_;
  PlaceSet places_;
  std::deque<std::uint64_t> admitted_;
  ApprovedObjects approved_{deep_objects};
  std::unordered_map<std::size_t, Clock::time_point> learned_;  // hashes of tables, and when
};

class ProvingPlaces final : public privilege::AnyPlace {
 public:
  explicit ProvingPlaces(privilege::Privilege& direct) : places_(direct, "/proc", {}) {}
  sys::Result<privilege::ProvenUpper> check_root(const privilege::ShownRoot& root) override {
    return places_.check_root(root);
  }

 private:
  ContainerPlaces places_;
};

}  // namespace

std::unique_ptr<privilege::Places> make_proving_places(privilege::Privilege& direct) {
  return std::make_unique<ProvingPlaces>(direct);
}

std::unique_ptr<privilege::Places> make_container_places(privilege::Privilege& direct, std::string proc,
                                                         const SearchLimits& limits) {
  return std::make_unique<ContainerPlaces>(direct, std::move(proc), limits);
}

}  // namespace dropwarden::mount
