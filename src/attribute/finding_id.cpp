// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/attribute/finding_id.hpp"

#include <algorithm>
#include <span>

#include "field_digest.hpp"

namespace dropwarden::attribute {

std::string finding_id(const model::Finding& finding, std::string_view file_system) {
  constexpr std::size_t max_header = 32;  // sensors agree on no more
  const model::FileFacts& file = finding.event.file;
  const std::span header(finding.event.header);
  return FieldDigest()
      .add(finding.event.container.id.value)
      .add(file_system)
      .add(file.inode)
      .add(static_cast<std::uint64_t>(file.changed.time_since_epoch().count()))
      .add(file.size)
      .add(header.first(std::min(header.size(), max_header)))
      .half();
}

std::string other_content_id(const Digest& id, const Digest& content) {
  return FieldDigest().add(std::span<const std::byte>(id)).add(std::span<const std::byte>(content)).half();
}

std::string summary_id(const model::Finding& summary) {
  return FieldDigest()
      .add(summary.event.container.id.value)
      .add("summary")
      .add(static_cast<std::uint64_t>(summary.decision.severity))
      .add(static_cast<std::uint64_t>(summary.event.time.time_since_epoch().count()))
      .half();
}

}  // namespace dropwarden::attribute
