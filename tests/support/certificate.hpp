// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace dropwarden::test {

struct PemFiles {
  std::string authority, certificate, key;  // texts
};

// Of an authority that is its own server, `localhost` and 127.0.0.1, made by openssl(1). Throws
// std::runtime_error.
PemFiles make_certificate();

}  // namespace dropwarden::test
