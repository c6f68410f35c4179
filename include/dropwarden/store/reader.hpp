// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dropwarden/store/store.hpp"
#include "dropwarden/util/time.hpp"

namespace dropwarden::store {

// Whose a finding is. All texts are escaped, and empty where they are not known.
struct Workload {
  std::string container;  // its ID
  std::string name;       // of the container
  std::string image;
  std::string pod;
  std::string name_space;  // of the pod
};

// A finding as it is looked at: what its row says, and its newest record.
struct FoundFinding {
  std::string id;
  unsigned revision = 1;
  bool is_final = false;
  unsigned told = 0;         // the newest revision that an output has written
  util::WallTime time;       // of the finding
  util::WallTime last_seen;  // when its file was seen last
  std::uint64_t count = 1;   // how often it was seen
  Workload workload;
  std::string kind;
  unsigned severity = 0;
  std::string decision;
  std::string path;  // where the file was seen last, escaped
  std::string path_state;
  std::uint64_t size = 0;             // bytes
  std::string sha256;                 // empty: not known
  std::optional<std::string> record;  // in the native format; nothing: removed for `Settings::max_size`
};

// Which findings are asked for: all of what is set.
struct Query {
  std::optional<util::WallTime> since{};
  std::function<bool(const Workload&)> is_wanted_workload{};  // called once for each; empty: all are
  std::function<bool(std::string_view path)> is_wanted_path{};
  std::string path_prefix{};         // that all wanted paths have: makes it faster
  std::vector<std::string> kinds{};  // any of them; empty: all
  unsigned min_severity = 0;
  std::vector<std::string> decisions{};  // any of them; empty: all but `excepted` that no output told of
  std::string id_prefix{};
  std::optional<std::size_t> newest{};  // no more than these
  // Those with a record that was stored after the one and not after the other, see `Reader::last_change`.
  std::optional<std::int64_t> after_change{};
  std::optional<std::int64_t> until_change{};
};

// Looks into the database of a daemon, which may run or not, and changes nothing in it. One thread at a time.
class Reader {
 public:
  // Throws CannotOpen when there is none, or none of this version of dropwarden; the text names it.
  explicit Reader(const std::string& path);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // Calls `on_finding` with each, the oldest first, or by their last records where `after_change` is given,
  // until it returns false. No lock is held meanwhile, so it may take its time; what is removed by then is
  // left out. Throws std::runtime_error.
  void find(const Query& query, const std::function<bool(const FoundFinding&)>& on_finding);
  // How many there are.
  std::size_t count(const Query& query);
  // Grows with each record that is stored.
  std::int64_t last_change();
  // The path leads to another file by now: a damaged database was set aside.
  bool is_replaced() const;

  // What the last `find` cost, for tests: the steps of full scans, the steps of SQLite's virtual machine, and
  // how often rows were read, for which the file is locked.
  struct Cost {
    std::int64_t rows_scanned = 0;
    std::int64_t steps = 0;
    std::int64_t transactions = 0;
  };
  Cost cost() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dropwarden::store
