// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/attribute/drop_key.hpp"

#include "dropwarden/util/text.hpp"

#include "field_digest.hpp"

namespace dropwarden::attribute {

Digest place_digest(const model::Finding& finding, std::string_view file_system) {
  FieldDigest digest;
  digest.add(finding.event.container.id.value).add(file_system).add(finding.event.file.inode);
  return parse_id(digest.half());
}

std::optional<Digest> content_digest(const model::Finding& finding) {
  const model::FileFacts& file = finding.event.file;
  FieldDigest digest;
  // What was read while only the ctime moved is as good here: it says what the bytes were when they were
  // read.
  const bool is_read = !file.sha256.read.empty();
  const auto status = is_read ? model::HashStatus::done : file.sha256.status;
  digest.add(std::string_view(name_of(status))).add(file.size);
  if (status == model::HashStatus::done) {
    const std::string& value = is_read ? file.sha256.read : file.sha256.value;
    return parse_id(digest.add(std::string_view(value)).half());
  }
  if (file.sha256.status != model::HashStatus::too_large) return std::nullopt;
  digest.add(static_cast<std::uint64_t>(file.modified.time_since_epoch().count()));
  return parse_id(digest.add(std::span<const std::byte>(finding.event.header)).half());
}

Digest parse_id(std::string_view id) {
  Digest digest{};
  if (id.size() != 2 * digest.size()) return {};
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const auto byte = util::parse_number<unsigned char>(id.substr(2 * i, 2), 16);
    if (!byte) return {};
    digest[i] = std::byte{*byte};
  }
  return digest;
}

}  // namespace dropwarden::attribute
