// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/classify/classify.hpp"

#include <algorithm>
#include <array>

#include "ape.hpp"
#include "archive.hpp"
#include "bflt.hpp"
#include "bytes.hpp"
#include "elf.hpp"
#include "file_bytes.hpp"
#include "jar.hpp"
#include "java_class.hpp"
#include "mach_o.hpp"
#include "pe.hpp"
#include "python_bytecode.hpp"
#include "script.hpp"
#include "wasm.hpp"

namespace dropwarden::classify {
namespace {

using Bytes = std::span<const std::byte>;
using model::Format;

std::optional<model::FileKind> kind_of_format(Format format) {
  model::FileKind kind;
  kind.format = format;
  return kind;
}

// A kind whose facts are in `member`, when there are any.
template <class Facts>
std::optional<model::FileKind> kind_of(Format format, std::optional<Facts> model::FileKind::* member,
                                       std::optional<Facts> facts) {
  if (!facts) return std::nullopt;
  auto kind = kind_of_format(format);
  (*kind).*member = std::move(facts);
  return kind;
}

// By magic numbers. An APE is a PE, too, so it comes first.
std::optional<model::FileKind> read_format(FileBytes& file) {
  const Bytes head = file.head();
  using Kind = model::FileKind;
  if (is_elf(head)) return kind_of(Format::elf, &Kind::elf, std::optional(read_elf_facts(file)));
  if (has_script_magic(head)) return kind_of(Format::script, &Kind::script, read_script_facts(head));
  if (is_ape(head)) return kind_of(Format::ape, &Kind::ape, std::optional(read_ape_facts(head)));
  if (has_dos_magic(head)) return kind_of(Format::pe, &Kind::pe, read_pe_facts(file));
  if (is_mach_o(head)) return kind_of(Format::mach_o, &Kind::mach_o, std::optional(read_mach_o_facts(head)));
  if (has_zip_magic(head)) return kind_of(Format::jar, &Kind::jar, read_jar_facts(file));
  if (is_python_bytecode(head)) {
    return kind_of(Format::python_bytecode, &Kind::python_bytecode, std::optional(read_python_facts(head)));
  }
  if (is_archive(head))
    return kind_of(Format::archive, &Kind::archive, std::optional(read_archive_facts(head)));
  if (auto kind = kind_of(Format::java_class, &Kind::java_class, read_java_class_facts(head))) return kind;
  if (auto kind = kind_of(Format::wasm, &Kind::wasm, read_wasm_facts(head))) return kind;
  return kind_of(Format::bflt, &Kind::bflt, read_bflt_facts(head));
}

}  // namespace

bool looks_executable(Bytes first) noexcept {
  return is_elf(first) || has_script_magic(first) || has_dos_magic(first) || is_ape(first) ||
         is_mach_o(first) || has_zip_magic(first) || is_python_bytecode(first) || is_archive(first) ||
         read_java_class_facts(first) || read_wasm_facts(first) || read_bflt_facts(first);
}

Classification classify_parts(const FileInfo& file, std::span<const Part> parts) {
  FileBytes bytes(file.size, parts);
  const Bytes first = slice(bytes.head(), 0, first_bytes);
  Classification result;
  result.kind = read_format(bytes);
  result.wanted = bytes.wanted();
  const RegistrationRule* rule = find_registration(file.registrations, first, file.name);
  if (!result.kind && rule != nullptr) result.kind = kind_of_format(Format::binfmt_misc);
  const bool is_text = looks_like_text(first) || (file.is_executed && runs_as_text(first));
  if (!result.kind && file.is_executable && is_text) result.kind = kind_of_format(Format::executable_text);
  if (result.kind && rule != nullptr) result.kind->registration = rule->registration;
  return result;
}

std::optional<model::FileKind> classify_file(const FileInfo& file, Bytes head, const ReadAt& read_at) {
  std::array<std::array<std::byte, part_bytes>, max_parts - 1> buffers;
  std::array<Part, max_parts> parts;
  parts[0] = {.asked = {.offset = 0, .length = head_bytes}, .bytes = head};
  for (std::size_t count = 1;; ++count) {
    auto result = classify_parts(file, std::span(parts).first(count));
    if (!result.wanted || count == max_parts) return std::move(result.kind);
    const auto into = std::span(buffers.at(count - 1)).first(std::min(result.wanted->length, part_bytes));
    const std::size_t got = std::min(read_at(result.wanted->offset, into), into.size());
    parts.at(count) = {.asked = *result.wanted, .bytes = into.first(got)};
  }
}

std::optional<model::FileKind> classify_header(Bytes head) {
  const std::array parts{Part{.asked = {.offset = 0, .length = head.size()}, .bytes = head}};
  return classify_parts({.size = head.size()}, parts).kind;
}

}  // namespace dropwarden::classify
