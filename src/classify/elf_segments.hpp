// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "elf_layout.hpp"
#include "file_bytes.hpp"

namespace dropwarden::classify {

// A part of the file that a program header names.
struct Segment {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;  // in the file
};

// What the program headers tell, as far as they were read.
struct Segments {
  std::uint64_t count = 0;  // as the header says
  std::uint64_t end = 0;    // of the table, in the file
  bool are_complete = false;
  bool is_table_valid = false;  // its size is one that the kernel takes, and it lies in the file
  std::optional<Segment> interpreter;
  std::optional<Segment> dynamic;
  bool has_more_in_file_than_in_memory = false;
  bool has_bytes_past_the_end = false;
  bool has_writable_code = false;
};

// Wants the table where it lies past the head. `reading.layout` may be null.
Segments read_segments(FileBytes& file, ElfReading reading) noexcept;

// The path in PT_INTERP. Nothing while it is not read; empty when the kernel would refuse it
// (load_elf_binary).
std::optional<std::string_view> read_interpreter(FileBytes& file, const Segment& segment) noexcept;

// Whether the dynamic section marks a program (DF_1_PIE); nothing while it is not read.
std::optional<bool> read_pie_flag(FileBytes& file, ElfReading reading, const Segment& section) noexcept;

}  // namespace dropwarden::classify
