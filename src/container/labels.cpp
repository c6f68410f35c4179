// SPDX-License-Identifier: Apache-2.0
#include "labels.hpp"

namespace dropwarden::container {

KeptLabels keep_labels(const std::map<std::string_view, std::string_view>& all) {
  KeptLabels kept;
  std::size_t bytes = 0;
  for (const auto& [key, whole_value] : all) {
    const std::string_view value = whole_value.substr(0, max_label_bytes);
    const std::size_t size = key.size() + value.size();
    const bool fits =
        kept.labels.size() < max_labels && key.size() <= max_label_bytes && size <= max_labels_bytes - bytes;
    if (!fits || value.size() < whole_value.size()) ++kept.cut;
    if (!fits) continue;
    bytes += size;
    kept.labels.emplace(key, value);
  }
  return kept;
}

}  // namespace dropwarden::container
