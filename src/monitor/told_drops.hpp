// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "dropwarden/attribute/drop_key.hpp"
#include "dropwarden/model/finding.hpp"

namespace dropwarden::monitor {

// What one scan has told: the same content in the same file is one drop, by whatever name it is met and
// however its ctime moves meanwhile. A container can make many, but each with a file of its own.
class ToldDrops {
 public:
  // `file_system` as `attribute::finding_id` takes it. False when it was told.
  bool insert(const model::Finding& finding, std::string_view file_system) {
    const auto content = attribute::content_digest(finding);
    const bool is_new_id = ids_.insert(finding.id).second;
    if (!content) return is_new_id;
    return drops_.emplace(attribute::place_digest(finding, file_system), *content).second && is_new_id;
  }

 private:
  std::set<std::string> ids_;
  std::set<std::pair<attribute::Digest, attribute::Digest>> drops_;
};

}  // namespace dropwarden::monitor
