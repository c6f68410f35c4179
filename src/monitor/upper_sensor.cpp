// SPDX-License-Identifier: Apache-2.0
#include "upper_sensor.hpp"

#include <algorithm>
#include <cerrno>
#include <ranges>
#include <tuple>
#include <unordered_map>
#include <utility>

#include <spdlog/spdlog.h>

#include "dropwarden/layer/entry.hpp"
#include "dropwarden/monitor/advice.hpp"
#include "dropwarden/mount/file_system.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/sys/file_handle.hpp"
#include "dropwarden/util/escape.hpp"
#include "dropwarden/watch/fid_features.hpp"
#include "dropwarden/watch/marks.hpp"

// Owns the reader, and a directory of the host for the length of a look at it.
namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;

// A container's last records may be queued when its mounts have gone.
constexpr auto keep_gone = 60s;
constexpr std::size_t longest_path = 1024;
constexpr std::size_t most_stuck = 2;

// The mount that shows most of a file system: its root, where that is mounted. Null where it is not in the
// table.
const model::Mount* widest_mount(const std::vector<model::Mount>& table, const model::Device& device) {
  const model::Mount* widest = nullptr;
  for (const model::Mount& mount : table) {
    if (mount.device != device) continue;
    if (widest == nullptr || std::tuple(mount.root.size(), mount.mount_point.size()) <
                                 std::tuple(widest->root.size(), widest->mount_point.size()))
      widest = &mount;
  }
  return widest;
}

const model::Mount* mount_by_id(const std::vector<model::Mount>& table, std::uint64_t id) {
  const auto found = std::ranges::find(table, model::MountId{id}, &model::Mount::id);
  return found == table.end() ? nullptr : &*found;
}

// Where `by` shows what lies at `root` of its file system; nothing where it does not.
std::optional<std::string> path_by(const model::Mount& by, std::string_view root) {
  const std::string_view shown = by.root == "/" ? std::string_view{} : std::string_view(by.root);
  const bool is_below = root.starts_with(shown) && (root.size() == shown.size() || root[shown.size()] == '/');
  if (!is_below) return std::nullopt;
  const std::string_view rest = root.substr(shown.size());
  if (rest.empty() || rest == "/") return by.mount_point;
  return join_path(by.mount_point, rest);
}

std::string why_not(const model::Mount& mount) {
  if (!mount::watchable_magic(mount.file_system)) return mount::why_unwatchable(mount.file_system);
  // A handle of btrfs may be in any subvolume, and the kernel refuses a mark that would tell only of one.
  if (mount.file_system == "btrfs" && mount.root != "/")
    return "btrfs, of which only subvolumes are mounted: mount its root (subvolid=5) somewhere";
  return {};
}

}  // namespace

UpperSensor::UpperSensor(boost::asio::io_context& loop, privilege::Privilege& privilege,
                         const WatchedMounts& mounts, const config::Watch& settings,
                         UpperReader::Handler handler)
    : loop_(loop), privilege_(privilege), mounts_(mounts), settings_(settings) {
  handler_ = std::move(handler);
  handler_.on_failure = [this, then = std::move(handler_.on_failure)](const sys::Error& error) {
    state_.problem = error.text();
    is_stopped_ = true;
    file_systems_.clear();
    then(error);
  };
  state_.wanted = settings.upper_layer;
}

void UpperSensor::reconfigure(const config::Watch& settings) {
  settings_ = settings;
  state_.wanted = settings.upper_layer;
  known_.clear();
}

bool UpperSensor::wants_writes() const {
  return settings_.upper_layer == config::UpperLayer::writes && state_.can_writes;
}

