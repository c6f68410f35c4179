// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "support/record.hpp"

namespace dropwarden::test {

// The findings that a monitor writes to a file, line by line. One thread.
class RecordFile {
 public:
  explicit RecordFile(std::string file) : file_(std::move(file)) {}

  // All so far, in their order, of all containers of the machine. Throws on a line that is no JSON.
  const std::vector<Record>& all();
  // The first that `is_wanted` holds for; nothing when there was none within `limit`.
  std::optional<Record> wait_for(const RecordPredicate& is_wanted, std::chrono::milliseconds limit);
  // Identifiers of the findings so far in this container.
  std::set<std::string> ids(const std::string& container_id);

 private:
  std::string file_;
  std::vector<Record> records_;
  std::size_t bytes_read_ = 0;
};

}  // namespace dropwarden::test
