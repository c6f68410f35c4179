// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "dropwarden/store/reader.hpp"
#include "dropwarden/util/time.hpp"

namespace dropwarden::cli::watch {

// A container with what it has to do with findings.
struct ContainerRow {
  std::string id;
  std::string name;  // or as much of the ID as is usual
  std::string image{};
  bool is_running = false;
  bool is_desynced = false;
  std::size_t mounts = 0;    // that are watched
  std::size_t findings = 0;  // of those that are at hand
  std::size_t in_last_minute = 0;
  util::WallTime newest{};
};

// What the daemon says of itself.
struct DaemonFacts {
  std::string problem = "asking the daemon";  // empty: it has answered
  std::int64_t received = 0;                  // events since it started
  std::int64_t lost = 0;
  std::optional<double> events_per_second{};
  util::WallTime time{};
};

// All that `watch` shows, and what the keys do to it. Pure.
class State {
 public:
  static constexpr std::size_t kept_findings = 1000;

  // A finding, or a further record of one.
  void add(const store::FoundFinding& finding);
  // The daemon's report on containers, as `containers --json` prints it; or why there is none.
  void set_report(const boost::json::object& report, util::WallTime now);
  void set_problem(std::string problem);

  // Keys as a terminal sends them. False: it is over.
  bool press(std::string_view keys);

  // The containers to show, those with the newest findings first; and the findings, the newest first.
  std::vector<ContainerRow> containers(util::WallTime now) const;
  std::vector<const store::FoundFinding*> findings() const;

  const DaemonFacts& daemon() const { return daemon_; }
  std::size_t desynced() const;
  std::size_t running() const;
  std::size_t selected() const { return selected_; }           // row of `containers`
  const std::string& container() const { return container_; }  // its ID, of which alone findings are shown
  const std::string& text() const { return text_; }            // that they have to hold
  unsigned min_severity() const { return min_severity_; }
  bool is_typing() const { return is_typing_; }
  bool is_paused() const { return is_paused_; }

 private:
  bool press_one(std::string_view key);
  void type(std::string_view key);
  bool is_shown(const store::FoundFinding& finding) const;

  std::deque<store::FoundFinding> findings_;  // the newest last
  std::deque<store::FoundFinding> waiting_;   // while it is paused
  std::map<std::string, ContainerRow> reported_;
  DaemonFacts daemon_;
  std::string container_;
  std::string text_;
  unsigned min_severity_ = 0;
  std::size_t selected_ = 0;
  bool is_typing_ = false;
  bool is_paused_ = false;
};

}  // namespace dropwarden::cli::watch
