// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dropwarden/privilege/places.hpp"
#include "dropwarden/privilege/privilege.hpp"

namespace dropwarden::privilege {

// A runtime, and what it speaks.
enum class RuntimeProtocol { docker, grpc };
struct RuntimeGrant {
  std::string socket;
  RuntimeProtocol protocol = RuntimeProtocol::grpc;

  friend bool operator==(const RuntimeGrant&, const RuntimeGrant&) = default;
};

// What outputs need of the machine.
struct OutputGrants {
  std::vector<std::string> files;     // are written: their directories are the monitor's
  std::vector<std::string> readable;  // are read for it: certificates, keys, headers
  // Whether it may have sockets of the Internet, and to which TCP ports those may connect.
  bool has_network = false;
  std::vector<std::uint16_t> tcp_ports;

  friend bool operator==(const OutputGrants&, const OutputGrants&) = default;
};

// What the operator's configuration allows the marker and the monitor, beyond what each is allowed by itself.
struct Grants {
  std::vector<RuntimeGrant> runtimes;  // may be asked
  std::string control_socket;
  std::string store;     // file of the database; empty: there is none
  std::string captures;  // directory of copies; empty: there is none
  std::string metrics;   // address that pages are served at; empty: none
  OutputGrants outputs;

  friend bool operator==(const Grants&, const Grants&) = default;
};

// `privilege` for one who is not trusted: each request is checked before it is done, against what is written
// here and what the marker reads itself, and not against what the request says. EPERM for what is refused.
//
// - Groups are only for notification, and their files for reading; a descriptor that is to be marked for has
//   to be such a group, and no mask has a permission event: nothing can be held up by it.
// - Only a group that tells of files by their handles marks a file system of the host. One that opens them
//   marks overlays of containers and what processes of containers show, a whole file system only where the
//   host does not use it too: its events are files to be read.
// - File systems that are marked are of types whose files are the kernel's business alone: no FUSE, no
//   network.
// - Handles are opened on mounts that were opened for it, and of what lies in no place the path is told, no
//   more.
// - What is opened is in one of `places`, O_PATH descriptors too: to open by a descriptor what lies below it,
//   or what it stands for (/proc/self/fd), nobody needs the rights of the directories above. What is opened
//   to be read is a regular file or a directory, on such a file system. Of files that are named by their
//   paths, only those that the configuration names for outputs.
// - Sockets are those of the configured runtimes, and not handed over: what is asked there goes through the
//   marker, which passes on the requests of its own list, and the answers as they are.
//
// Without `places` any file counts as a container's: for `scan`, which root starts by hand, and to which a
// runtime may be the only one to tell where the layers of a stopped container are.
std::unique_ptr<Privilege> make_guarded(std::unique_ptr<Privilege> privilege, Grants grants,
                                        std::unique_ptr<Places> places);

}  // namespace dropwarden::privilege
