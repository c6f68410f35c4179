// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dropwarden/classify/classify.hpp"
#include "dropwarden/classify/registration.hpp"
#include "dropwarden/layer/entry.hpp"
#include "dropwarden/layer/readable_mounts.hpp"
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/sys/directory.hpp"
#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/time.hpp"

namespace dropwarden::layer {

// How far a scan goes in a tree that somebody may make as deep and as broad as he likes.
struct ScanLimits {
  std::size_t max_depth = 4096;              // directories on the way to a file
  std::uint64_t max_entries = 20'000'000;    // names, over all directories
  std::size_t max_open = 32;                 // directories held open: the deepest
  std::size_t max_remembered_links = 65536;  // files with several names that were yielded
  // How often such a file is: the first of its names may be one that the image has as well, and only a later
  // one a drop.
  std::size_t max_yielded_names = 8;
};

struct ScanOptions {
  // Only what has changed at or after this time is read. ctime cannot be set by a process, but follows the
  // wall clock: where that was set back, a file has an older ctime than what was written before it. A
  // directory's ctime tells as well that it was moved, with all that is in it: below one (but the top) that
  // has changed, everything is read.
  std::optional<util::WallTime> changed_since{};
  // What changed before is left out wherever it lies: it was there before anybody asked, and a directory in
  // which a name changes brings nothing of that.
  util::WallTime never_before{};
  // Of a file system in memory, whatever has changed: a store to a page that is dirty already moves no ctime,
  // and there no page is ever written back, after which it would.
  bool reads_all_in_memory = false;
  ScanLimits limits{};
};

// Why something was left out.
enum class Cut {
  depth,       // deeper than `max_depth`
  entries,     // more than `max_entries`
  moved,       // a directory was moved away before its end was read
  unreadable,  // the kernel's error says why; EAGAIN: a lease, or a rename that came in between
};
const char* name_of(Cut cut);

struct CutOff {
  Cut why = Cut::unreadable;
  std::string path;  // from the top, raw bytes
  int error = 0;     // errno, for `unreadable`
};

struct ScanResult {
  static constexpr std::size_t max_told = 16;

  bool is_finished = false;       // the walk came to its end; false: it was stopped on the way
  std::uint64_t entries = 0;      // names that were looked at
  std::uint64_t directories = 0;  // that were walked
  std::uint64_t files = 0;        // of which the first bytes were read
  std::uint64_t bytes = 0;        // that were read of them
  std::uint64_t passed_over = 0;  // files that have not changed since the time that was asked for
  std::uint64_t yielded = 0;      // that deserve a closer look
  std::uint64_t mounts = 0;       // left out: something is mounted there, which is not part of this tree
  std::uint64_t cut_off = 0;      // how often something was left out
  std::vector<CutOff> told;       // the first of them
  // A directory changed while the tree was walked: what was moved from where the walk had not been yet to
  // where it had been was not seen. A further scan of what has changed since `started` sees it.
  bool has_changed = false;
  util::WallTime started{};  // before the first entry was read, by the clock of file systems

  bool is_complete() const { return is_finished && cut_off == 0; }
};

// A regular file that deserves a closer look.
struct ScannedFile {
  std::string
      path;      // `/usr/bin/x` from the top, raw bytes; may be longer than PATH_MAX; empty: the top itself
  sys::Fd file;  // O_RDONLY
  sys::FileStatus status;
  std::uint64_t beginning = 0;  // a hash of the first bytes: to tell one content from another, for a while
};

// Looks through one tree on the host that a container may write to: the upper directory of its overlay, or
// the directory of a volume. Yields the files that may be executable by their first 256 bytes and their mode.
//
// The tree is hostile and changes at any moment. Each step is taken from an open directory by a single name,
// following no link and no mount; a file is opened for reading once fstat(2) has said that it is a regular
// one, so that nothing else (FIFO, device, socket) ever is, and without waiting for a lease. Files that lie
// beside one another are asked for at once. What has many names is yielded once, while it can be remembered.
// Whiteouts are passed over; opaque directories are directories. Memory is bounded by ScanLimits and not by
// the tree.
//
// Between two steps it holds directories of the tree open, so that the file system below cannot be unmounted,
// nor the mount by which the top was reached: a walk with pauses lets go of them. One thread at a time.
class Scanner {
 public:
  // `top` as `open_tree` gives it: a directory, or a single file, which is then all there is.
  // `registrations` must outlive the scanner.
  Scanner(privilege::Privilege& privilege, sys::Fd top, ScanOptions options,
          std::span<const classify::RegistrationRule> registrations = {});

