// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "dropwarden/util/time.hpp"

namespace dropwarden::store {

// How far one mount of a container is known to have been looked at. A value; container and mount are its key.
struct SyncState {
  std::string container;  // its ID; may be empty
  std::string mount;      // a name of the mount that holds after a restart; what it says is the caller's
  util::WallTime synced_until{};  // what changed before was seen; the epoch: nothing is known
  std::string reasons{};          // why it is desynced, for people and the caller; empty: it is not
  util::WallTime updated{};
  util::WallTime told_from{};     // what changed before is not told; the epoch: all is
  util::WallTime written_from{};  // nothing that changed before is its containers' doing; the epoch: unknown

  friend bool operator==(const SyncState&, const SyncState&) = default;
};

// How the daemon that had the store before has ended.
struct LastRun {
  util::WallTime alive_at{};  // when it last said that it watches (`Store::keep_alive`)
  bool is_clean_end = false;  // it ended by itself, with everything told; else killed, or the machine stopped

  friend bool operator==(const LastRun&, const LastRun&) = default;
};

}  // namespace dropwarden::store
