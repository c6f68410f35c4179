// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>

namespace dropwarden::mount {

// Who names a layer, or shows a place.
struct Teller {
  enum class Kind : std::uint8_t {
    host,        // its mount table
    own_users,   // processes in our user namespace
    user,        // `number`, in a user namespace that he made
    name_space,  // user namespace `number`, made by root or nobody knows whom
  };
  Kind kind = Kind::host;
  std::uint64_t number = 0;

  // Only who has CAP_SYS_ADMIN of ours mounts there.
  bool is_trusted() const { return kind <= Kind::own_users; }
  friend auto operator<=>(const Teller&, const Teller&) = default;
};

// How much each teller has of a table that is bounded, so that none can keep the others out. Of the host all
// is taken. A value; pure.
class Shares {
 public:
  static constexpr std::size_t most = 65536;  // of our user namespace, and again of all others together
  static constexpr std::size_t share = 8192;  // of each of those others

  // Nothing is taken where it is false.
  bool take(const Teller& teller) {
    if (teller.kind == Teller::Kind::host) return true;
    const auto taken = taken_.find(teller);
    const std::size_t own = taken == taken_.end() ? 0 : taken->second;
    if (teller.is_trusted() ? own >= most : own >= share || of_others_ >= most) return false;
    ++taken_[teller];
    if (!teller.is_trusted()) ++of_others_;
    return true;
  }
  void give_back(const Teller& teller) {
    const auto taken = taken_.find(teller);
    if (taken == taken_.end()) return;
    if (--taken->second == 0) taken_.erase(taken);
    if (!teller.is_trusted()) --of_others_;
  }

 private:
  std::map<Teller, std::size_t> taken_;
  std::size_t of_others_ = 0;
};

}  // namespace dropwarden::mount
