// SPDX-License-Identifier: Apache-2.0
#include "support/container_report.hpp"

namespace dropwarden::test {

boost::json::array mounts_of(const Record& report, std::string_view container_id) {
  for (const auto& container : report.at("containers").as_array()) {
    if (text_at(container, "/id") == container_id) return container.at("mounts").as_array();
  }
  return {};
}

}  // namespace dropwarden::test
