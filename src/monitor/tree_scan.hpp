// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "dropwarden/classify/registration.hpp"
#include "dropwarden/layer/scanner.hpp"
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/util/time.hpp"

#include "mount_tree.hpp"

namespace dropwarden::monitor {

// The files that a scan has handed on, so that the next one does not do it again: by path, inode, size, times
// and first bytes. Those that were being written then are put off instead, once, and go by inode. One thread.
using HandedOn = std::unordered_set<std::uint64_t>;

// One scan of a mount: a walk, and further ones of what has changed meanwhile, while something does; four at
// most. Holds nothing between two steps. One thread at a time.
class TreeScan {
 public:
  struct Totals {
    // Of the last walk, or when it could not begin; the epoch: neither yet. At the end no later than what was
    // put off has changed.
    util::WallTime started{};
    std::chrono::nanoseconds opening{};  // the mount, for each step anew
    std::uint64_t entries = 0;
    std::uint64_t files = 0;  // of which the first bytes were read
    std::uint64_t bytes = 0;
    std::uint64_t yielded = 0;
    std::uint64_t handed_on = 0;        // of these, what had not been handed on before
    std::vector<std::string> problems;  // what was left out, and why; escaped
    bool is_gone = false;               // there is nothing to be scanned any more
  };

  struct Range {
    util::WallTime changed_since{};  // the epoch: everything
    util::WallTime never_before{};   // layer::ScanOptions
    bool tells_again = false;        // also what was handed on before this scan
    // Whether a scan that comes a minute later reads what this one leaves to it.
    bool may_put_off = false;
  };
  TreeScan(privilege::Privilege& privilege, MountTree tree, const Range& range,
           std::vector<classify::RegistrationRule> rules)
      : privilege_(privilege),
        tree_(std::move(tree)),
        since_(range.changed_since),
        never_before_(range.never_before),
        tells_again_(range.tells_again),
        may_put_off_(range.may_put_off),
        rules_(std::move(rules)) {}

  // Takes the file; `located` is told of it.
  using OnFile = std::function<void(layer::ScannedFile, Located)>;
  // False when it has come to its end.
  bool step(const layer::Scanner::Budget& budget, HandedOn& handed_on, const OnFile& on_file);

  const Totals& totals() const { return totals_; }
  bool is_complete() const { return totals_.problems.empty(); }
  const WatchedMount& mount() const { return tree_.mount(); }

 private:
  bool open();
  bool fail(const sys::Error& error);
  bool end_walk();
  bool is_put_off(const layer::ScannedFile& file, HandedOn& handed_on);
  void on_scanned(layer::ScannedFile file, HandedOn& handed_on, const OnFile& on_file);
  void add(const layer::ScanResult& before, const layer::ScanResult& after);

  privilege::Privilege& privilege_;
  MountTree tree_;
  util::WallTime since_;
  const util::WallTime never_before_;
  const bool tells_again_;
  const bool may_put_off_;
  std::vector<classify::RegistrationRule> rules_;
  std::chrono::steady_clock::time_point step_began_{};
  std::unique_ptr<layer::Scanner> scanner_;
  int walks_ = 0;
  HandedOn put_off_;                            // by this scan
  std::optional<util::WallTime> put_off_from_;  // the first ctime of those
  bool is_further_ = false;                     // what had not changed has been walked past
  Totals totals_;
};

}  // namespace dropwarden::monitor
