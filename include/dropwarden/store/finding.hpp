// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "dropwarden/util/time.hpp"

namespace dropwarden::store {

// The first half of a SHA-256.
using Digest = std::array<std::byte, 16>;

// A finding as it stands in the database, by the newest of its records. A value.
struct StoredFinding {
  std::string id;         // 32 hexadecimal digits
  Digest place{};         // of container, file system and inode
  Digest content{};       // of size and SHA-256, or what stands for it; all zeros while the hash is awaited
  std::string container;  // its ID; this and the next four escaped, and empty where they are not known
  std::string name;       // of the container
  std::string image;
  std::string pod;
  std::string name_space;  // of the pod
  std::string file_system;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;  // bytes
  util::WallTime modified;
  std::string sha256;              // 64 hexadecimal digits, or empty
  std::string path;                // in the container, escaped
  std::string path_state;          // as findings print it
  std::uint32_t mode = 0;          // type and permission bits
  std::string detected_by;         // as findings print it
  std::string kind;                // likewise, of the file
  unsigned severity = 2;           // as the native format prints it
  std::string decision = "shown";  // of the policy: `shown`, `excepted` or `held_back`
  std::string exception;           // name of the one that covers it, or empty
  unsigned revision = 1;
  bool is_final = false;
  // No output takes this record, so it waits for none: once an earlier one is told, so is this.
  bool is_unwanted = false;
  util::WallTime seen;  // when this record was made
  std::string record;   // in the native format
};

// By which a drop that was moved is known from one that was not; never 0. `path` is that of the row. Pure.
std::uint32_t path_hash(std::string_view path);

// What is known of a finding that some output has told, or that the policy does not show: all that it takes
// to know its file again.
struct KnownFinding {
  Digest id{};
  Digest place{};
  Digest content{};
  unsigned told = 1;               // the newest revision that was told, is at the start, or would have been
  std::uint32_t path = 0;          // path_hash; 0: not known
  std::string decision = "shown";  // as in StoredFinding; what was told is shown
  std::string exception{};         // likewise

  friend bool operator==(const KnownFinding&, const KnownFinding&) = default;
};

// What the policy has held back of one container and severity, and no summary that an output has written has
// told. The text is that of the newest finding, as in StoredFinding.
struct HeldBack {
  std::string container;
  std::string name;
  std::string image;
  std::string pod;
  std::string name_space;
  unsigned severity = 2;
  std::uint64_t count = 0;  // a finding of which a further record came after its summary is counted again
};

// A finding of which the last word was not written when the daemon ended: its newest record, or that nothing
// more is awaited.
struct UnfinishedFinding {
  std::string id;
  KnownFinding known;     // `told` is 0 when no output has written any record of it
  unsigned revision = 1;  // of `record`
  bool is_final = false;  // its status
  std::string record;     // in the native format
};

}  // namespace dropwarden::store
