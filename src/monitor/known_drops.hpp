// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "dropwarden/attribute/drop_key.hpp"
#include "dropwarden/model/decision.hpp"

namespace dropwarden::monitor {

// What it takes to know a drop again: 60 bytes each, and with the indices 136.
struct KnownDrop {
  attribute::Digest id{};
  attribute::Digest place{};    // attribute::place_digest
  attribute::Digest content{};  // attribute::content_digest; zeros while it is not known
  std::uint32_t revision = 1;   // of its newest record
  std::uint32_t path = 0;       // store::path_hash of where it was told to be; 0: not known
  bool is_final = true;         // that record's status
  // Once it is shown it stays so; what an exception covers may be shown later.
  model::Verdict verdict = model::Verdict::shown;
};

// The drops that were told, so that one that is seen again is not told again. Bounded: when it is full, the
// oldest that was not seen again since its last turn is forgotten. One thread. Pointers hold until the next
// `add` or `forget`.
class KnownDrops {
 public:
  explicit KnownDrops(std::size_t capacity) : capacity_(capacity) {}

  KnownDrop* find(const attribute::Digest& id);
  // The one that was told last of a file at this place: what was there before has been overwritten.
  KnownDrop* find_at(const attribute::Digest& place);
  // A further drop, whose id is not known yet.
  KnownDrop& add(const KnownDrop& drop);
  // It may be told again.
  void forget(const attribute::Digest& id);
  std::size_t size() const { return by_id_.size(); }
  // Whether a drop that no exception covers is not known any more.
  bool has_forgotten() const { return has_forgotten_; }

 private:
  struct Hash {
    using is_avalanching = void;  // half a SHA-256 is as mixed as it can be
    std::size_t operator()(const attribute::Digest& digest) const noexcept {
      std::size_t hash = 0;
      std::memcpy(&hash, digest.data(), sizeof hash);
      return hash;
    }
  };
  struct Slot {
    KnownDrop drop;
    bool is_taken = false;
    bool is_seen_again = false;
  };
  using Index = boost::unordered_flat_map<attribute::Digest, std::uint32_t, Hash>;

  std::uint32_t make_room();
  KnownDrop* find(const Index& index, const attribute::Digest& key);

  const std::size_t capacity_;
  std::vector<Slot> slots_;
  std::size_t next_ = 0;  // the slot whose turn it is
  Index by_id_;
  Index by_place_;
  bool has_forgotten_ = false;
};

}  // namespace dropwarden::monitor
