// SPDX-License-Identifier: Apache-2.0
#include "one_finding.hpp"

#include <stdexcept>
#include <utility>
#include <vector>

#include "dropwarden/config/config.hpp"
#include "dropwarden/util/escape.hpp"

namespace dropwarden::cli {

store::FoundFinding find_one(store::Reader& reader, const std::string& id) {
  constexpr std::string_view digits = "0123456789abcdef";
  if (id.find_first_not_of(digits) != std::string::npos)
    throw config::ConfigError("dropwarden: " + util::escape(id) +
                              " is no ID of a finding, nor the beginning of one");
  store::Query query;
  query.id_prefix = id;
  query.decisions = {"shown", "excepted", "held_back"};
  query.newest = 2;
  std::vector<store::FoundFinding> found;
  reader.find(query, [&](const store::FoundFinding& finding) {
    found.push_back(finding);
    return true;
  });
  if (found.empty()) throw std::runtime_error("there is no finding " + id);
  if (found.size() > 1) throw config::ConfigError("dropwarden: more than one finding begins with " + id);
  return std::move(found.front());
}

std::string shown(std::string_view text) {
  return util::escape(util::unescape(text), std::string::npos);
}

}  // namespace dropwarden::cli
