// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

// OpenSSL's digest context, EVP_DigestInit(3).
struct evp_md_ctx_st;

namespace dropwarden::attribute {

// SHA-256 over what is added piece by piece. The only allocation is in the constructor. Throws
// std::runtime_error when libcrypto cannot serve it.
class Sha256 {
 public:
  Sha256();
  void add(std::span<const std::byte> bytes);
  // 64 hexadecimal digits; nothing may be added afterwards.
  std::string digest();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

}  // namespace dropwarden::attribute
