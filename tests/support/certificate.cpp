// SPDX-License-Identifier: Apache-2.0
#include "support/certificate.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "support/command.hpp"
#include "support/temporary_directory.hpp"

namespace dropwarden::test {
namespace {

std::string read_all(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

PemFiles make_certificate() {
  const TemporaryDirectory directory;
  const std::string certificate = directory.path() / "c.pem";
  const std::string key = directory.path() / "k.pem";
  const auto made =
      run_command({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                   "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                   "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate});
  if (!made.status.is_success()) throw std::runtime_error("openssl: " + made.error);
  return {read_all(certificate), read_all(certificate), read_all(key)};
}

}  // namespace dropwarden::test
