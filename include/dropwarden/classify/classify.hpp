// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "dropwarden/classify/registration.hpp"
#include "dropwarden/model/file_kind.hpp"

namespace dropwarden::classify {

// How many bytes are read of every file; then, of one that may be executable, of its head; and of any further
// part, the tail among them. At most `max_parts` parts are read in all.
inline constexpr std::size_t first_bytes = 256;
inline constexpr std::size_t head_bytes = 4096;
inline constexpr std::size_t part_bytes = 4096;
inline constexpr std::size_t max_parts = 6;

// Whether a file that starts with `first` deserves a closer look, whatever its mode. Pure, no allocation:
// runs for every event.
bool looks_executable(std::span<const std::byte> first) noexcept;

// Whether `first` could be a shell's program: some text, or blanks before it, with few of the control
// characters that no text has, and no NUL in its first line. With an execute permission bit such a file runs
// without any `#!`: the kernel says ENOEXEC, and shells, execvp(3) and env(1) then read it as a program of
// sh(1). Pure, no allocation: runs for every event.
bool looks_like_text(std::span<const std::byte> first) noexcept;
// Whether a shell would read it so, however it looks: of what somebody executes.
bool runs_as_text(std::span<const std::byte> first) noexcept;

// A part of a file, in bytes.
struct Extent {
  std::uint64_t offset = 0;
  std::size_t length = 0;

  friend bool operator==(const Extent&, const Extent&) = default;
};

// Bytes that were read of a file for `asked`; fewer where the file ended, or could not be read.
struct Part {
  Extent asked;
  std::span<const std::byte> bytes;
};

// What is known of a file before its bytes are looked into.
struct FileInfo {
  std::uint64_t size = 0;      // bytes
  bool is_executable = false;  // one of the execute permission bits is set
  bool is_executed = false;    // somebody executes it
  std::string_view name{};     // the last part of its path; only needed with `has_extension_rule`
  std::span<const RegistrationRule> registrations{};
};

// What can be said with the parts that are there, and the part that would say more, if there is one: to be
// read and added, until nothing more is asked for.
struct Classification {
  std::optional<model::FileKind> kind;
  std::optional<Extent> wanted;  // within the file as `size` says, at most `part_bytes` long
};

// What a file is. The first part is its head (`head_bytes`, or all of a smaller file). Nothing when it is of
// no known format. Pure, bounds-checked: all bytes are hostile. What cut or malformed bytes do not tell stays
// unknown.
//
// A `#!` line is a script exactly where the kernel runs it, see execve(2): `#!` with no interpreter, or with
// one that does not end within 256 bytes, is ENOEXEC and so no script, but text like any other.
Classification classify_parts(const FileInfo& file, std::span<const Part> parts);

// Reads into `into` from `offset` and returns how many bytes it got: 0 at the end and when it cannot.
using ReadAt = std::function<std::size_t(std::uint64_t offset, std::span<std::byte> into)>;

// The same with reading: `head` first, which the caller has read, then what is asked for.
std::optional<model::FileKind> classify_file(const FileInfo& file, std::span<const std::byte> head,
                                             const ReadAt& read_at);

// A file of which there is no more than `head`.
std::optional<model::FileKind> classify_header(std::span<const std::byte> head);

}  // namespace dropwarden::classify
