// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include "dropwarden/classify/classify.hpp"
#include "dropwarden/model/disposition.hpp"
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/time.hpp"
#include "dropwarden/watch/fid_decoder.hpp"

#include "registrations.hpp"
#include "sighting.hpp"
#include "upper_places.hpp"

namespace dropwarden::monitor {

// Says what file a record of an upper file system is about: whose, where the container sees it, and opens it.
// By far most records are of files that are no container's; for these it looks one handle up in a table. One
// thread. Waits for disks.
class UpperResolver {
 public:
  explicit UpperResolver(privilege::Privilege& privilege)
      : privilege_(privilege), registrations_(privilege) {}

  void set_places(std::shared_ptr<const UpperPlaces> places);

  // What a file was like when it was looked at, to tell whether it is still being written.
  struct Look {
    std::uint64_t size = 0;
    util::WallTime modified;

    friend bool operator==(const Look&, const Look&) = default;
  };
  // Nothing for what is no container's, no regular file, or gone. A Look where it may be half written: its
  // name or its attributes changed while, or shortly before, bytes came. Its close is told of elsewhere, and
  // a finding of half a file would be one too many; so it is asked for again, with that look as `before`,
  // until nothing has changed for `settling`. A loss where it may be a container's, and is there, but was not
  // opened for us: of this mount, by its serial, or 0 where that is not known.
  struct Missed {
    model::Loss loss = model::Loss::open_failed;
    std::uint64_t mount = 0;
    int error = 0;  // why, an errno; 0 where no call failed
  };
  // It was read, and is nothing that anybody would run.
  struct PassedOver {};
  using Answer = std::variant<std::monostate, Sighting, PassedOver, Look, Missed>;
  // Asks by one question or two for what `resolve` of each of these, called next, would ask for one by one.
  void foresee(std::span<const watch::FidEvent> events);
  Answer resolve(const watch::FidEvent& event, const std::optional<Look>& before = {});
  // The file may still be written, but it is looked at as it is.
  Answer resolve_at_last(const watch::FidEvent& event);
  static constexpr std::chrono::milliseconds settling{200};
  // A directory has moved: what was known of paths is not true any more.
  void forget_paths() { directories_.clear(); }
  // Then also whether a directory of a container's is where it was proven to be: a loss for each that has
  // left, so that what lies there has no place. Each is told once, and again when it has been back.
  std::vector<Missed> check_places();
  // What lies below a directory that was moved to where `event` says, by its new names; of many only the
  // first `max_moved_entries`: a scan finds the others by the directory's ctime. An overlay moves a directory
  // as well when it copies it up, which it does before the first file in it is made: so a file that is still
  // being written is left out, and the directory is to be asked for again, with `told_until` as it was
  // answered. At last such a file is looked at as it is, but for one that is open for writing then: its close
  // is told of.
  struct Moved {
    std::vector<Sighting> sightings;
    std::uint64_t passed_over = 0;
    util::WallTime told_until{};  // what was written after that has been left out
    bool is_settled = true;       // nothing has been
  };
  Moved resolve_moved(const watch::FidEvent& event, util::WallTime told_until, bool is_last);
  static constexpr std::uint64_t max_moved_entries = 1024;
  // Closes the mount that was held to open handles by, and what was foreseen: after each round of records.
  void let_go();

  // How many files were gone when they were looked for, and how many records were of no container's.
  struct Tally {
    std::uint64_t elsewhere = 0;
    std::uint64_t gone = 0;
  };
  const Tally& tally() const { return tally_; }

 private:
  struct Directory {
    const UpperPlace* place = nullptr;  // null: no container's
    std::string path;                   // as the container sees it
  };
  struct Opened {
    sys::Fd entry;  // O_PATH, or the file itself
    const UpperPlace* place = nullptr;
    std::string path;
    bool is_file = false;
    std::chrono::steady_clock::time_point named_at{};
  };
  struct HashFid {
    std::size_t operator()(const watch::Fid& fid) const noexcept {
      return sys::HashFileHandle{}(fid.handle) ^ fid.file_system.value;
    }
  };

  enum class Foreseen { entry, file };
  bool is_worth_opening(const watch::FidEvent& event);
  std::optional<sys::Result<sys::Fd>> take_foreseen(const watch::Fid& fid, Foreseen what);
  std::optional<Opened> open_named(const watch::FidEvent& event);
  sys::Result<sys::Fd> open_by_name(const watch::FidEvent& event);
  sys::Result<sys::Fd> open_nameless(const watch::FidEvent& event);
  std::optional<Opened> open_unnamed(const watch::FidEvent& event);
  const Directory& directory_of(const watch::Fid& fid);
  sys::Result<int> hold_mount(const model::FileSystemId& file_system);
  sys::Result<sys::Fd> open(const watch::Fid& fid);
  std::optional<sys::Result<sys::Fd>> open_file(const watch::FidEvent& event);
  Answer answer(const watch::FidEvent& event, const std::optional<Look>& before, bool is_last);
  std::optional<Opened> find(const watch::FidEvent& event);
  void note_unopened(const sys::Error& error, std::uint64_t mount);
  void follow_name(Opened& opened);
  bool is_in_its_place(const UpperPlace& place, std::string_view path, int opened);
  std::optional<UpperPlaces::Found> find_place(int opened);
  bool is_settled(const Look& look, const std::optional<Look>& before) const;
  std::optional<Sighting> show(Opened opened, sys::Fd file, model::Pid pid);
  Answer look_at(Opened opened, const watch::FidEvent& event, const std::optional<Look>& before,
                 bool is_last);
  std::optional<Located::Numbers> look_through_overlay(const UpperPlace& place, std::string_view path,
                                                       int file);

  // Beyond that many it is forgotten: a host has more directories than are written to.
  static constexpr std::size_t max_directories = 8192;

  privilege::Privilege& privilege_;
  Registrations registrations_;
  std::shared_ptr<const UpperPlaces> places_ = std::make_shared<const UpperPlaces>();
  std::unordered_map<watch::Fid, Directory, HashFid> directories_;
  struct Held {
    sys::Fd mount;
    model::FileSystemId file_system;
  };
  Held held_;
  struct ForeseenObject {
    Foreseen what;
    sys::Result<sys::Fd> opened;
  };
  std::unordered_map<watch::Fid, ForeseenObject, HashFid> foreseen_;
  std::unordered_set<std::uint64_t> left_;  // serials of the mounts whose directories have left their places
  Tally tally_;
  const Directory unknown_;
  std::optional<Missed> lost_;  // of the record at hand
  std::array<std::byte, classify::first_bytes> first_{};
};

}  // namespace dropwarden::monitor
