// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include <boost/unordered/unordered_flat_set.hpp>

#include "dropwarden/attribute/drop_key.hpp"
#include "dropwarden/model/decision.hpp"

namespace dropwarden::monitor {

// What it takes to know a drop again: 60 bytes each, and with its marks and the indices 77 when there are
// many.
struct KnownDrop {
  attribute::Digest id{};
  attribute::Digest place{};    // attribute::place_digest
  attribute::Digest content{};  // attribute::content_digest; zeros while it is not known
  std::uint32_t revision = 1;   // of its newest record
  std::uint32_t path = 0;       // store::path_hash of where it was told to be; 0: not known
  std::uint32_t exception = 0;  // policy::exception_key of the one that covers it; 0: none
  // Once it is shown it stays so; what an exception covers may be shown later.
  model::Verdict verdict = model::Verdict::shown;
};

// The drops that were told, so that one that is seen again is not told again. Bounded: when it is full, the
// oldest that was not seen again since its last turn is forgotten. One thread. Pointers hold until the next
// `add` or `forget`.
//
// A daemon fills it for as long as there are drops, so it grows by what a drop takes and in no other way:
// room for all is reserved at once, of which the kernel gives a page when it is first written to, and the
// indices have numbers of slots and no keys. Vectors and maps of whole drops that double leave holes in the
// heap of their size.
class KnownDrops {
 public:
  explicit KnownDrops(std::size_t capacity);
  KnownDrops(const KnownDrops&) = delete;
  KnownDrops& operator=(const KnownDrops&) = delete;

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
  struct Slot {
    KnownDrop drop;
    bool is_taken = false;
    bool is_seen_again = false;
  };
  using Slots = std::vector<Slot>;
  using Number = std::uint32_t;  // of a slot
  // A slot that is in an index keeps its key.
  using Key = attribute::Digest KnownDrop::*;

  class Hash {
   public:
    using is_transparent = void;
    using is_avalanching = void;  // half a SHA-256 is as mixed as it can be
    Hash(const Slots& slots, Key key) : slots_(&slots), key_(key) {}
    std::size_t operator()(const attribute::Digest& digest) const noexcept {
      std::size_t hash = 0;
      std::memcpy(&hash, digest.data(), sizeof hash);
      return hash;
    }
    std::size_t operator()(Number number) const noexcept { return operator()((*slots_)[number].drop.*key_); }

   private:
    const Slots* slots_;
    Key key_;
  };
  class Equal {
   public:
    using is_transparent = void;
    Equal(const Slots& slots, Key key) : slots_(&slots), key_(key) {}
    bool operator()(Number one, Number other) const noexcept { return operator()(of(one), other); }
    bool operator()(const attribute::Digest& digest, Number number) const noexcept {
      return digest == of(number);
    }
    bool operator()(Number number, const attribute::Digest& digest) const noexcept {
      return digest == of(number);
    }

   private:
    const attribute::Digest& of(Number number) const noexcept { return (*slots_)[number].drop.*key_; }

    const Slots* slots_;
    Key key_;
  };
  using Index = boost::unordered_flat_set<Number, Hash, Equal>;

  Number make_room();
  KnownDrop* find(const Index& index, const attribute::Digest& key);

  const std::size_t capacity_;
  Slots slots_;
  std::size_t next_ = 0;  // the slot whose turn it is
  Index by_id_{0, Hash(slots_, &KnownDrop::id), Equal(slots_, &KnownDrop::id)};
  // The newest of each place.
  Index by_place_{0, Hash(slots_, &KnownDrop::place), Equal(slots_, &KnownDrop::place)};
  bool has_forgotten_ = false;
};

}  // namespace dropwarden::monitor
