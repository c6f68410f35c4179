// SPDX-License-Identifier: Apache-2.0
#include "elf_defects.hpp"

#include <elf.h>

#include "bytes.hpp"

namespace dropwarden::classify {
namespace {

bool is_loaded(std::optional<std::uint16_t> type) noexcept {
  return type == ET_EXEC || type == ET_DYN;
}

}  // namespace

std::vector<model::ElfDefect> find_defects(const FileBytes& file, ElfReading reading,
                                           const Segments& segments,
                                           std::optional<std::string_view> interpreter,
                                           const Sections& sections) {
  using Defect = model::ElfDefect;
  const auto head = file.head();
  const auto ident = [&](std::size_t index) { return read_number(head, index, 1, true); };
  // What no class fits is measured by the smaller header.
  const std::size_t size = reading.layout == nullptr ? sizeof(Elf32_Ehdr) : reading.layout->header_size;
  if (head.size() < size) return {Defect::truncated};

  std::vector<Defect> defects;
  const auto add_if = [&](bool is_wrong, Defect defect) {
    if (is_wrong) defects.push_back(defect);
  };
  const auto type = reading.half(head, offsetof(Elf64_Ehdr, e_type));
  const bool needs_headers = is_loaded(type) || segments.count > 0;
  add_if(reading.layout != nullptr && needs_headers && !segments.is_table_valid, Defect::program_headers);
  add_if(interpreter && interpreter->empty(), Defect::interpreter);
  add_if(segments.has_more_in_file_than_in_memory, Defect::segment);
  const bool is_class_true = reading.layout != nullptr && ident(EI_CLASS) == reading.layout->class_byte;
  add_if(!is_class_true, Defect::class_byte);
  add_if(ident(EI_DATA) != (reading.is_little_endian ? ELFDATA2LSB : ELFDATA2MSB), Defect::byte_order);
  const auto stated_version = reading.number(head, offsetof(Elf64_Ehdr, e_version));
  add_if(ident(EI_VERSION) != EV_CURRENT || stated_version != EV_CURRENT, Defect::version);
  if (reading.layout == nullptr) return defects;
  const auto stated_size = reading.half(head, reading.layout->header_ehsize);
  add_if(stated_size != reading.layout->header_size, Defect::header_size);
  // A core dump that a limit cut is no lie.
  add_if(segments.has_bytes_past_the_end && type != ET_CORE, Defect::segment_past_the_end);
  add_if(!sections.is_table_valid, Defect::section_headers);
  return defects;
}

}  // namespace dropwarden::classify
