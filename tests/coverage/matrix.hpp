// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "active_sensors.hpp"
#include "expectation.hpp"
#include "method.hpp"
#include "support/runtime.hpp"

namespace dropwarden::test {

// All of them, in the order of the table.
std::vector<Method> all_methods();

// What came of one method at one place.
struct Outcome {
  std::string problem;                 // the method could not do it: why
  bool is_unsupported = false;         // by kernel or file system
  std::vector<std::string> sensors;    // `detected_by` of the records, in their order
  std::set<std::string> ids;           // of findings
  std::string last_path;               // of the last record
  std::string final_path;              // what the file is called in the end
  std::string state;                   // `path_state` of the last record
  std::chrono::milliseconds delay{0};  // from the end of the method to the time of the first record

  bool is_seen() const { return !sensors.empty(); }
};

// One run of the daemon on one kind of upper file system, in which every method acts once at every place.
struct MatrixOptions {
  std::string file_system;  // under the layers and the named volume
  Switches switches{};
};

class Matrix {
 public:
  // Makes a container, starts the daemon, acts, waits, takes all away again. Throws std::runtime_error.
  Matrix(const RuntimePlace& place, const MatrixOptions& options, const std::vector<Expectation>& table);

  // By method and place.
  const Outcome& outcome(const std::string& method, const std::string& at) const {
    return outcomes_.at({method, at});
  }
  // Which sensors were active at this place.
  const std::set<std::string>& active(const std::string& at) const { return active_.at(at); }
  const std::map<std::string, std::uint64_t>& ledger() const { return ledger_; }

 private:
  std::map<std::pair<std::string, std::string>, Outcome> outcomes_;
  std::map<std::string, std::set<std::string>> active_;
  std::map<std::string, std::uint64_t> ledger_;
};

// Stands among the active sensors where sensor A's marks were taken away behind its back: nothing may stand
// in for it.
inline constexpr const char* taken_close_write = "close_write:taken";

// What is wrong with an outcome, given what was promised and which sensors were active; empty when nothing.
std::string compare(const Outcome& outcome, const Expectation& row, const std::string& at,
                    const std::set<std::string>& active);

// The bound that goes with a sensor: `at once`, `second look`, `when executed`, `next sweep`.
const char* bound_of(const std::string& sensor);

}  // namespace dropwarden::test
