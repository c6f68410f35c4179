// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dropwarden/classify/classify.hpp"

namespace dropwarden::classify {

// Exactly as many bytes as there are, on the heap, so that the address sanitizer sees a read past the end.
using Bytes = std::vector<std::byte>;

inline Bytes to_bytes(std::string_view text) {
  Bytes bytes(text.size());
  std::transform(text.begin(), text.end(), bytes.begin(), [](char c) { return static_cast<std::byte>(c); });
  return bytes;
}

inline Bytes read_part(const std::filesystem::path& file, std::uint64_t offset, std::size_t length) {
  std::ifstream in(file, std::ios::binary);
  std::string text(length, '\0');
  in.seekg(static_cast<std::streamoff>(offset));
  in.read(text.data(), static_cast<std::streamsize>(length));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return to_bytes(text);
}

// Classifies `content` as a file, read by the part.
inline std::optional<model::FileKind> classify_content(std::string_view content, FileInfo info = {}) {
  const Bytes bytes = to_bytes(content);
  info.size = bytes.size();
  const auto head = std::span(bytes).first(std::min(bytes.size(), head_bytes));
  return classify_file(info, head, [&](std::uint64_t offset, std::span<std::byte> into) {
    if (offset >= bytes.size()) return std::size_t{0};
    const auto got = std::span(bytes).subspan(offset).first(std::min(into.size(), bytes.size() - offset));
    std::copy(got.begin(), got.end(), into.begin());
    return got.size();
  });
}

// Classifies a file of this machine.
inline std::optional<model::FileKind> classify_path(const std::filesystem::path& file) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  if (error) return std::nullopt;
  const auto mode = std::filesystem::status(file, error).permissions();
  constexpr auto execute_bits = static_cast<std::filesystem::perms>(0111);
  const bool is_executable = (mode & execute_bits) != std::filesystem::perms::none;
  const Bytes head = read_part(file, 0, head_bytes);
  return classify_file({.size = size, .is_executable = is_executable}, head,
                       [&](std::uint64_t offset, std::span<std::byte> into) {
                         const Bytes part = read_part(file, offset, into.size());
                         std::copy(part.begin(), part.end(), into.begin());
                         return part.size();
                       });
}

}  // namespace dropwarden::classify
