// SPDX-License-Identifier: Apache-2.0
#include "second_look.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/stat.h>
#include <utility>

#include "dropwarden/classify/classify.hpp"
#include "dropwarden/sys/file.hpp"

#include "file_path.hpp"

// Owns no descriptor between two looks. Hands one of the upper directory on with a sighting.
namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;

// Then the rest of the loop has its turn: some 10 µs each.
constexpr std::size_t looks_in_a_row = 64;
// As many as the shortest header that is known by its bytes.
constexpr std::size_t blank_bytes = 4;

bool is_regular(const sys::FileStatus& status) {
  return S_ISREG(status.mode);
}

}  // namespace

SecondLook::Pauses SecondLook::default_pauses() {
  return {50ms, 500ms, 5s, 60s};
}

SecondLook::SecondLook(boost::asio::io_context& loop, WatchedMounts& mounts, FileOpener opener,
                       Handler handler, Pauses pauses)
    : mounts_(mounts),
      opener_(std::move(opener)),
      handler_(std::move(handler)),
      pauses_(std::move(pauses)),
      timer_(loop) {}

bool SecondLook::is_blank(std::span<const std::byte> first) {
  const auto header = first.first(std::min(first.size(), blank_bytes));
  return !header.empty() && std::ranges::all_of(header, [](std::byte byte) { return byte == std::byte{0}; });
}

void SecondLook::consider(int fd, model::Pid pid) {
  auto status = sys::read_cached_status(fd);
  if (!status || status->size == 0) return;
  const WatchedMount* mount = find_mount(fd, *status);
  // On every other file system a mapping holds the very file that is closed, and its close comes last.
  if (mount == nullptr || !mount->is_overlay()) return;
  Entry entry{.where = {.mount = mount->serial,
                        .path = {},
                        .numbers = Located::Numbers{.inode = status->inode,
                                                    .device = {status->device_major, status->device_minor}}},
              .upper = {},
              .pid = pid};
  const auto is_the_file = [&](const sys::FileStatus& upper) {
    // A file that was copied up has the inode of the image's; a store may have changed its times already.
    return is_regular(upper) && (upper.inode == status->inode || upper.size == status->size);
  };
  // It may be renamed just now: then it has another name the next time.
  sys::Fd file;
  for (int tries = 0; tries < 2 && !file; ++tries) {
    entry.where.named_at = Clock::now();
    status = sys::read_cached_status(fd);
    const auto link = sys::read_descriptor_path(fd);
    // What has no name any more can only be executed, and that is seen.
    if (!status || status->links == 0) return;
    if (!link) break;  // too long to be told, if nothing else
    entry.where.path = path_in_container(*mount, parse_descriptor_link(*link, status->links).path);
    file = opener_.open(*mount, entry.where.path, is_the_file);
  }
  if (!file) return handler_.on_lost(*mount);
  entry.upper = identify(file.number(), entry.where.path);
  if (is_known(entry)) return;
  if (!look_at(entry, std::move(file), false)) return;
  entry.process = handler_.glimpse(pid);
  add(std::move(entry));
}

void SecondLook::finish() {
  timer_.cancel();
  for (Entry& entry : std::exchange(entries_, {})) look(entry, true);
}

const WatchedMount* SecondLook::find_mount(int fd, const sys::FileStatus& status) {
  const model::Device device{status.device_major, status.device_minor};
  if (const WatchedMount* mount = mounts_.find_current(device, {status.mount_id})) return mount;
  const auto file_system = sys::read_file_system_status(fd);
  if (!file_system) return nullptr;
  return mounts_.identify({.device = device,
                           .file_system = {file_system->id},
                           .mount = {status.mount_id},
                           .type = file_system->type});
}

// One that is known may have left its name to another.
bool SecondLook::is_known(const Entry& seen) const {
  return std::ranges::any_of(entries_, [&](const Entry& entry) {
    return entry.where.mount == seen.where.mount && entry.where.path == seen.where.path &&
           entry.upper.inode == seen.upper.inode;
  });
}

bool SecondLook::look(Entry& entry, bool is_last) {
  const WatchedMount* mount = mounts_.find(entry.where.mount);
  if (mount == nullptr) return false;
  auto file = open_again(entry, *mount);
  if (file) return look_at(entry, std::move(*file), is_last);
  const bool is_gone = file.error().number == ENOENT || file.error().number == ESTALE;
  // With the daemon's end all ends that nobody has looked at.
  if (!is_gone && !is_last) handler_.on_lost(*mount);
  return false;
}

