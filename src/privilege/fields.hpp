// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <tuple>
#include <type_traits>

#include "dropwarden/privilege/guard.hpp"
#include "dropwarden/privilege/link.hpp"
#include "dropwarden/privilege/privilege.hpp"

namespace dropwarden::privilege {

// What the structs of Privilege and of the link consist of, said once for both directions of the channel.
template <class S, class T>
concept Is = std::same_as<std::remove_const_t<S>, T>;

constexpr auto fields_of(Is<MountPoint> auto& s) {
  return std::tie(s.path);
}
constexpr auto fields_of(Is<ProcessRoot> auto& s) {
  return std::tie(s.pid);
}
constexpr auto fields_of(Is<DirectoryIdentity> auto& s) {
  return std::tie(s.device_major, s.device_minor, s.inode);
}
constexpr auto fields_of(Is<RootIdentity> auto& s) {
  return std::tie(s.mount_id, s.device_major, s.device_minor, s.file_system_type, s.file_system_id,
                  s.belongs_to_others, s.upper);
}
constexpr auto fields_of(Is<ContainerMount> auto& s) {
  return std::tie(s.path, s.mount_id, s.type, s.type_magic, s.is_whole_file_system);
}
constexpr auto fields_of(Is<HostMount> auto& s) {
  return std::tie(s.path, s.mount_id, s.type);
}
constexpr auto fields_of(Is<HandleMask> auto& s) {
  return std::tie(s.wanted, s.unwanted);
}
constexpr auto fields_of(Is<UpperEvents> auto& s) {
  return std::tie(s.has_names, s.has_writes);
}
constexpr auto fields_of(Is<RegistrationFile> auto& s) {
  return std::tie(s.name, s.text);
}
constexpr auto fields_of(Is<ProcessTexts> auto& s) {
  return std::tie(s.pid, s.files);
}
constexpr auto fields_of(Is<OverlayAttributes> auto& s) {
  return std::tie(s.metacopy, s.opaque, s.redirect, s.whiteout);
}
constexpr auto fields_of(Is<LayerEntry> auto& s) {
  return std::tie(s.file, s.attributes);
}
constexpr auto fields_of(Is<TreePlace> auto& s) {
  return std::tie(s.directory, s.mount_id);
}
constexpr auto fields_of(Is<Tree> auto& s) {
  return std::tie(s.top, s.way);
}
constexpr auto fields_of(Is<RuntimeGrant> auto& s) {
  return std::tie(s.socket, s.protocol);
}
constexpr auto fields_of(Is<OutputGrants> auto& s) {
  return std::tie(s.files, s.readable, s.has_network, s.tcp_ports);
}
constexpr auto fields_of(Is<Grants> auto& s) {
  return std::tie(s.runtimes, s.control_socket, s.store, s.captures, s.metrics, s.outputs);
}
// The lanes go beside the bytes.
constexpr auto fields_of(Is<LinkMessage> auto& s) {
  return std::tie(s.kind, s.number, s.grants);
}
constexpr auto fields_of(Is<sys::Error> auto& s) {
  return std::tie(s.call, s.object, s.number);
}

// How many values an enumeration has, from 0 on: another number is malformed.
template <class E>
constexpr unsigned count_of = 0;
template <>
inline constexpr unsigned count_of<LinkKind> = static_cast<unsigned>(LinkKind::stuck) + 1;
template <>
inline constexpr unsigned count_of<RuntimeProtocol> = static_cast<unsigned>(RuntimeProtocol::grpc) + 1;
template <>
inline constexpr unsigned count_of<ProcessFile> = static_cast<unsigned>(ProcessFile::user_namespace) + 1;
template <>
inline constexpr unsigned count_of<AttributeSpace> = static_cast<unsigned>(AttributeSpace::user) + 1;

}  // namespace dropwarden::privilege
