// SPDX-License-Identifier: Apache-2.0
#include "support/sha256.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <stdexcept>

#include <openssl/evp.h>

#include "dropwarden/util/encode.hpp"

namespace dropwarden::test {

std::string sha256(std::string_view bytes) {
  std::array<unsigned char, 32> digest{};
  if (::EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, ::EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("EVP_Digest failed");
  }
  return util::hex(std::as_bytes(std::span(digest)));
}

}  // namespace dropwarden::test
