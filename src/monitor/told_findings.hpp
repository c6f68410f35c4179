// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>
#include <vector>

#include "dropwarden/model/finding.hpp"

namespace dropwarden::monitor {

// The newest findings whole, as their last records told them, for the further record of a drop that has
// moved: that was renamed, linked, or had its mode or owner changed. Bounded: the least recently used is
// forgotten first. One thread. Pointers hold until the next `add`.
class ToldFindings {
 public:
  struct Told {
    model::Finding finding;  // its newest record
    std::string file_system;
    // Hashes of all appearances that were told: a file with several names is seen under each, again and
    // again.
    std::vector<std::size_t> appearances;

    // Whether a further sighting shows the file otherwise than it was told. Of a file with one name, only the
    // last record counts.
    bool is_news(const model::FileFacts& file) const;
    // Whether the sighting shows where the file was, and not where it is.
    bool has_left(const model::FileFacts& file) const;
    // The file still appears as it was told, if it does.
    void confirm(const model::FileFacts& file);
    // Takes over how the file appears now.
    void move(const model::FileFacts& file);
    // Whether there was such a record.
    bool has_moved() const { return appearances.size() > 1; }

   private:
    bool has_older_name(const model::FileFacts& file) const;
  };
  explicit ToldFindings(std::size_t capacity) : capacity_(capacity) {}

  // A finding that was told for the first time.
  void add(const model::Finding& finding, std::string file_system);
  Told* find(const std::string& id);

 private:
  const std::size_t capacity_;
  std::list<Told> told_;  // the most recently used first
  std::unordered_map<std::string, std::list<Told>::iterator> by_id_;
};

// Takes over the facts that change without a write: path, mode, owner, times.
void copy_appearance(const model::FileFacts& from, model::FileFacts& to);

}  // namespace dropwarden::monitor
