// SPDX-License-Identifier: Apache-2.0
#include "support/archive.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <numeric>
#include <stdexcept>

namespace dropwarden::test {
namespace {

constexpr std::size_t block_size = 512;

// The header block of POSIX.1-1988: numbers are octal text.
struct Header {
  std::array<char, 100> name{};
  std::array<char, 8> mode{};
  std::array<char, 8> uid{};
  std::array<char, 8> gid{};
  std::array<char, 12> size{};
  std::array<char, 12> modified{};
  std::array<char, 8> checksum{};
  char type = 0;
  std::array<char, 100> link_target{};
  std::array<char, 6> magic{'u', 's', 't', 'a', 'r', '\0'};
  std::array<char, 2> version{'0', '0'};
  std::array<char, 247> rest{};
};
static_assert(sizeof(Header) == block_size);

template <std::size_t size>
void put_text(std::array<char, size>& field, std::string_view text) {
  if (text.size() > size) throw std::length_error("too long for a tar header: " + std::string(text));
  std::copy(text.begin(), text.end(), field.begin());
}

template <std::size_t size>
void put_octal(std::array<char, size>& field, std::size_t number) {
  // The last byte stays 0.
  for (auto digit = field.rbegin() + 1; digit != field.rend(); ++digit) {
    *digit = static_cast<char>('0' + number % 8);
    number /= 8;
  }
}

}  // namespace

void Archive::add_directory(std::string_view name, unsigned mode) {
  add(std::string(name) + "/", '5', mode, {}, {});
}

void Archive::add_file(std::string_view name, std::string_view content, unsigned mode) {
  add(name, '0', mode, {}, content);
}

void Archive::add_link(std::string_view name, std::string_view target) {
  add(name, '2', 0777, target, {});
}

std::string Archive::bytes() const {
  return bytes_ + std::string(2 * block_size, '\0');
}

void Archive::add(std::string_view name, char type, unsigned mode, std::string_view target,
                  std::string_view content) {
  Header header;
  put_text(header.name, name);
  put_octal(header.mode, mode);
  put_octal(header.uid, 0);
  put_octal(header.gid, 0);
  put_octal(header.size, content.size());
  put_octal(header.modified, 0);
  header.type = type;
  put_text(header.link_target, target);
  // The sum is over the header with blanks in the place of the sum.
  header.checksum.fill(' ');
  std::array<unsigned char, block_size> block{};
  std::memcpy(block.data(), &header, block_size);
  const auto sum = std::accumulate(block.begin(), block.end(), std::size_t{0});
  put_octal(header.checksum, sum);
  bytes_.append(reinterpret_cast<const char*>(&header), block_size);
  bytes_.append(content);
  bytes_.append((block_size - content.size() % block_size) % block_size, '\0');
}

}  // namespace dropwarden::test