  // What one step may do, at most; it ends soon after the first is used up.
  struct Budget {
    std::uint64_t entries = 1024;
    std::uint64_t bytes = std::uint64_t{1} << 20U;
  };
  using OnFile = std::function<void(ScannedFile)>;
  // Goes on where the last step ended. False when there is nothing left to do. Not while it has let go.
  bool step(const Budget& budget, const OnFile& on_file);

  // Closes all directories; where it stands it remembers by their names and inodes. What is moved away until
  // it comes back to it is cut off (`Cut::moved`).
  void let_go();
  // The top, opened again. False when it is another one than before: the walk cannot go on.
  bool resume(sys::Fd top);

  const ScanResult& result() const { return result_; }

 private:
  // A directory on the way: open, or to be opened again when the walk comes back to it.
  struct Frame {
    sys::Fd directory;
    std::uint64_t inode = 0;
    std::uint64_t device = 0;
    std::size_t path_length = 0;               // of the path with this directory
    bool is_all_read = false;                  // whatever its files' ctime
    std::vector<sys::DirectoryEntry> entries;  // read, those from `next_entry` not yet looked at
    std::size_t next_entry = 0;
    std::int64_t position = 0;  // where its next entries begin
    bool is_at_end = false;
  };

  void begin(Entry top);
  void fill(Frame& frame);
  bool ensure_open(std::size_t index);
  sys::Result<sys::Fd> open_again(std::size_t index);
  std::vector<std::string> take_files(const Budget& left);
  void look_at(const std::string& name, const OnFile& on_file);
  void look_at_files(const std::vector<std::string>& names, const OnFile& on_file);
  bool is_file(const std::string& name);
  void note_unopened(const std::string& name, int error);
  util::WallTime oldest_wanted() const;
  bool is_passed_over(const std::string& name);
  void enter(Entry directory, const std::string& name);
  void leave();
  void note_change(const Frame& frame);
  bool is_wanted(const sys::FileStatus& status);
  void read_entry(const Entry& entry, const std::string& name, const OnFile& on_file);
  void read_file(sys::Fd file, const sys::FileStatus& status, const std::string& name, const OnFile& on_file);
  bool is_candidate(std::span<const std::byte> first, const sys::FileStatus& status,
                    std::string_view name) const;
  bool is_repeat(const sys::FileStatus& status);
  void cut(Cut why, std::string_view name, int error = 0);

  privilege::Privilege& privilege_;
  const ScanOptions options_;
  bool is_all_read_ = false;
  const std::span<const classify::RegistrationRule> registrations_;
  std::vector<Frame> way_;
  std::optional<Entry> single_;  // a top that is a file, until it has been read
  std::string path_;             // of the deepest directory of the way, without a slash at the end
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::size_t>
      yielded_links_;  // by device (subvolumes have their own) and inode, how often
  std::array<std::byte, classify::first_bytes> first_{};
  ScanResult result_;
};

// The directory `path` of the host, for a Scanner. ENOTSUP when it is on a file system that might not answer.
sys::Result<sys::Fd> open_tree(privilege::Privilege& privilege, const ReadableMounts& mounts,
                               const std::string& path);
// The upper directory likewise, and EPERM where another one than was proven is at its path.
sys::Result<sys::Fd> open_upper_tree(privilege::Privilege& privilege, const ReadableMounts& mounts,
                                     const model::OverlayLayers& layers);

}  // namespace dropwarden::layer
