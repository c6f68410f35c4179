// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include <boost/asio/io_context.hpp>

#include "dropwarden/config/config.hpp"
#include "dropwarden/model/finding.hpp"
#include "dropwarden/monitor/watched_mounts.hpp"
#include "dropwarden/sys/fd.hpp"

#include "evidence.hpp"
#include "file_opener.hpp"
#include "hash_worker.hpp"

namespace dropwarden::monitor {

// Decides how a file is hashed: a small one at once; a large one by the worker, through the overlay's upper
// directory or the host's own mount of a volume, which pins nothing of the container, or where that does not
// lead to the same file, by the event's descriptor within a budget. Loop's thread only.
class FileHasher {
 public:
  // What is gathered for copies of the files; without room, nothing.
  struct Captures {
    EvidenceRoom* room = nullptr;
    std::uint64_t max_file_bytes = 0;
  };

  FileHasher(boost::asio::io_context& loop, WatchedMounts& mounts, FileOpener opener,
             const config::Watch& settings, HashWorker::OnHash on_hash, Captures captures);

  void reconfigure(const config::Watch& settings) { settings_ = settings; }

  struct Hashing {
    bool is_awaited = false;  // `on_hash` gets it with the serial
    std::optional<Evidence> evidence{};
  };
  // Fills in the hash of `facts`, or starts it, and whether a copy is to be expected. Takes the event's
  // descriptor.
  Hashing hash(model::FileFacts& facts, const EventIdentity& identity, std::uint64_t serial, sys::Fd file);
  auto& worker() { return worker_.worker(); }

 private:
  // `is_later`: its ctime has moved since, which link(2) in a loop does each time. Then its hash says nothing
  // of the file as it was seen, but still that a known drop is seen again.
  sys::Fd open_unpinned(const model::FileFacts& facts, const EventIdentity& identity, bool& is_later);
  bool is_wanted(const model::FileFacts& facts) const;
  Hashing hash_at_once(model::FileFacts& facts, const EventIdentity& identity, const sys::Fd& file);

  WatchedMounts& mounts_;
  FileOpener opener_;
  config::Watch settings_;
  const Captures captures_;
  HashWorker worker_;
};

}  // namespace dropwarden::monitor
