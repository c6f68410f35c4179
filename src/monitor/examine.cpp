// SPDX-License-Identifier: Apache-2.0
#include "examine.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <span>
#include <string_view>

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

constexpr std::uint32_t execute_bits = 0111;

sys::Result<FilePath> read_path(int fd, std::uint32_t links) {
  const auto link = sys::read_descriptor_path(fd);
  // A container gets there step by step (chdir(2)). The file is told of, and a scan will say where it lies.
  if (!link && link.error().number == ENAMETOOLONG) return FilePath{{}, model::PathState::too_long};
  if (!link) return std::unexpected(link.error());
  return parse_descriptor_link(*link, links);
}

std::string_view last_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

// A name is looked up only for registrations that ask for one.
std::string name_for(int fd, std::uint32_t links, std::span<const classify::RegistrationRule> registrations) {
  if (!classify::has_extension_rule(registrations)) return {};
  const auto path = read_path(fd, links);
  return path ? std::string(last_name(path->path)) : std::string{};
}

// VFS_CAP_REVISION_3 takes 24 bytes; what is longer is none that execve(2) takes, and there all the same.
std::optional<bool> read_has_capabilities(int fd) {
  constexpr std::size_t max_bytes = 64;
  const auto value = sys::read_attribute(fd, "security.capability", max_bytes);
  if (!value) return value.error().number == ERANGE ? std::optional(true) : std::nullopt;
  return value->has_value();
}

struct Beginning {
  std::span<const std::byte> bytes;
  std::optional<sys::FileShape> shape;  // where it was asked for
};

// That a file ends here its size says, which most must be asked for anyhow, and not another read.
sys::Result<Beginning> read_beginning(int fd, std::span<std::byte> into) noexcept {
  auto got = sys::read_once_at(fd, into, 0);
  if (!got) return std::unexpected(got.error());
  if (*got == 0 || *got == into.size()) return Beginning{.bytes = into.first(*got), .shape = {}};
  const auto shape = sys::read_shape(fd);
  if (!shape) return std::unexpected(shape.error());
  // A server (FUSE) gave less than there is, or it is being written.
  if (*got != shape->size) got = sys::read_at(fd, into, 0);
  if (!got) return std::unexpected(got.error());
  return Beginning{.bytes = into.first(*got), .shape = *shape};
}

}  // namespace

sys::Result<bool> is_candidate(int fd, std::span<std::byte> first,
                               std::span<const classify::RegistrationRule> registrations,
                               bool is_executed) noexcept {
  const auto beginning = read_beginning(fd, first);
  if (!beginning) return std::unexpected(beginning.error());
  const auto read = beginning->bytes;
  if (classify::looks_executable(read)) return true;
  if (!registrations.empty() && !read.empty()) {
    const std::string name = name_for(fd, 1, registrations);
    if (classify::find_registration(registrations, read, name) != nullptr) return true;
  }
  if (!classify::looks_like_text(read) && !(is_executed && classify::runs_as_text(read))) return false;
  const auto shape = beginning->shape ? sys::Result<sys::FileShape>(*beginning->shape) : sys::read_shape(fd);
  if (!shape) return std::unexpected(shape.error());
  return (shape->mode & execute_bits) != 0;
}

std::variant<model::Disposition, Hit> examine(int fd, const std::optional<policy::Kinds>& wanted,
                                              std::span<const classify::RegistrationRule> registrations,
                                              const std::optional<std::string>& known_path,
                                              bool is_executed) {
  std::array<std::byte, classify::head_bytes> head;
  const auto got = sys::read_at(fd, head, 0);
  if (!got) return disposition_of(got.error());
  // A lower layer of the overlay would be asked as well, and may never answer.
  const auto status = sys::read_cached_status(fd);
  if (!status) return disposition_of(status.error());
  const std::string name =
      known_path ? std::string(last_name(*known_path)) : name_for(fd, status->links, registrations);
  const auto read_part = [fd](std::uint64_t offset, std::span<std::byte> into) {
    return sys::read_at(fd, into, offset).value_or(0);
  };
  auto kind = classify::classify_file({.size = status->size,
                                       .is_executable = (status->mode & execute_bits) != 0,
                                       .is_executed = is_executed,
                                       .name = name,
                                       .registrations = registrations},
                                      std::span(head).first(*got), read_part);
  if (wanted && (!kind || !policy::is_wanted(*kind, *wanted))) return model::Disposition::not_executable;

  const auto file_system = sys::read_file_system_status(fd);
  if (!file_system) return disposition_of(file_system.error());
  const auto named_at =
      known_path ? std::chrono::steady_clock::time_point{} : std::chrono::steady_clock::now();
  auto path = known_path ? FilePath{*known_path, model::PathState::live} : read_path(fd, status->links);
  if (!path) return disposition_of(path.error());

  Hit hit;
  hit.file.path = std::move(path->path);
  hit.file.path_state = path->state;
  hit.file.named_at = named_at;
  hit.file.kind = std::move(kind);
  hit.file.size = status->size;
  hit.file.mode = status->mode;
  hit.file.uid = status->uid;
  hit.file.has_capabilities = read_has_capabilities(fd);
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
  hit.links = hit.file.links = status->links;
  return hit;
}

}  // namespace dropwarden::monitor
