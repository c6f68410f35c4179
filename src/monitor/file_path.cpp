// SPDX-License-Identifier: Apache-2.0
#include "file_path.hpp"

#include "dropwarden/util/text.hpp"

namespace dropwarden::monitor {
namespace {

constexpr std::string_view deleted_suffix = " (deleted)";

// The kernel names the dentry of an O_TMPFILE `#<inode>`: d_tmpfile(), fs/dcache.c.
bool is_temporary_name(std::string_view path) {
  const auto name = path.substr(path.rfind('/') + 1);
  return name.size() > 1 && name[0] == '#' && util::parse_number<std::uint64_t>(name.substr(1)).has_value();
}

}  // namespace

FilePath parse_descriptor_link(std::string_view link, std::uint32_t links) {
  if (!link.ends_with(deleted_suffix)) return {std::string(link), model::PathState::live};
  const auto name = link.substr(0, link.size() - deleted_suffix.size());
  if (is_temporary_name(name)) return {std::string(name), model::PathState::unnamed};
  if (links == 0) return {std::string(name), model::PathState::deleted};
  return {std::string(link), model::PathState::live};
}

}  // namespace dropwarden::monitor
