// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "teller.hpp"

namespace dropwarden::mount {

// The paths by which overlays name their layers, by whom each was named, and when last. Anybody can name the
// layer of another, whose table everybody may read, so no name is anybody's alone. A value; pure.
class LayerNames {
 public:
  using Clock = std::chrono::steady_clock;

  // Whether it was not named by this teller before, and is now: not beyond his share.
  bool add(const std::string& path, const Teller& teller, Clock::time_point now);
  bool contains(const std::string& path) const { return names_.contains(path); }
  bool contains(const std::string& path, const Teller& teller) const;
  // By whose word a directory at that path, which belongs to `owner` as far as that is known, is a layer: a
  // user's alone counts for what is his.
  std::optional<Teller> find(const std::string& path, std::optional<std::uint32_t> owner) const;
  std::vector<std::string> paths() const;
  // Forgets what was named last before that.
  void expire(Clock::time_point before);

 private:
  struct Telling {
    Teller teller;
    Clock::time_point last;
  };
  // By the teller. Nearly all have one, and there are as many as all images have layers.
  using Tellings = std::vector<Telling>;
  static bool has(const Tellings& tellings, const Teller& teller);

  std::map<std::string, Tellings> names_;
  Shares shares_;
};

}  // namespace dropwarden::mount