// The group and what this kernel can do with it, once.
bool UpperSensor::is_ready() {
  if (reader_ || is_probed_) return reader_ != nullptr;
  is_probed_ = true;
  const auto open_group = [this](unsigned flags, unsigned event_flags) {
    return privilege_.open_group(flags, event_flags);
  };
  const auto features = watch::probe_fid_features(open_group);
  auto group = !features ? sys::Result<sys::Fd>(std::unexpected(features.error()))
               : features->has_names
                   ? open_group(watch::fid_group_flags(*features), 0)
                   : std::unexpected(sys::Error{"fanotify_init", "FAN_REPORT_NAME", EINVAL});
  if (!group) {
    state_.problem = "not on this kernel: " + explain(group.error());
    spdlog::warn("upper layers are not watched: {}", explain(group.error()));
    return false;
  }
  const auto events = privilege_.probe_upper_events();
  // Where it cannot be tried (tmpfs has no f_fsid before Linux 5.13; a unit of systemd may forbid
  // namespaces), names are told all the same: every kernel with such groups does.
  state_.can_names = !events || events->has_names;
  state_.can_writes = events && events->has_writes;
  if (!state_.can_names) {
    state_.problem = "this kernel tells nothing of overlays on the file system below them";
    return false;
  }
  if (settings_.upper_layer == config::UpperLayer::writes && !state_.can_writes)
    spdlog::warn("writes in upper layers are not watched, only names: {}",
                 events ? "this kernel does not tell of them (Linux 6.5 does)" : explain(events.error()));
  reader_ = std::make_unique<UpperReader>(loop_, privilege_, std::move(*group), handler_);
  return true;
}

void UpperSensor::apply(const std::vector<model::Mount>& table) {
  if (is_stopped_) return;
  const bool is_wanted = settings_.upper_layer != config::UpperLayer::off;
  if (!is_wanted && !reader_) return;
  if (!is_ready()) return;
  if (is_wanted) {
    look_for_places(table, Clock::now());
  } else {
    known_.clear();
  }
  keep_marked(table);
  tell_reader();
}

bool UpperSensor::stop() {
  is_stopped_ = true;
  const bool has_ended = !reader_ || reader_->stop();
  return has_ended && stuck_.empty();
}

bool UpperSensor::check(unsigned limit) {
  if (!reader_ || is_stopped_) return false;
  const auto stall = reader_->check(limit);
  liveness_.is_blind = stall.has_value();
  liveness_.stuck = stuck_.size() + (stall ? 1 : 0);
  if (!stall) return false;
  liveness_.last_stall = stall->text;
  if (stuck_.size() == most_stuck) return false;
  for (auto& [device, file_system] : file_systems_) unmark(file_system);
  stuck_.push_back(std::move(reader_));
  file_systems_.clear();
  told_places_.clear();
  told_file_systems_.clear();
  is_probed_ = false;
  ++liveness_.replaced;
  return true;
}

void UpperSensor::look_for_places(const std::vector<model::Mount>& table, Clock::time_point now) {
  for (auto& [serial, known] : known_) {
    if (!known.gone_at) known.gone_at = now;
  }
  for (const WatchedMount& mount : mounts_.current()) {
    const bool is_volume = !mount.is_overlay();
    if (is_volume && (!settings_.volumes || !mount.is_marked())) continue;
    const auto [known, is_new] = known_.try_emplace(mount.serial);
    if (is_new || known->second.is_unproven) known->second = locate(mount, table);
    known->second.gone_at.reset();
  }
  std::erase_if(known_, [&](const auto& entry) {
    const auto& gone_at = entry.second.gone_at;
    return gone_at && *gone_at + keep_gone < now;
  });
}

UpperSensor::Known UpperSensor::locate(const WatchedMount& mount, const std::vector<model::Mount>& table) {
  return mount.is_overlay() ? locate_upper(mount, table) : locate_volume(mount, table);
}

