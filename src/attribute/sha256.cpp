// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/attribute/sha256.hpp"

#include <array>
#include <stdexcept>

#include <openssl/evp.h>

#include "dropwarden/util/encode.hpp"

namespace dropwarden::attribute {
namespace {

void require(int result) {
  if (result != 1) throw std::runtime_error("libcrypto: SHA-256 is not available");
}

// Fetched once: EVP_sha256 makes the library look for its implementation at each use (crypto(7),
// Performance).
const EVP_MD* sha256() {
  static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return algorithm == nullptr ? EVP_sha256() : algorithm;
}

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (!context_) throw std::bad_alloc();
  require(EVP_DigestInit_ex(context_.get(), sha256(), nullptr));
}

void Sha256::add(std::span<const std::byte> bytes) {
  require(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
}

std::string Sha256::digest() {
  std::array<std::byte, 32> digest{};
  require(EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr));
  return util::hex(digest);
}

}  // namespace dropwarden::attribute
