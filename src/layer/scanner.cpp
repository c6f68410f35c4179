// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/layer/scanner.hpp"

#include <algorithm>
#include <cerrno>
#include <functional>
#include <iterator>
#include <linux/magic.h>
#include <string_view>
#include <sys/stat.h>
#include <utility>

#include "dropwarden/sys/clock.hpp"

// Owns descriptors of directories below the top, no more than `max_open` and the top. Hands each file to the
// caller.
namespace dropwarden::layer {
namespace {

constexpr std::uint32_t execute_bits = 0111;
// Read of a directory at once: deep down less, since each directory on the way keeps its own.
constexpr std::size_t large_part = std::size_t{32} << 10U;
constexpr std::size_t small_part = std::size_t{1} << 10U;
constexpr std::size_t deep = 32;
// Each is a descriptor, here and of who opens it.
constexpr std::size_t files_at_once = 32;

bool is_in_memory(int fd) {
  const auto status = sys::read_file_system_status(fd);
  return status && (status->type == TMPFS_MAGIC || status->type == RAMFS_MAGIC);
}

std::uint64_t device_of(const sys::FileStatus& status) {
  return std::uint64_t{status.device_major} << 32U | status.device_minor;
}

}  // namespace

const char* name_of(Cut cut) {
  switch (cut) {
    case Cut::depth:
      return "too deep";
    case Cut::entries:
      return "too many entries";
    case Cut::moved:
      return "moved away while it was read";
    case Cut::unreadable:
      break;
  }
  return "unreadable";
}

sys::Result<sys::Fd> open_tree(privilege::Privilege& privilege, const ReadableMounts& mounts,
                               const std::string& path) {
  auto top = privilege.open_layer(path);
  if (!top) return top;
  const auto mount = sys::read_mount_id(top->number());
  if (!mount) return std::unexpected(mount.error());
  if (!mounts.contains({*mount})) return std::unexpected(sys::Error{"scan", path, ENOTSUP});
  return top;
}

sys::Result<sys::Fd> open_upper_tree(privilege::Privilege& privilege, const ReadableMounts& mounts,
                                     const model::OverlayLayers& layers) {
  auto top = open_tree(privilege, mounts, layers.upperdir);
  if (!top) return top;
  const auto checked = check_upper(layers, top->number());
  if (!checked) return std::unexpected(checked.error());
  return top;
}

Scanner::Scanner(privilege::Privilege& privilege, sys::Fd top, ScanOptions options,
                 std::span<const classify::RegistrationRule> registrations)
    : privilege_(privilege), options_(options), registrations_(registrations) {
  result_.started = sys::read_file_time();
  is_all_read_ = !options_.changed_since || (options_.reads_all_in_memory && is_in_memory(top.number()));
  const auto status = sys::read_status(top.number());
  if (status) {
    begin({.file = std::move(top), .status = *status});
  } else {
    cut(Cut::unreadable, {}, status.error().number);
  }
}

void Scanner::begin(Entry top) {
  if (top.is_regular()) {
    single_ = std::move(top);
    return;
  }
  // A device or socket, bound as a volume, holds nothing.
  if (!top.is_directory()) return;
  enter(std::move(top), {});
  // Entries come and go there, but itself it cannot be moved within the tree.
  if (!way_.empty()) way_.front().is_all_read = is_all_read_;
}

void Scanner::let_go() {
  for (Frame& frame : way_) {
    // What has been read of it to its end has nothing left that could be moved behind the walk.
    if (!frame.is_at_end || frame.next_entry != frame.entries.size()) note_change(frame);
    frame.directory.reset();
  }
  if (single_) single_->file.reset();
}

bool Scanner::resume(sys::Fd top) {
  const auto status = sys::read_status(top.number());
  if (!status) return false;
  if (single_) {
    if (single_->status.inode != status->inode || device_of(single_->status) != device_of(*status))
      return false;
    single_ = Entry{.file = std::move(top), .status = *status};
    return true;
  }
  if (way_.empty()) return true;
  Frame& first = way_.front();
  if (first.inode != status->inode || first.device != device_of(*status)) return false;
  auto opened = privilege_.open_directory(top.number());
  if (!opened) return false;
  if (!first.is_at_end && !sys::seek_directory(opened->number(), first.position)) return false;
  first.directory = std::move(*opened);
  return true;
}

bool Scanner::step(const Budget& budget, const OnFile& on_file) {
  const std::uint64_t entries = result_.entries + budget.entries;
  const std::uint64_t bytes = result_.bytes + budget.bytes;
  if (single_) {
    ++result_.entries;
    read_entry(std::exchange(single_, {}).value(), {}, on_file);
  }
  while (!way_.empty()) {
    if (result_.entries >= entries || result_.bytes >= bytes) return true;
    if (result_.entries >= options_.limits.max_entries) {
      cut(Cut::entries, {});
      way_.clear();
      break;
    }
    Frame& frame = way_.back();
    const bool is_used_up = frame.next_entry == frame.entries.size();
    if (is_used_up && frame.is_at_end) {
      leave();
      continue;
    }
    if (!ensure_open(way_.size() - 1)) {
      cut(Cut::moved, {});
      leave();
      continue;
    }
    if (is_used_up) {
      fill(frame);
      continue;
    }
    const std::size_t before = frame.next_entry;
    const Budget left{.entries = std::min(entries, options_.limits.max_entries) - result_.entries,
                      .bytes = bytes - result_.bytes};
    look_at_files(take_files(left), on_file);
    if (frame.next_entry != before) continue;
    ++result_.entries;
    // Moved out: the frame itself may move when a directory is entered.
    const std::string name = std::move(frame.entries[frame.next_entry++].name);
    look_at(name, on_file);
  }
  result_.is_finished = true;
  return false;
}

// Mostly the whole directory: then its end is found at once, and it need not be opened again to see that.
void Scanner::fill(Frame& frame) {
  frame.entries.clear();
  frame.next_entry = 0;
  const std::size_t size = way_.size() > deep ? small_part : large_part;
  for (bool is_first = true;; is_first = false) {
    auto part = sys::read_directory(frame.directory.number(), size);
    if (!part) {
      cut(Cut::unreadable, {}, part.error().number);
      frame.is_at_end = true;
      return;
    }
    frame.is_at_end = part->is_at_end;
    if (part->is_at_end) return;
    frame.position = part->next;
    std::ranges::move(part->entries, std::back_inserter(frame.entries));
    const bool may_be_all = part->bytes + sys::max_directory_entry < size;
    if (!is_first || !may_be_all) return;
  }
}

// Most of what is looked at has not changed: asked by its name alone, which is a third of opening it.
bool Scanner::is_passed_over(const std::string& name) {
  const Frame& frame = way_.back();
  const util::WallTime since = oldest_wanted();
  if (since == util::WallTime{}) return false;
  const auto status = sys::read_cached_entry_status(frame.directory.number(), name);
  const bool is_old = status && S_ISREG(status->mode) && status->changed < since;
  if (is_old) ++result_.passed_over;
  return is_old;
}

// The next entries, until one that may be a directory: the names of the files that are to be read.
std::vector<std::string> Scanner::take_files(const Budget& left) {
  Frame& frame = way_.back();
  const std::uint64_t most = std::min<std::uint64_t>(files_at_once, 1 + (left.bytes - 1) / first_.size());
  std::vector<std::string> names;
  for (std::uint64_t i = 0; i < left.entries && names.size() < most; ++i) {
    if (frame.next_entry == frame.entries.size()) break;
    sys::DirectoryEntry& entry = frame.entries[frame.next_entry];
    const bool may_be_directory =
        entry.type == sys::EntryType::directory || entry.type == sys::EntryType::unknown;
    if (may_be_directory) break;
    ++frame.next_entry;
    ++result_.entries;
    // Whiteouts are among the others: character devices.
    if (entry.type == sys::EntryType::regular && !is_passed_over(entry.name))
      names.push_back(std::move(entry.name));
  }
  return names;
}

void Scanner::look_at(const std::string& name, const OnFile& on_file) {
  auto opened = open_entry(privilege_, way_.back().directory.number(), name);
  if (!opened) return note_unopened(name, opened.error().number);
  if (opened->is_directory()) return enter(std::move(*opened), name);
  if (opened->is_regular()) read_entry(*opened, name, on_file);
}

void Scanner::look_at_files(const std::vector<std::string>& names, const OnFile& on_file) {
  if (names.empty()) return;
  std::size_t next = 0;
  for (auto& opened : privilege_.open_regular_files(way_.back().directory.number(), names)) {
    const std::string& name = names[next++];
    if (!opened) {
      const int error = opened.error().number;
      if (error != EINVAL || is_file(name)) note_unopened(name, error);
      continue;
    }
    const auto status = sys::read_status(opened->number());
    if (!status) {
      cut(Cut::unreadable, name, status.error().number);
    } else if (is_wanted(*status)) {
      read_file(std::move(*opened), *status, name, on_file);
    }
  }
}

// Something else than the directory said was put there meanwhile, and the directory says that it has changed.
bool Scanner::is_file(const std::string& name) {
  const auto entry = open_entry(privilege_, way_.back().directory.number(), name);
  return entry && entry->is_regular();
}

// What is gone since, or a link by now, was moved, or put there meanwhile: likewise.
void Scanner::note_unopened(const std::string& name, int error) {
  if (error == EXDEV) {
    ++result_.mounts;
  } else if (error != ENOENT && error != ELOOP) {
    cut(Cut::unreadable, name, error);
  }
}

void Scanner::enter(Entry directory, const std::string& name) {
  if (way_.size() > options_.limits.max_depth) return cut(Cut::depth, name);
  auto opened = privilege_.open_directory(directory.file.number());
  if (!opened) return cut(Cut::unreadable, name, opened.error().number);
  ++result_.directories;
  if (!name.empty()) path_ += "/" + name;
  const bool has_changed = options_.changed_since && directory.status.changed >= *options_.changed_since;
  way_.push_back({.directory = std::move(*opened),
                  .inode = directory.status.inode,
                  .device = device_of(directory.status),
                  .path_length = path_.size(),
                  .is_all_read = has_changed || (!way_.empty() && way_.back().is_all_read),
                  .entries = {}});
  // The top stays open: from there the others are found again.
  const std::size_t open = std::max<std::size_t>(options_.limits.max_open, 1);
  if (way_.size() <= open + 1) return;
  Frame& shut = way_[way_.size() - 1 - open];
  note_change(shut);
  shut.directory.reset();
}

void Scanner::leave() {
  note_change(way_.back());
  way_.pop_back();
  path_.resize(way_.empty() ? 0 : way_.back().path_length);
}

// Asked as late as possible, since only what is moved out of a directory that is not yet left can get behind
// the walk.
void Scanner::note_change(const Frame& frame) {
  if (!frame.directory || result_.has_changed) return;
  const auto status = sys::read_status(frame.directory.number());
  result_.has_changed = !status || status->changed >= result_.started;
}

bool Scanner::ensure_open(std::size_t index) {
  Frame& frame = way_[index];
  if (frame.directory) return true;
  auto opened = open_again(index);
  if (!opened) return false;
  const auto status = sys::read_status(opened->number());
  if (!status || status->inode != frame.inode || device_of(*status) != frame.device) return false;
  if (!frame.is_at_end && !sys::seek_directory(opened->number(), frame.position)) return false;
  frame.directory = std::move(*opened);
  return true;
}

sys::Result<sys::Fd> Scanner::open_again(std::size_t index) {
  const auto entry = open_far_entry(privilege_, way_.front().directory.number(),
                                    std::string_view(path_).substr(0, way_[index].path_length));
  if (!entry) return std::unexpected(entry.error());
  return privilege_.open_directory(entry->file.number());
}

// The ctime from which on a file is read here; the epoch: each.
util::WallTime Scanner::oldest_wanted() const {
  const bool is_all_read = way_.empty() ? is_all_read_ : way_.back().is_all_read;
  return is_all_read ? options_.never_before : std::max(*options_.changed_since, options_.never_before);
}

bool Scanner::is_wanted(const sys::FileStatus& status) {
  if (status.size == 0) return false;
  const bool is_old = status.changed < oldest_wanted();
  if (is_old) ++result_.passed_over;
  return !is_old;
}

void Scanner::read_entry(const Entry& entry, const std::string& name, const OnFile& on_file) {
  if (!is_wanted(entry.status)) return;
  auto file = privilege_.open_regular_file(entry.file.number());
  if (!file) return cut(Cut::unreadable, name, file.error().number);
  read_file(std::move(*file), entry.status, name, on_file);
}

void Scanner::read_file(sys::Fd file, const sys::FileStatus& status, const std::string& name,
                        const OnFile& on_file) {
  const auto got = sys::read_at(file.number(), first_, 0);
  if (!got) return cut(Cut::unreadable, name, got.error().number);
  ++result_.files;
  result_.bytes += *got;
  if (!is_candidate(std::span(first_).first(*got), status, name) || is_repeat(status)) return;
  ++result_.yielded;
  const std::string_view beginning(reinterpret_cast<const char*>(first_.data()), *got);
  on_file({.path = name.empty() ? path_ : path_ + "/" + name,
           .file = std::move(file),
           .status = status,
           .beginning = std::hash<std::string_view>{}(beginning)});
}

bool Scanner::is_candidate(std::span<const std::byte> first, const sys::FileStatus& status,
                           std::string_view name) const {
  if (classify::looks_executable(first)) return true;
  if (classify::find_registration(registrations_, first, name) != nullptr) return true;
  return (status.mode & execute_bits) != 0 && classify::looks_like_text(first);
}

bool Scanner::is_repeat(const sys::FileStatus& status) {
  if (status.links < 2) return false;
  const std::pair file(device_of(status), status.inode);
  const auto found = yielded_links_.find(file);
  if (found != yielded_links_.end()) return found->second++ >= options_.limits.max_yielded_names;
  if (yielded_links_.size() < options_.limits.max_remembered_links) yielded_links_.emplace(file, 1);
  return false;
}

void Scanner::cut(Cut why, std::string_view name, int error) {
  ++result_.cut_off;
  if (result_.told.size() == ScanResult::max_told) return;
  std::string path = path_;
  if (!name.empty() || path.empty()) path += "/" + std::string(name);
  result_.told.push_back({.why = why, .path = std::move(path), .error = error});
}

}  // namespace dropwarden::layer