UpperSensor::Known UpperSensor::locate_upper(const WatchedMount& mount,
                                             const std::vector<model::Mount>& table) {
  Known known;
  if (mount.layers.upperdir.empty()) return known;
  const auto opened = layer::open_upper(privilege_, mount.layers);
  // Out of the kernel's memory alone: which file system it is on is not known yet.
  const auto id = opened ? sys::read_mount_id(opened->number()) : std::unexpected(opened.error());
  const model::Mount* lies_on = id ? mount_by_id(table, *id) : nullptr;
  known.is_unproven = !opened && mount.layers.upper.has_value();
  if (lies_on == nullptr) {
    known.problem = "the upper directory is on no mount of the host's table";
    return known;
  }
  known.device = lies_on->device;
  const model::Mount* by = widest_mount(table, lies_on->device);
  known.problem = why_not(*by);
  if (!known.problem.empty()) return known;
  auto name = name_on_host(opened->number(), *by);
  if (!name) {
    known.problem = name.error().text();
    return known;
  }
  known.place = UpperPlace{.mount = mount.serial,
                           .directory = std::move(*name),
                           .container_path = "/",
                           .merged = way_through(mount),
                           .is_of_host = !mount.mount_point.empty(),
                           .proven = mount.layers.upper};
  return known;
}

UpperSensor::Known UpperSensor::locate_volume(const WatchedMount& mount,
                                              const std::vector<model::Mount>& table) {
  // What is in memory is mostly the container's own, which no mount of the host reaches, or the host's /run.
  Known known{.place = {},
              .device = mount.device,
              .is_reason = !mount::is_memory(mount.type),
              .problem = {},
              .is_unproven = false,
              .gone_at = {}};
  const model::Mount* by = widest_mount(table, mount.device);
  if (by == nullptr || !why_not(*by).empty() || mount.belongs_to_others) return known;
  const auto path = path_by(*by, mount.root);
  if (!path) return known;
  // A directory on the way may be a container's, and a link by now: what it is called then is something else.
  const auto opened = privilege_.open_layer(*path);
  const auto name = opened ? name_on_host(opened->number(), *by) : std::unexpected(opened.error());
  if (!name || *name != *path) return known;
  known.place =
      UpperPlace{.mount = mount.serial, .directory = *path, .container_path = mount.path, .merged = {}};
  return known;
}

// What the kernel calls a directory of the host when it is opened by its handle through the mount `by`, as
// the reader opens those of events: a path that a runtime wrote may lead through links or another mount.
sys::Result<std::string> UpperSensor::name_on_host(int directory, const model::Mount& by) {
  const auto handle = sys::read_handle(directory);
  if (!handle) return std::unexpected(handle.error());
  const auto top = privilege_.open_handle_mount({.path = by.mount_point,
                                                 .mount_id = by.id.value,
                                                 .type = mount::watchable_magic(by.file_system).value_or(0)});
  if (!top) return std::unexpected(top.error());
  return read_path_by_handle(privilege_.open_by_handle(top->number(), *handle));
}

void UpperSensor::keep_marked(const std::vector<model::Mount>& table) {
  const auto marks = watch::read_marks(reader_->descriptor());
  for (auto& [device, file_system] : file_systems_) {
    file_system.is_used = false;
    const bool is_there =
        marks && std::ranges::find(marks->file_systems, device) != marks->file_systems.end();
    if (!is_there) file_system.facts.has_names = file_system.facts.has_writes = false;
  }
  // Overlays without number may lie on one file system.
  std::unordered_map<model::Device, const model::Mount*> widest;
  for (const auto& [serial, known] : known_) {
    const auto [found, is_new] = widest.try_emplace(known.device, nullptr);
    if (is_new) found->second = widest_mount(table, known.device);
    const model::Mount* by = found->second;
    const bool is_told = known.place || !known.problem.empty();
    if (by == nullptr || known.gone_at || !known.is_reason || !is_told) continue;
    FileSystem& file_system = file_systems_[known.device];
    if (!std::exchange(file_system.is_used, true)) {
      file_system.facts.mount_point = util::escape(by->mount_point, longest_path);
      file_system.facts.type = by->file_system;
      file_system.facts.device = by->device;
      file_system.mount = {.path = by->mount_point,
                           .mount_id = by->id.value,
                           .type = mount::watchable_magic(by->file_system).value_or(0)};
    }
    if (!known.place && !file_system.facts.has_names)
      file_system.facts.problem = util::escape(known.problem, longest_path);
    if (known.place) mark(file_system, table);
  }
  const auto now = Clock::now();
  std::erase_if(left_, [now](const Left& left) { return left.until < now; });
  for (auto& [device, file_system] : file_systems_) {
    if (file_system.is_used) continue;
    if (file_system.facts.has_names)
      left_.push_back({.file_system = {file_system.id, file_system.mount}, .until = now + keep_gone});
    unmark(file_system);
  }
  std::erase_if(file_systems_, [](const auto& entry) { return !entry.second.is_used; });
}

