// SPDX-License-Identifier: Apache-2.0
#include "examine.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include "dropwarden/classify/classify.hpp"
#include "dropwarden/sys/file.hpp"

#include "file_path.hpp"

namespace dropwarden::monitor {
namespace {

constexpr std::size_t header_in_finding = 32;

model::Disposition disposition_of(const sys::Error& error) {
  return error.number == ESTALE || error.number == ENOENT ? model::Disposition::vanished
                                                          : model::Disposition::unreadable;
}

}  // namespace

sys::Result<bool> is_candidate(int fd, std::span<std::byte> first) noexcept {
  const auto got = sys::read_at(fd, first, 0);
  if (!got) return std::unexpected(got.error());
  return classify::looks_executable(first.first(*got));
}

std::variant<model::Disposition, Hit> examine(int fd, const std::optional<policy::Kinds>& wanted) {
  std::array<std::byte, classify::head_bytes> head;
  const auto got = sys::read_at(fd, head, 0);
  if (!got) return disposition_of(got.error());
  const auto read_head = std::span(head).first(*got);
  // Only its dynamic section tells a static PIE from a library.
  std::array<std::byte, classify::head_bytes> dynamic;
  std::size_t dynamic_size = 0;
  if (const auto extent = classify::dynamic_section_past(read_head)) {
    const auto wanted_part = std::span(dynamic).first(std::min(extent->length, dynamic.size()));
    dynamic_size = sys::read_at(fd, wanted_part, extent->offset).value_or(0);
  }
  auto kind = classify::classify_header(read_head, std::span(dynamic).first(dynamic_size));
  if (wanted && (!kind || !policy::is_wanted(*kind, *wanted))) return model::Disposition::not_executable;

  const auto status = sys::read_status(fd);
  if (!status) return disposition_of(status.error());
  const auto file_system = sys::read_file_system_status(fd);
  if (!file_system) return disposition_of(file_system.error());
  const auto link = sys::read_descriptor_path(fd);
  if (!link) return disposition_of(link.error());
  auto path = parse_descriptor_link(*link, status->links);

  Hit hit;
  hit.file.path = std::move(path.path);
  hit.file.path_state = path.state;
  hit.file.kind = std::move(kind);
  hit.file.size = status->size;
  hit.file.mode = status->mode;
  hit.file.uid = status->uid;
  hit.file.gid = status->gid;
  hit.file.modified = status->modified;
  hit.file.changed = status->changed;
  hit.file.inode = status->inode;
  hit.file.device = {status->device_major, status->device_minor};
  hit.header.assign(head.begin(),
                    head.begin() + static_cast<std::ptrdiff_t>(std::min(*got, header_in_finding)));
  hit.identity = {.device = hit.file.device,
                  .file_system = {file_system->id},
                  .mount = {status->mount_id},
                  .type = file_system->type};
  hit.links = status->links;
  return hit;
}

}  // namespace dropwarden::monitor
