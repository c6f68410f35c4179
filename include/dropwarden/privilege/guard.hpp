// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

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
  std::string store;          // file of the database; empty: there is none
  std::string captures;       // directory of copies; empty: there is none
  std::string metrics;        // address that pages are served at; empty: none
  std::string own_directory;  // below which something may be mounted; empty: nothing may
  OutputGrants outputs;

  friend bool operator==(const Grants&, const Grants&) = default;
};

// `privilege` for one who is not trusted: each request is checked before it is done, against what is written
// here and not against what the request says. EPERM for what is refused.
//
// - Groups are only for notification, and their files for reading; a descriptor that is to be marked for is
// an
//   fanotify group, and no mask has a permission event: nothing can be held up by it.
// - File systems that are marked are of types whose files are the kernel's business alone: no FUSE, no
// network.
// - Handles are opened on mounts that were opened for it.
// - What is opened to be read is a regular file or a directory; of files that are named by their paths, only
//   those that the configuration names for outputs.
// - Sockets are those of the configured runtimes, and not handed over: what is asked there goes through the
//   marker, which passes on the requests of its own list, and the answers as they are.
// - Mounts are made below `own_directory`, and only those are unmounted.
std::unique_ptr<Privilege> make_guarded(std::unique_ptr<Privilege> privilege, Grants grants);

}  // namespace dropwarden::privilege