// Asked while the file is in use, so that the kernel knows its name.
SecondLook::Entry::Upper SecondLook::identify(int file, std::string_view path) {
  Entry::Upper upper;
  if (const auto status = sys::read_status(file)) {
    upper.inode = status->inode;
    upper.mount = {status->mount_id};
  }
  if (auto handle = sys::read_handle(file)) upper.handle = *handle;
  auto on_host = sys::read_descriptor_path(file);
  if (on_host && on_host->ends_with(path)) upper.top = on_host->substr(0, on_host->size() - path.size());
  return upper;
}

// What lies at its path may be another file by now, and this one elsewhere.
sys::Result<sys::Fd> SecondLook::open_again(Entry& entry, const WatchedMount& mount) const {
  const auto is_the_file = [&](const sys::FileStatus& status) {
    return is_regular(status) && status.inode == entry.upper.inode;
  };
  for (int tries = 0; tries < 2; ++tries) {
    entry.where.named_at = Clock::now();
    if (auto file = opener_.open(mount, entry.where.path, is_the_file)) return file;
    auto path = find_path(entry.upper);
    if (!path) return std::unexpected(path.error());
    entry.where.path = std::move(*path);
  }
  return std::unexpected(sys::Error{"open", entry.where.path, EAGAIN});
}

sys::Result<std::string> SecondLook::find_path(const Entry::Upper& upper) const {
  const auto by = handler_.find_host_mount(upper.mount);
  // Its layers were unmounted with it, which a container cannot do: there is nothing left to be scanned.
  if (!by) return std::unexpected(sys::Error{"open_by_handle_at", upper.top, ENOENT});
  if (!upper.handle || upper.top.empty())
    return std::unexpected(sys::Error{"open_by_handle_at", upper.top, ENODEV});
  const auto file = opener_.open_by_handle(*by, *upper.handle);
  if (!file) return std::unexpected(file.error());
  const auto path = sys::read_descriptor_path(file->number());
  // With a name left after the path was read, the path has no ` (deleted)` behind it.
  const auto status = sys::read_status(file->number());
  if (!status) return std::unexpected(status.error());
  if (status->links == 0) return std::unexpected(sys::Error{"open_by_handle_at", upper.top, ENOENT});
  if (!path) return path;
  const bool is_below = path->starts_with(upper.top) && path->substr(upper.top.size()).starts_with('/');
  if (!is_below) return std::unexpected(sys::Error{"open_by_handle_at", *path, EXDEV});
  return path->substr(upper.top.size());
}

bool SecondLook::look_at(Entry& entry, sys::Fd file, bool is_last) {
  // First whether it is held and then what it shows: what is stored in between is seen.
  const auto is_held = opener_.is_open_for_write(file.number());
  const bool may_change = is_held ? *is_held : entry.looks < pauses_.size();
  std::array<std::byte, classify::first_bytes> buffer;
  const auto got = sys::read_at(file.number(), buffer, 0);
  if (!got) return false;
  const auto first = std::span<const std::byte>(buffer).first(*got);
  if (may_change && !is_last) {
    const auto now = Clock::now();
    const bool is_telling = classify::looks_executable(first) || classify::looks_like_text(first);
    if (!is_telling) {
      entry.due = now + pauses_.at(std::min<std::size_t>(entry.looks++, pauses_.size() - 1));
      return true;
    }
    // The rest may just be on its way: the hash is to be that of the whole.
    if (!std::exchange(entry.is_ripe, true)) {
      entry.due = now + pauses_.front();
      return true;
    }
  }
  if (is_blank(first)) return false;
  handler_.on_sighting({.file = std::move(file),
                        .pid = entry.pid,
                        .sensor = model::Sensor::second_look,
                        .located = std::move(entry.where),
                        .process = std::move(entry.process)});
  return false;
}

void SecondLook::add(Entry entry) {
  if (entries_.size() == capacity) {
    if (const WatchedMount* mount = mounts_.find(entries_.front().where.mount)) handler_.on_lost(*mount);
    entries_.erase(entries_.begin());
  }
  entries_.push_back(std::move(entry));
  arm();
}

void SecondLook::look_at_due() {
  const auto now = Clock::now();
  std::size_t looks = 0;
  std::vector<Entry> kept;
  kept.reserve(entries_.size());
  for (Entry& entry : std::exchange(entries_, {})) {
    const bool is_due = entry.due <= now && looks < looks_in_a_row;
    if (is_due) ++looks;
    if (!is_due || look(entry, false)) kept.push_back(std::move(entry));
  }
  entries_ = std::move(kept);
  arm();
}

void SecondLook::arm() {
  if (entries_.empty()) return;
  timer_.expires_at(std::ranges::min(entries_, {}, &Entry::due).due);
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) look_at_due();
  });
}

}  // namespace dropwarden::monitor
