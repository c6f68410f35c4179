// SPDX-License-Identifier: Apache-2.0
#include "upper_resolver.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <map>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <utility>

#include "dropwarden/layer/entry.hpp"
#include "dropwarden/layer/scanner.hpp"
#include "dropwarden/privilege/places.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/sys/file_handle.hpp"

#include "examine.hpp"
#include "same_file.hpp"

// Owns a mount of the host for a round of records, and a file on the host until it is handed on. Holds the
// overlay itself for the length of a look at one name: it would keep the container from being removed.
namespace dropwarden::monitor {
namespace {

// A file at rest: it is read at once. Others are looked at first, and most of them not read.
bool is_close(const watch::FidEvent& event) {
  return (event.mask & FAN_CLOSE_WRITE) != 0;
}

bool is_named(const watch::FidEvent& event) {
  return event.directory && !event.name.empty() && event.name != ".";
}

// What is not found any more is gone. What the marker refused, or did not answer, may be there, and so may
// what there was no descriptor for (EPROTO: the answer came without its own), or what a lease keeps (EAGAIN).
bool is_unanswered(const sys::Error& error) {
  constexpr std::array unanswered{EPERM,  EBUSY,  ETIMEDOUT, ECONNRESET, ETOOMANYREFS, EPROTO,
                                  EMFILE, ENFILE, ENOMEM,    EAGAIN,     EACCES,       EIO};
  return std::ranges::find(unanswered, error.number) != unanswered.end();
}

// The directory of the place, held, where it is the one that was proven.
sys::Result<sys::Fd> open_proven(privilege::Privilege& privilege, const UpperPlace& place) {
  model::OverlayLayers layers;
  layers.upperdir = place.directory;
  layers.upper = place.proven;
  return layer::open_upper(privilege, layers);
}

// A name may change while it is looked up.
constexpr int most_looks_for_place = 4;

}  // namespace

void UpperResolver::set_places(std::shared_ptr<const UpperPlaces> places) {
  directories_.clear();
  places_ = std::move(places);
  std::erase_if(left_, [this](std::uint64_t mount) {
    return std::ranges::find(places_->proven(), mount, &UpperPlace::mount) == places_->proven().end();
  });
  let_go();
}

void UpperResolver::let_go() {
  foreseen_.clear();
  held_ = {};
}

// What is named in a directory of a container's is nearly always a file that is read in the end. Of a record
// without a name nobody knows whose it is, and of another's the marker tells the path by its entry alone.
void UpperResolver::foresee(std::span<const watch::FidEvent> events) {
  foreseen_.clear();
  std::map<std::pair<std::uint64_t, Foreseen>, std::vector<sys::FileHandle>> wanted;
  for (const watch::FidEvent& event : events) {
    if (!is_worth_opening(event)) continue;
    const Foreseen what = is_named(event) ? Foreseen::file : Foreseen::entry;
    wanted[{event.object->file_system.value, what}].push_back(event.object->handle);
  }
  for (const auto& [key, handles] : wanted) {
    const model::FileSystemId file_system{key.first};
    const auto mount = hold_mount(file_system);
    if (!mount) continue;
    auto opened = key.second == Foreseen::file ? privilege_.open_files_by_handles(*mount, handles)
                                               : privilege_.open_by_handles(*mount, handles);
    for (std::size_t i = 0; i < handles.size(); ++i)
      foreseen_.try_emplace({file_system, handles[i]}, ForeseenObject{key.second, std::move(opened[i])});
  }
}

// As `find` does, which asks for the directory only once.
bool UpperResolver::is_worth_opening(const watch::FidEvent& event) {
  if (event.is_directory() || !event.object) return false;
  return !is_named(event) || directory_of(*event.directory).place != nullptr;
}

std::optional<sys::Result<sys::Fd>> UpperResolver::take_foreseen(const watch::Fid& fid, Foreseen what) {
  const auto found = foreseen_.find(fid);
  if (found == foreseen_.end() || found->second.what != what) return std::nullopt;
  std::optional<sys::Result<sys::Fd>> opened(std::move(found->second.opened));
  foreseen_.erase(found);
  return opened;
}

UpperResolver::Answer UpperResolver::resolve(const watch::FidEvent& event,
                                             const std::optional<Look>& before) {
  return answer(event, before, false);
}

UpperResolver::Answer UpperResolver::resolve_at_last(const watch::FidEvent& event) {
  return answer(event, {}, true);
}

UpperResolver::Answer UpperResolver::answer(const watch::FidEvent& event, const std::optional<Look>& before,
                                            bool is_last) {
  lost_.reset();
  auto opened = find(event);
  Answer found = opened ? look_at(std::move(*opened), event, before, is_last) : Answer{};
  return lost_ ? *lost_ : std::move(found);
}

std::optional<UpperResolver::Opened> UpperResolver::find(const watch::FidEvent& event) {
  if (event.is_directory()) return std::nullopt;
  return is_named(event) ? open_named(event) : open_unnamed(event);
}

// A lease is of whoever wrote the file, and anybody may take one on his own: it is laid to him alone.
void UpperResolver::note_unopened(const sys::Error& error, std::uint64_t mount) {
  if (error.number == EAGAIN)
    lost_ = Missed{.loss = model::Loss::lease, .mount = mount, .error = error.number};
  else if (is_unanswered(error))
    lost_ = Missed{.mount = mount, .error = error.number};
  else
    ++tally_.gone;
}

std::optional<UpperResolver::Opened> UpperResolver::open_named(const watch::FidEvent& event) {
  const Directory& directory = directory_of(*event.directory);
  if (directory.place == nullptr) {
    if (!lost_) ++tally_.elsewhere;
    return std::nullopt;
  }
  Opened opened{.entry = {}, .place = directory.place, .path = join_path(directory.path, event.name)};
  auto file = open_file(event);
  if (file && *file) {
    opened.entry = std::move(**file);
    opened.is_file = true;
    return opened;
  }
  if (file && file->error().number == ESTALE) {
    note_unopened(file->error(), directory.place->mount);
    return std::nullopt;
  }
  // The file itself, whatever the name leads to by now; a further record tells of its next name.
  auto entry = event.object ? open(*event.object) : open_by_name(event);
  if (!entry && event.object && privilege::is_outside(entry.error())) {
    if (!entry.error().object.empty()) {
      ++tally_.elsewhere;
      return std::nullopt;
    }
    entry = open_nameless(event);
  }
  if (!entry) {
    note_unopened(entry.error(), directory.place->mount);
    return std::nullopt;
  }
  opened.entry = std::move(*entry);
  return opened;
}

sys::Result<sys::Fd> UpperResolver::open_by_name(const watch::FidEvent& event) {
  const auto directory = open(*event.directory);
  if (!directory) return std::unexpected(directory.error());
  return privilege_.open_entry(directory->number(), std::string(event.name));
}

// What the kernel has forgotten since it has no name when it is opened by its handle (a disconnected dentry,
// Documentation/filesystems/nfs/exporting.rst), and so no place either: the marker does not open it.
sys::Result<sys::Fd> UpperResolver::open_nameless(const watch::FidEvent& event) {
  auto named = open_by_name(event);
  if (!named) return named;
  const auto handle = sys::read_handle(named->number());
  // It may be there under another name.
  if (!handle || *handle != event.object->handle)
    return std::unexpected(sys::Error{"open_by_handle_at", "a file that has no name", EPERM});
  return named;
}

// A record carries the name of its time, and the facts of the file are read later: a file that was renamed
// between would be told with a name that it has left, and with the ctime of the one that it has. The kernel
// knows a file that is in use by the name that it was given last. Of one with several, any may be meant.
void UpperResolver::follow_name(Opened& opened) {
  const auto now = std::chrono::steady_clock::now();
  const auto path = sys::read_descriptor_path(opened.entry.number());
  const auto status = sys::read_status(opened.entry.number());
  // With a link left after the path was read, the path has no ` (deleted)` behind it.
  if (!path || !status || status->links != 1) return;
  auto found = places_->find(*path);
  if (found && is_in_its_place(*found->place, found->path, opened.entry.number()))
    opened = {std::move(opened.entry), found->place, std::move(found->path), opened.is_file, now};
}

// The path of a directory says nothing of whose it is where a container may move it, or put another in its
// place, for a moment too: so what is open has to be found below the directory that was proven.
bool UpperResolver::is_in_its_place(const UpperPlace& place, std::string_view path, int opened) {
  if (!place.proven) return true;
  const auto top = open_proven(privilege_, place);
  const auto entry =
      top ? layer::open_far_entry(privilege_, top->number(), path) : std::unexpected(top.error());
  const auto status = sys::read_cached_status(opened);
  return entry && status && sys::is_same_object(entry->status, *status);
}

std::optional<UpperPlaces::Found> UpperResolver::find_place(int opened) {
  std::uint64_t mount = 0;
  for (int looks = 0; looks < most_looks_for_place; ++looks) {
    const auto path = sys::read_descriptor_path(opened);
    auto found = path ? places_->find(*path) : std::nullopt;
    if (!found || is_in_its_place(*found->place, found->path, opened)) return found;
    mount = found->place->mount;
  }
  // What was removed is at no place.
  const auto status = sys::read_cached_status(opened);
  if (!status || status->links > 0) lost_ = Missed{.mount = mount};
  return std::nullopt;
}

std::vector<UpperResolver::Missed> UpperResolver::check_places() {
  std::vector<Missed> missed;
  for (const UpperPlace& place : places_->proven()) {
    if (place.is_gone || open_proven(privilege_, place)) {
      left_.erase(place.mount);
    } else if (left_.insert(place.mount).second) {
      missed.push_back({.mount = place.mount});
    }
  }
  return missed;
}

// A change of the link count: a new name, or one less, anywhere on the file system.
std::optional<UpperResolver::Opened> UpperResolver::open_unnamed(const watch::FidEvent& event) {
  auto entry = event.object ? open(*event.object) : std::unexpected(sys::Error{"open", "", ESTALE});
  if (!entry && privilege::is_outside(entry.error())) {
    ++tally_.elsewhere;
    return std::nullopt;
  }
  const auto status = entry ? sys::read_status(entry->number()) : std::unexpected(entry.error());
  if (!status) {
    note_unopened(status.error(), 0);
    return std::nullopt;
  }
  if (status->links == 0) {
    ++tally_.gone;
    return std::nullopt;
  }
  // The kernel knows a file that is in use by the name that it was given last (tests/kernel/upper_marks.cpp).
  auto found = find_place(entry->number());
  if (!found) {
    if (!lost_) ++tally_.elsewhere;
    return std::nullopt;
  }
  return Opened{.entry = std::move(*entry), .place = found->place, .path = std::move(found->path)};
}

const UpperResolver::Directory& UpperResolver::directory_of(const watch::Fid& fid) {
  if (const auto known = directories_.find(fid); known != directories_.end()) return known->second;
  if (directories_.size() >= max_directories) directories_.clear();
  Directory directory;
  const auto opened = open(fid);
  if (!opened && is_unanswered(opened.error())) {
    lost_ = Missed{.error = opened.error().number};
    return unknown_;
  }
  if (auto found = opened ? find_place(opened->number()) : std::nullopt)
    directory = {.place = found->place, .path = std::move(found->path)};
  if (lost_) return unknown_;
  return directories_.emplace(fid, std::move(directory)).first->second;
}

sys::Result<int> UpperResolver::hold_mount(const model::FileSystemId& file_system) {
  if (!held_.mount || held_.file_system != file_system) {
    const UpperFileSystem* known = places_->find(file_system);
    if (known == nullptr) return std::unexpected(sys::Error{"open_by_handle_at", "", ENODEV});
    auto mount = privilege_.open_handle_mount(known->mount);
    if (!mount) return std::unexpected(std::move(mount.error()));
    held_ = {.mount = std::move(*mount), .file_system = file_system};
  }
  return held_.mount.number();
}

sys::Result<sys::Fd> UpperResolver::open(const watch::Fid& fid) {
  const auto mount = hold_mount(fid.file_system);
  if (!mount) return std::unexpected(mount.error());
  auto foreseen = take_foreseen(fid, Foreseen::entry);
  auto opened = foreseen ? std::move(*foreseen) : privilege_.open_by_handle(*mount, fid.handle);
  if (opened || !privilege::is_outside(opened.error())) return opened;
  const auto found = places_->find(opened.error().object);
  if (!found) return opened;
  // A marker that has just taken another's place does not know this one yet: it looks for what it is asked
  // for.
  const auto shown = privilege_.open_layer(found->place->directory);
  if (!shown && shown.error().number != ENOTDIR) return std::unexpected(shown.error());
  opened = privilege_.open_by_handle(*mount, fid.handle);
  if (!opened && privilege::is_outside(opened.error())) opened.error().number = EPERM;
  return opened;
}

// To be read at once. What it is where it is no file, or who keeps it, is told by its entry.
std::optional<sys::Result<sys::Fd>> UpperResolver::open_file(const watch::FidEvent& event) {
  if (!event.object) return std::nullopt;
  auto file = take_foreseen(*event.object, Foreseen::file);
  if (!file && is_close(event)) {
    const auto mount = hold_mount(event.object->file_system);
    if (mount) file = privilege_.open_file_by_handle(*mount, event.object->handle);
  }
  return file;
}

// A time of modification can be set; what is said to lie in the future is looked at twice.
bool UpperResolver::is_settled(const Look& look, const std::optional<Look>& before) const {
  if (before) return look == *before;
  const auto age = std::chrono::system_clock::now() - look.modified;
  return age > settling;
}

UpperResolver::Answer UpperResolver::look_at(Opened opened, const watch::FidEvent& event,
                                             const std::optional<Look>& before, bool is_last) {
  follow_name(opened);
  const auto status = sys::read_status(opened.entry.number());
  if (!status || status->links == 0) {
    ++tally_.gone;
    return {};
  }
  if (!S_ISREG(status->mode) || status->size == 0) return {};
  const Look look{.size = status->size, .modified = status->modified};
  if (!is_close(event) && !is_last && !is_settled(look, before)) return look;
  auto file = opened.is_file ? sys::Result<sys::Fd>(std::move(opened.entry))
                             : privilege_.open_regular_file(opened.entry.number());
  if (!file) {
    note_unopened(file.error(), opened.place->mount);
    return {};
  }
  auto sighting = show(std::move(opened), std::move(*file), event.pid);
  if (!sighting) return PassedOver{};
  sighting->is_write = is_close(event);
  return std::move(*sighting);
}

// Nothing where nobody would run it: of that no id is made. What lets it be run has a record of its own.
std::optional<Sighting> UpperResolver::show(Opened opened, sys::Fd file, model::Pid pid) {
  Located located{.mount = opened.place->mount,
                  .path = std::move(opened.path),
                  .named_at = opened.named_at,
                  .numbers = {}};
  const auto is_telling =
      is_candidate(file.number(), first_, registrations_.current(Registrations::Clock::now()), false);
  if (is_telling && !*is_telling) return std::nullopt;
  located.numbers = look_through_overlay(*opened.place, located.path, file.number());
  return Sighting{.file = std::move(file),
                  .pid = pid,
                  .sensor = model::Sensor::upper_layer,
                  .located = std::move(located)};
}

// By the time of modification alone: who sets one back changes an attribute, which is told of by itself.
UpperResolver::Moved UpperResolver::resolve_moved(const watch::FidEvent& event, util::WallTime told_until,
                                                  bool is_last) {
  Moved moved{.sightings = {}, .told_until = std::chrono::system_clock::now() - settling};
  lost_.reset();
  auto opened = event.directory ? open_named(event) : std::nullopt;
  if (!opened) return moved;
  layer::Scanner scanner(privilege_, std::move(opened->entry), {.changed_since = {}, .limits = {}});
  const auto began = std::chrono::steady_clock::now();
  scanner.step({.entries = max_moved_entries}, [&](layer::ScannedFile scanned) {
    const util::WallTime modified{scanned.status.modified};
    const bool is_told = told_until != util::WallTime{} && modified <= told_until;
    if (is_told) return;
    if (modified > moved.told_until && !is_last) {
      moved.is_settled = false;
      return;
    }
    // Its writer rests: its close is told of.
    if (privilege_.is_open_for_write(scanned.file.number()).value_or(false)) return;
    Opened file{.entry = {},
                .place = opened->place,
                .path = join_path(opened->path, scanned.path),
                .named_at = began};
    auto sighting = show(std::move(file), std::move(scanned.file), event.pid);
    if (sighting)
      moved.sightings.push_back(std::move(*sighting));
    else
      ++moved.passed_over;
  });
  return moved;
}

std::optional<Located::Numbers> UpperResolver::look_through_overlay(const UpperPlace& place,
                                                                    std::string_view path, int file) {
  if (place.merged.empty()) return std::nullopt;
  const auto root = privilege_.open_layer(place.merged);
  if (!root) return std::nullopt;
  const auto before = sys::read_status(file);
  const auto entry = layer::open_far_entry(privilege_, root->number(), path);
  const auto after = sys::read_status(file);
  if (!before || !entry || !after) return std::nullopt;
  const sys::FileStatus& seen = entry->status;
  // By now the name may lead to another file.
  if (!is_same_file(*before, seen, *after)) return std::nullopt;
  return Located::Numbers{.inode = seen.inode, .device = {seen.device_major, seen.device_minor}};
}

}  // namespace dropwarden::monitor