void UpperSensor::mark(FileSystem& file_system, const std::vector<model::Mount>& table) {
  UpperLayers::FileSystem& facts = file_system.facts;
  const bool wants = wants_writes();
  if (facts.has_names && facts.has_writes == wants) return;
  // First what is to be left out of the writes: each mount that the host has of it. A container's are mounts
  // of its own, and so is what an overlay writes through.
  for (const model::Mount& mount : table) {
    if (!wants || mount.device != facts.device) continue;
    const auto ignored = privilege_.ignore_mount(
        reader_->descriptor(),
        {.path = mount.mount_point, .mount_id = mount.id.value, .type = file_system.mount.type},
        watch::writes_mask());
    if (!ignored) spdlog::debug("writes of the host are told of, too: {}", ignored.error().text());
  }
  const std::uint64_t writes = watch::writes_mask();
  const auto marked = privilege_.mark_by_handle(
      reader_->descriptor(), file_system.mount,
      {.wanted = watch::names_mask() | (wants ? writes : 0), .unwanted = wants ? 0 : writes});
  if (!marked) {
    const std::string problem = util::escape(explain(marked.error()), longest_path);
    if (facts.problem != problem)
      spdlog::warn("names on the file system at {} are not watched: {}", facts.mount_point, problem);
    facts.problem = problem;
    return;
  }
  file_system.id = {marked->file_system_id};
  facts.has_names = true;
  facts.has_writes = wants;
  facts.problem.clear();
  spdlog::debug("marked the file system at {} for {}", facts.mount_point,
                wants ? "names and writes" : "names");
}

void UpperSensor::unmark(FileSystem& file_system) {
  const auto removed =
      privilege_.mark_by_handle(reader_->descriptor(), file_system.mount,
                                {.wanted = 0, .unwanted = watch::names_mask() | watch::writes_mask()});
  if (!removed)
    spdlog::debug("the mark of the file system at {} stays: {}", file_system.facts.mount_point,
                  removed.error().text());
}

void UpperSensor::tell_reader() {
  std::vector<UpperPlace> places;
  // Those that are there first: what was a container's upper directory may be the next one's.
  for (const bool is_gone : {false, true}) {
    for (const auto& [serial, known] : known_) {
      if (!known.place || known.gone_at.has_value() != is_gone) continue;
      places.push_back(*known.place);
      places.back().is_gone = is_gone && known.place->proven;
    }
  }
  std::vector<UpperFileSystem> file_systems;
  for (const auto& [device, file_system] : file_systems_) {
    if (file_system.facts.has_names) file_systems.push_back({file_system.id, file_system.mount});
  }
  for (const Left& left : left_) {
    const auto is_same = [&](const UpperFileSystem& other) { return other.id == left.file_system.id; };
    if (std::ranges::none_of(file_systems, is_same)) file_systems.push_back(left.file_system);
  }
  if (places == told_places_ && file_systems == told_file_systems_) return;
  told_places_ = places;
  told_file_systems_ = file_systems;
  reader_->set_places(std::make_shared<const UpperPlaces>(places, std::move(file_systems)));
}

UpperLayers UpperSensor::describe() const {
  UpperLayers state = state_;
  for (const auto& [device, file_system] : file_systems_) state.file_systems.push_back(file_system.facts);
  std::ranges::sort(state.file_systems, {}, &UpperLayers::FileSystem::mount_point);
  if (!reader_) return state;
  const auto tally = reader_->tally();
  state.records = tally.records;
  state.elsewhere = tally.elsewhere;
  state.gone = tally.gone;
  return state;
}

}  // namespace dropwarden::monitor
